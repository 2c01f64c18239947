/** The commands of docs/encryption.md, as they stand there, on a backup by the program that ships. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { execFileSync } from 'node:child_process';
import { DatabaseSync } from 'node:sqlite';
import type { Manifest } from '../../catalog/bucket/manifest';
import { makeDatabase } from '../cases/sqlite-sources';
import { RestoreScene } from '../restore/support';
import { sqliteJob } from '../support/job';
import { document } from './markdown';

jest.setTimeout(180_000);

const page = document('docs/encryption.md');
let scene: RestoreScene;
let folder: string;
let manifest: Manifest;

/** Types commands; those of this package and of AWS are tried in test/bin/cli and test/e2e. */
const type = (commands: string, cwd = folder): string => {
  const lines = commands.split('\n').filter((line) => !/^(npx proven-backups|aws|cd) /.test(line));
  return execFileSync('bash', ['-euo', 'pipefail', '-c', lines.join('\n')], { cwd, encoding: 'utf8', stdio: 'pipe' });
};
const fetched = (directory: string): void => {
  for (const { key } of manifest.objects) fs.writeFileSync(path.join(directory, path.basename(key)), scene.s3.get(key));
};
const rows = (file: string) => {
  const database = new DatabaseSync(file, { readOnly: true });
  const { n } = database.prepare('SELECT count(*) AS n FROM book').get()!;
  database.close();
  return n;
};

beforeAll(async () => {
  scene = await RestoreScene.start();
  folder = path.join(scene.directory, 'person');
  fs.mkdirSync(path.join(folder, 'drill'), { recursive: true });
});
afterAll(() => scene?.stop());

test('make a key, open a backup by hand, practise, and know a recipient', async () => {
  const recipient = type(page.commands('Make keys')).trim();
  expect(recipient).toMatch(/^age1[a-z0-9]{58}$/);
  const file = makeDatabase(
    path.join(scene.directory, 'shop.db'),
    'CREATE TABLE book (id); INSERT INTO book VALUES (1), (2)',
  );
  manifest = await scene.backUp({ ...sqliteJob(file, scene.place('shop')), encryptTo: [recipient] });
  fetched(folder);
  type(page.commands('By hand'));
  expect(rows(path.join(folder, 'shop.db'))).toBe(2);
  fetched(path.join(folder, 'drill'));
  expect(type(page.commands('A lost key'), path.join(folder, 'drill'))).toBe('ok\n');
  const { fingerprint } = manifest.encryption!.recipients[0]!;
  expect(type(page.commands('Replace a key'))).toBe(`${fingerprint}\n`);
});
