/** A new engine restores with nothing outside of its folder. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { build } from 'esbuild';
import type { DumpJob } from '../../catalog/contract/task';
import { ToyBox } from '../engines/toy/box';
import { KEY_ARN } from '../support/job';
import { RestoreScene } from './support';

const ROOT = path.resolve(__dirname, '../..');
const PASSWORD = 'open sesame';

let scene: RestoreScene;
let box: ToyBox;
let job: DumpJob;

beforeAll(async () => {
  [scene, box] = await Promise.all([RestoreScene.start(), ToyBox.start(PASSWORD)]);
  job = {
    ...{ action: 'dump', engine: 'toy', engineVersion: '2', keyArn: KEY_ARN, compressionLevel: 1, timeoutSeconds: 60 },
    ...scene.place('box'),
    server: { host: 'localhost', port: box.port, tls: { mode: 'off', reason: 'a box of a test' } },
  };
  const entryPoints = [path.join(ROOT, 'test/engines/toy/main.ts')];
  const outfile = path.join(scene.directory, 'main.js');
  await build({ entryPoints, outfile, bundle: true, platform: 'node', target: 'node24', format: 'cjs' });
});
afterAll(async () => {
  await Promise.allSettled([box?.stop(), scene?.stop()]);
});

test('toys that were lost are back, and what is there is kept first', async () => {
  const surroundings = { username: 'child', password: PASSWORD, main: path.join(scene.directory, 'main.js') };
  const { backupId } = await scene.backUp(job, surroundings);
  const safetyBackup = path.join(scene.directory, 'safe');
  const restore = (request = {}) => scene.restore(scene.jobOf(job), { backupId, ...request }, surroundings);
  box.toys = ['bear'];
  expect(await restore()).toMatchObject({ exit: 'targetRefused', state: 'unchanged' });
  expect(await restore({ overwrite: ['box'], safetyBackup })).toMatchObject({ exit: 'success', report: { rows: 2 } });
  expect(box.toys).toEqual(['bear', 'train']);
  const [id] = fs.readdirSync(path.join(safetyBackup, 'box'));
  const files = ['evidence.json.zst', 'manifest.json', 'toys.box.zst'];
  expect(fs.readdirSync(path.join(safetyBackup, 'box', id!)).sort()).toEqual(files);
  box.toys = [];
  expect(await restore()).toMatchObject({ exit: 'success', plan: { targets: [{ state: 'empty' }] } });
  expect(box.toys).toEqual(['bear', 'train']);
});
