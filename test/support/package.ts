import * as fs from 'node:fs';
import * as path from 'node:path';
import { ROOT } from '../emulator/emulator';
import { run } from './processes';

/** Folders that a fresh clone does not have. */
const NOT_CLONED = new Set(['.git', '.tools', '.venv', '__pycache__', 'cdk.out', 'coverage', 'dist', 'node_modules']);

/**
 * Packs the package by `npm pack` in a fresh copy of the project, where nothing is built yet, and unpacks it.
 *
 * @param directory an empty one, which gets the copy too
 * @returns the package's folder, in which `aws-cdk-lib` and `constructs` are found
 */
export async function unpackPackage(directory: string): Promise<string> {
  const copy = path.join(directory, 'copy');
  const filter = (source: string): boolean => !NOT_CLONED.has(path.basename(source));
  fs.cpSync(ROOT, copy, { recursive: true, filter });
  for (const folder of [copy, directory]) {
    fs.symlinkSync(fs.realpathSync(path.join(ROOT, 'node_modules')), path.join(folder, 'node_modules'));
  }
  const env = { ...process.env, npm_config_offline: 'true', npm_config_update_notifier: 'false' };
  await run('npm', ['pack', '--silent', '--pack-destination', directory], { cwd: copy, env });
  const [file] = fs.readdirSync(directory).filter((name) => name.endsWith('.tgz'));
  await run('tar', ['-xzf', file!], { cwd: directory });
  return path.join(directory, 'package');
}
