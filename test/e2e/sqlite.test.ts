import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Manifest } from '../../catalog/bucket/manifest';
import { differences } from '../compare/fingerprint';
import { fingerprintSqlite } from '../compare/sqlite';
import { Emulator } from '../emulator/emulator';
import { createSqliteDatabase } from '../schemas/sqlite';
import { TestBucket } from '../support/bucket';
import { sqliteJob } from '../support/job';
import { temporaryDirectory } from '../support/processes';
import { Program } from '../support/program';

jest.setTimeout(120_000);

/** A process of its own that commits row after row to `ticks` until it is stopped. */
async function startWriter(file: string): Promise<ChildProcess> {
  const script = `
    const { DatabaseSync } = require('node:sqlite');
    const database = new DatabaseSync(${JSON.stringify(file)}, { timeout: 60000 });
    const insert = database.prepare("INSERT INTO ticks VALUES ('tick')");
    setInterval(() => { for (let n = 0; n < 10; n++) insert.run(); }, 1);
    process.stdout.write('writing');`;
  const writer = spawn(process.execPath, ['--no-warnings', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(writer.stdout, 'data');
  return writer;
}

describe('a backup of SQLite', () => {
  let emulator: Emulator;
  let bucket: TestBucket;
  const directory = temporaryDirectory('sqlite');
  const scratchDirectory = path.join(directory, 'scratch');
  const file = path.join(directory, 'shop ü.db');
  let source: DatabaseSync;

  beforeAll(async () => {
    emulator = await Emulator.start();
    bucket = await TestBucket.create(emulator, 'backups');
    fs.mkdirSync(scratchDirectory);
    source = createSqliteDatabase(file);
  });
  afterAll(async () => {
    source?.close();
    await emulator?.stop();
    fs.rmSync(directory, { recursive: true, force: true });
  });

  const options = (name: string) => ({
    job: sqliteJob(file, { source: name, bucket: bucket.name, scratchDirectory }),
    aws: bucket.taskOf(name),
  });

  /** Opens the file that a backup holds, as a person who restores would. */
  async function restored(manifest: Manifest): Promise<DatabaseSync> {
    expect(manifest.objects.map(({ kind }) => kind)).toEqual(['file', 'evidence']);
    const copy = path.join(directory, 'restored.db');
    fs.writeFileSync(copy, await bucket.download(manifest.objects[0]!));
    return new DatabaseSync(copy);
  }

  test('brings every object and every byte back, those of the write-ahead log too', async () => {
    expect(fs.readFileSync(file).includes('only_in_the_log')).toBe(false);
    const result = await Program.run(options('shop'));
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    const [manifest] = await bucket.manifests('shop');
    expect(manifest).toMatchObject({
      engine: 'sqlite',
      consistency: { snapshot: 'page-copy', rowCounts: 'file' },
      objects: [
        { key: `shop/${manifest!.backupId}/shop%20%C3%BC.db.zst`, kind: 'file', format: 'sqlite' },
        { kind: 'evidence' },
      ],
    });
    const copy = await restored(manifest!);
    expect(differences(fingerprintSqlite(source), fingerprintSqlite(copy))).toEqual([]);
    const real = manifest!.tables.map(({ name }) => {
      const row = copy.prepare(`SELECT count(*) AS rows FROM "${name.replaceAll('"', '""')}"`).get();
      return { database: 'shop ü.db', name, rows: row!.rows };
    });
    expect(manifest!.tables).toEqual(real);
    expect(real.length).toBeGreaterThan(508);
    copy.close();
    expect(fs.readdirSync(scratchDirectory)).toEqual([]);
    expect(result.peakMiB).toBeLessThan(250);
  });

  test('that would fill the disk is not begun', async () => {
    const { bavail, bsize } = fs.statfsSync(scratchDirectory);
    const large = path.join(directory, 'large.db');
    new DatabaseSync(large).exec('CREATE TABLE book (a)');
    // Holes, which take no room there.
    fs.truncateSync(large, bavail * bsize - 4096);
    const job = sqliteJob(large, { source: 'large', bucket: bucket.name, scratchDirectory });
    const result = await Program.run({ job, aws: bucket.taskOf('large') });
    fs.rmSync(large);
    expect(result).toMatchObject({
      exit: 'dumpFailed',
      failure: expect.stringMatching(/ must have .* free, got: .* raise ephemeralStorageGiB, or free disk/) as string,
    });
    expect(await bucket.manifests('large')).toEqual([]);
  });

  test('shows one moment while a writer goes on', async () => {
    source.exec('CREATE TABLE ticks (a)');
    const writer = await startWriter(file);
    try {
      expect(await Program.run(options('busy'))).toMatchObject({ exit: 'success' });
    } finally {
      writer.kill('SIGKILL');
      await once(writer, 'exit');
    }
    const [manifest] = await bucket.manifests('busy');
    const copy = await restored(manifest!);
    const rows = copy.prepare('SELECT count(*) AS n FROM ticks').get()!.n;
    copy.close();
    expect(manifest!.tables.find(({ name }) => name === 'ticks')!.rows).toBe(rows);
    expect(rows).toBeGreaterThan(0);
    expect(source.prepare('SELECT count(*) AS n FROM ticks').get()!.n).toBeGreaterThan(Number(rows));
  });
});
