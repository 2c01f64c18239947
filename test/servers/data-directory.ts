import * as fs from 'node:fs';
import * as path from 'node:path';
import { run } from '../support/processes';
import type { Version } from './versions';

/** Folder for the empty data directories of a run of the tests, which its set-up makes and its end removes. */
const MODELS = process.env.TEST_MODELS;

/**
 * Makes an empty data directory: by the engine's own program the first time in a run of the tests, and as a copy of that
 * from then on, which takes a tenth of the time. Outside of a run of the tests there are no copies.
 *
 * @param data its path, where nothing is yet
 * @param make runs the program
 */
export async function makeDataDirectory(
  version: Version,
  data: string,
  make: (data: string) => Promise<unknown>,
): Promise<void> {
  if (MODELS === undefined) return void (await make(data));
  const model = path.join(MODELS, version);
  const copy = (from: string, to: string) => run('cp', ['--archive', '--sparse=always', from, to]);
  if (fs.existsSync(model)) return void (await copy(path.join(model, 'data'), data));
  // Where the server will look for it: a root may show no other folder.
  await make(data);
  const unfinished = fs.mkdtempSync(`${model}-`);
  await copy(data, path.join(unfinished, 'data'));
  try {
    fs.renameSync(unfinished, model);
  } catch {
    // Another worker was faster.
    fs.rmSync(unfinished, { recursive: true });
  }
}
