import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';
import { parseManifest, type Manifest } from '../../catalog/bucket/manifest';
import type { RestoreRequest } from '../../catalog/contract/task';
import { makeDatabase, numbers } from '../cases/sqlite-sources';
import { differences } from '../compare/fingerprint';
import { fingerprintSqlite } from '../compare/sqlite';
import { sqliteJob } from '../support/job';
import { RestoreScene } from './support';

jest.setTimeout(120_000);

const SHOP = `PRAGMA user_version = 7; CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT UNIQUE, price REAL);
  CREATE TABLE review (id INTEGER PRIMARY KEY AUTOINCREMENT, book REFERENCES book, stars INT); CREATE INDEX by_book ON review (book);
  CREATE VIEW cheap AS SELECT * FROM book WHERE price < 10; CREATE VIRTUAL TABLE words USING fts5 (title);
  CREATE TRIGGER said AFTER INSERT ON review BEGIN UPDATE book SET price = price + 1 WHERE id = new.book; END;
  ${numbers(2000)} INSERT INTO book SELECT i, 'Title ' || hex(i * 7919), i / 7.0 FROM n;
  INSERT INTO review (book, stars) SELECT id, id % 5 FROM book WHERE id % 3 = 0; INSERT INTO words SELECT title FROM book`;

describe('a database file', () => {
  let scene: RestoreScene;
  let directory: string;
  let file: string;
  let manifest: Manifest;
  let original: ReturnType<typeof fingerprintSqlite>;

  beforeAll(async () => (scene = await RestoreScene.start()));
  afterAll(() => scene?.stop());
  beforeEach(async () => {
    directory = fs.mkdtempSync(path.join(scene.directory, 'data-'));
    file = makeDatabase(path.join(directory, 'shop.db'), SHOP);
    original = fingerprintOf(file);
    manifest ??= await scene.backUp(job());
  });

  const source = 'shop';
  const job = () => sqliteJob(file, scene.place(source));
  const fingerprintOf = (path: string) => {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      return fingerprintSqlite(database);
    } finally {
      database.close();
    }
  };
  const sql = <T>(path: string, text: string): T[] => {
    const database = new DatabaseSync(path);
    try {
      return database.prepare(text).all() as T[];
    } finally {
      database.close();
    }
  };
  const restore = (request: Partial<RestoreRequest> = {}) =>
    scene.restore(scene.jobOf(job()), { backupId: manifest.backupId, ...request });
  const files = () => fs.readdirSync(directory).sort();
  const damage = () => sql(file, 'DELETE FROM review WHERE id = 1');

  test('that is gone comes back, all of it', async () => {
    fs.rmSync(file);
    const result = await restore();
    expect(result).toMatchObject({ exit: 'success', failure: '', state: undefined });
    expect(differences(original, fingerprintOf(file))).toEqual([]);
    expect(files()).toEqual(['shop.db']);
    // Nothing is there that says who may read it.
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.readdirSync(scene.scratchDirectory)).toEqual([]);
    expect(result.plan).toMatchObject({
      ...{ backupId: manifest.backupId, atomic: true, notes: [], bytes: manifest.objects[0]!.bytes },
      targets: [{ database: 'shop.db', name: 'shop.db', state: 'new', tables: 2, rows: 2666 }],
    });
    expect(result.report).toMatchObject({
      ...{ backupId: manifest.backupId, asOf: manifest.startedAt, tables: 2, rows: 2666, uncompared: [] },
      targets: [{ database: 'shop.db', name: 'shop.db' }],
    });
  });

  test('that is gone, but for the files of its WAL mode without a row in them, comes back', async () => {
    fs.rmSync(file);
    fs.writeFileSync(`${file}-shm`, Buffer.alloc(32768));
    fs.writeFileSync(`${file}-wal`, '');
    expect(await restore()).toMatchObject({ exit: 'success', failure: '', plan: { targets: [{ state: 'new' }] } });
    expect(files()).toEqual(['shop.db']);
    expect(differences(original, fingerprintOf(file))).toEqual([]);
  });

  test('that exists is not touched without a word', async () => {
    damage();
    const before = fs.readFileSync(file);
    const result = await restore();
    expect(result).toMatchObject({ exit: 'targetRefused', state: 'unchanged', reason: { kind: 'target-exists' } });
    expect(result.failure).toBe(
      'shop.db (book, cheap, review, sqlite_sequence, words) exists already, and nothing of it was touched: restore beside it with --as, or replace it with --overwrite, which makes a safety backup first',
    );
    expect(fs.readFileSync(file).equals(before)).toBe(true);
    expect(files()).toEqual(['shop.db']);
  });

  test('goes beside the original', async () => {
    damage();
    expect(await restore({ as: 'shop_restored.db' })).toMatchObject({ exit: 'success', failure: '' });
    expect(differences(original, fingerprintOf(path.join(directory, 'shop_restored.db')))).toEqual([]);
    expect(sql(file, 'SELECT count(*) AS n FROM review')).toEqual([{ n: 665 }]);
  });

  test('is replaced, with owner, mode and WAL mode of the old one, and none of its journals', async () => {
    sql(file, 'PRAGMA journal_mode = WAL');
    const reader = new DatabaseSync(file);
    reader.exec('DELETE FROM review');
    fs.copyFileSync(`${file}-wal`, `${file}-kept`);
    reader.close();
    // As a process leaves it that was killed.
    fs.renameSync(`${file}-kept`, `${file}-wal`);
    fs.chmodSync(file, 0o640);
    if (process.getuid?.() === 0) fs.chownSync(file, 1234, 4321);
    const owner = ({ uid, gid, mode }: fs.Stats) => ({ uid, gid, mode });
    const before = owner(fs.statSync(file));
    expect(await restore({ overwrite: ['shop.db'] })).toMatchObject({ exit: 'success', failure: '' });
    expect(owner(fs.statSync(file))).toEqual(before);
    expect(files()).toEqual(['shop.db']);
    expect(sql(file, 'PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    expect(differences(original, fingerprintOf(file))).toEqual([]);
  });

  test('is dumped into a directory before it is replaced', async () => {
    damage();
    const safety = path.join(directory, 'safety');
    const result = await restore({ overwrite: ['shop.db'], safetyBackup: safety });
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    const kept = result.log.find(({ event }) => event === 'safety-backup')!.directory as string;
    expect(fs.readdirSync(kept).sort()).toEqual(['evidence.json.zst', 'manifest.json', 'shop.db.zst']);
    const safe = parseManifest(fs.readFileSync(path.join(kept, 'manifest.json'), 'utf8'), 'manifest.json');
    expect(safe).toMatchObject({ source, trigger: 'before-restore', tables: [{ rows: 2000 }, { rows: 665 }] });
    const copy = path.join(directory, 'copy.db');
    fs.writeFileSync(copy, zstdDecompressSync(fs.readFileSync(path.join(kept, 'shop.db.zst'))));
    expect(sql(copy, 'SELECT count(*) AS n FROM review')).toEqual([{ n: 665 }]);
    expect(sql(file, 'SELECT count(*) AS n FROM review')).toEqual([{ n: 666 }]);
  });

  test('is not replaced if the safety backup fails', async () => {
    damage();
    fs.writeFileSync(path.join(directory, 'no-directory'), '');
    const result = await restore({ overwrite: ['shop.db'], safetyBackup: path.join(directory, 'no-directory') });
    expect(result).toMatchObject({
      exit: 'configuration',
      state: 'unchanged',
      reason: { kind: 'directory-not-writable' },
    });
    expect(result.failure).toMatch(
      /^the safety backup into .*no-directory failed, and so nothing was replaced: could not write to .*: give a directory with room/,
    );
    expect(sql(file, 'SELECT count(*) AS n FROM review')).toEqual([{ n: 665 }]);
  });

  test('single tables go beside it, with nothing else', async () => {
    const result = await restore({ tables: ['review'], as: 'reviews.db' });
    expect(result).toMatchObject({ exit: 'success', failure: '', report: { tables: 1, rows: 666 } });
    const copy = path.join(directory, 'reviews.db');
    expect(sql(copy, 'SELECT type, name FROM sqlite_schema ORDER BY name')).toEqual([
      { type: 'index', name: 'by_book' },
      { type: 'table', name: 'review' },
      { type: 'table', name: 'sqlite_sequence' },
    ]);
    expect(sql(copy, 'SELECT * FROM review')).toEqual(sql(file, 'SELECT * FROM review'));
    expect(fs.statSync(copy).size).toBeLessThan(fs.statSync(file).size / 2);
    expect(differences(original, fingerprintOf(file))).toEqual([]);
  });

  test('that somebody uses is not replaced', async () => {
    for (const [mode, hold] of [
      ['WAL', 'SELECT 1'],
      ['DELETE', 'SELECT 1'],
      ['DELETE', 'BEGIN IMMEDIATE'],
      ['DELETE', 'BEGIN; SELECT * FROM book LIMIT 1'],
    ] as const) {
      const other = new DatabaseSync(file);
      other.exec(`PRAGMA journal_mode = ${mode}; DELETE FROM review WHERE id = 2`);
      other.exec(hold);
      if (hold.includes('LIMIT')) other.prepare('SELECT * FROM book').get();
      const result = await restore({ overwrite: ['shop.db'] });
      expect(result).toMatchObject({ exit: 'targetRefused', state: 'unchanged', reason: { kind: 'target-in-use' } });
      expect(result.failure).toMatch(/shop\.db is in use: .*: stop the application, and run the same command again$/);
      other.close();
      expect(sql(file, 'SELECT count(*) AS n FROM review')).toEqual([{ n: 665 }]);
      expect(files()).toEqual(['shop.db']);
    }
  });

  test('that was rolled back by force is replaced, and its journal is never played into the new one', async () => {
    const hot = new DatabaseSync(file);
    hot.exec("PRAGMA cache_size = 1; BEGIN; UPDATE book SET title = title || 'x'");
    const copies = [file, `${file}-journal`].map((path) => [path, fs.readFileSync(path)] as const);
    hot.exec('ROLLBACK');
    hot.close();
    for (const [path, bytes] of copies) fs.writeFileSync(path, bytes);
    expect(files()).toEqual(['shop.db', 'shop.db-journal']);
    expect(await restore()).toMatchObject({ exit: 'targetRefused', state: 'unchanged' });
    expect(files()).toEqual(['shop.db', 'shop.db-journal']);
    expect(await restore({ overwrite: ['shop.db'] })).toMatchObject({ exit: 'success', failure: '' });
    expect(files()).toEqual(['shop.db']);
    expect(differences(original, fingerprintOf(file))).toEqual([]);
  });

  test('of which only a log is left counts as there', async () => {
    fs.rmSync(file);
    fs.writeFileSync(`${file}-wal`, 'what may be all that is left');
    expect(await restore()).toMatchObject({ exit: 'targetRefused', plan: { targets: [{ holds: ['shop.db-wal'] }] } });
    expect(await restore({ overwrite: ['shop.db'] })).toMatchObject({ exit: 'success', failure: '' });
    expect(files()).toEqual(['shop.db']);
  });

  test('that is damaged, or none, is replaced', async () => {
    for (const content of ['no database at all'.repeat(100), `SQLite format 3\0${'x'.repeat(5000)}`]) {
      fs.writeFileSync(file, content);
      expect(await restore()).toMatchObject({ exit: 'targetRefused', state: 'unchanged' });
      expect(await restore({ overwrite: ['shop.db'] })).toMatchObject({ exit: 'success', failure: '' });
      expect(differences(original, fingerprintOf(file))).toEqual([]);
    }
  });

  test('that is empty is filled; a link stays one', async () => {
    const real = path.join(directory, 'real.db');
    fs.rmSync(file);
    fs.writeFileSync(real, '');
    fs.symlinkSync(real, file);
    expect(await restore()).toMatchObject({
      exit: 'success',
      plan: { targets: [{ state: 'empty', name: 'real.db' }] },
    });
    expect(differences(original, fingerprintOf(real))).toEqual([]);
    expect(fs.lstatSync(file).isSymbolicLink()).toBe(true);
  });

  test('is only looked at by a dry run, which leaves no trace', async () => {
    sql(file, 'PRAGMA journal_mode = WAL');
    const before = [files(), fs.readFileSync(file).toString('latin1')];
    const result = await restore({ dryRun: true, overwrite: ['shop.db'] });
    expect(result).toMatchObject({ exit: 'success', report: undefined, plan: { targets: [{ state: 'exists' }] } });
    expect([files(), fs.readFileSync(file).toString('latin1')]).toEqual(before);
  });

  test.each<[Partial<RestoreRequest>, string, string]>([
    [{ as: '../other.db' }, 'name-invalid', 'the new name must be that of a file beside the database'],
    [{ as: 'shop.db-wal' }, 'name-invalid', 'and end neither in -wal, -shm nor -journal, got: "shop.db-wal"'],
    [{ databases: ['other.db'] }, 'database-unknown', 'the backup has no database "other.db"; it has: shop.db'],
    [
      { tables: ['nothing'], as: 'x.db' },
      'table-unknown',
      'the backup has no table nothing; it has: shop.db.book, shop.db.review',
    ],
  ])('%j is refused', async (request, kind, sentence) => {
    const result = await restore(request);
    expect(result).toMatchObject({ exit: 'configuration', state: 'unchanged', reason: { kind } });
    expect(result.failure).toContain(sentence);
  });

  test('that two restore at once is whole, and one of them says so', async () => {
    fs.rmSync(file);
    const results = await Promise.all([restore(), restore()]);
    expect(results.map(({ exit }) => exit).sort()).toEqual(['success', 'targetRefused']);
    const refused = results.find(({ exit }) => exit !== 'success')!;
    expect(refused.failure).toMatch(/exists already|was filled while the backup was read/);
    expect(differences(original, fingerprintOf(file))).toEqual([]);
    expect(files()).toEqual(['shop.db']);
  });

  test('is in a folder that cannot be written to', async () => {
    const missing = path.join(directory, 'missing', 'shop.db');
    const result = await scene.restore(scene.jobOf(job(), { file: missing }), { backupId: manifest.backupId });
    expect(result).toMatchObject({
      exit: 'targetRefused',
      state: 'unchanged',
      reason: { kind: 'directory-not-writable' },
    });
    expect(result.failure).toMatch(
      /^could not write to the folder .*missing: ENOENT.*: the new database is written beside shop\.db/,
    );
  });
});
