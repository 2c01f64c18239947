import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Note } from '../../catalog/contract/note';
import { snapshotMain, type SnapshotResult } from '../../engines/sqlite/snapshot';
import { differences } from '../compare/fingerprint';
import { fingerprintSqlite } from '../compare/sqlite';
import { Emulator } from '../emulator/emulator';
import { TestBucket } from '../support/bucket';
import { sqliteJob } from '../support/job';
import { temporaryDirectory } from '../support/processes';
import { Program, type ProgramResult } from '../support/program';
import { loseCells, makeDatabase, numbers, overwrite, pagesOf, renameInSchema } from './sqlite-sources';

jest.setTimeout(120_000);

const BOOKS = `CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT);
  ${numbers(5000)} INSERT INTO book SELECT i, 'Title ' || hex(i * 7919) FROM n;`;

describe('SQLite', () => {
  const directory = temporaryDirectory('sqlite-cases');
  const scratchDirectory = path.join(directory, 'scratch');
  let emulator: Emulator;
  let bucket: TestBucket;
  let count = 0;

  beforeAll(async () => {
    emulator = await Emulator.start();
    bucket = await TestBucket.create(emulator, 'backups');
    fs.mkdirSync(scratchDirectory);
    fs.chmodSync(directory, 0o755);
  });
  afterAll(async () => {
    await emulator?.stop();
    fs.rmSync(directory, { recursive: true, force: true });
  });

  const place = (name = `${++count}.db`): string => path.join(directory, name);
  const make = (sql: string, name?: string): string => makeDatabase(place(name), sql);

  const run = (file: string, source = `source-${++count}`): Promise<ProgramResult> =>
    Program.run({
      job: sqliteJob(file, { source, bucket: bucket.name, scratchDirectory }),
      aws: emulator.environment,
    });

  interface Backup {
    readonly rows: Readonly<Record<string, number | undefined>>;
    readonly notes: readonly Note[];
    /** The restored file. */
    readonly copy: string;
  }
  const rowsOf = (tables: readonly { readonly name: string; readonly rows?: number }[]) =>
    Object.fromEntries(tables.map(({ name, rows }) => [name, rows]));

  /** A backup by the program, and the file that it brings back. */
  async function backedUp(file: string): Promise<Backup & { readonly log: ProgramResult['log'] }> {
    const source = `source-${++count}`;
    const result = await run(file, source);
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    const manifest = (await bucket.manifests(source))[0]!;
    const copy = place(`restored-${count}.db`);
    fs.writeFileSync(copy, await bucket.download(manifest.objects[0]!));
    return { log: result.log, rows: rowsOf(manifest.tables), notes: manifest.notes ?? [], copy };
  }

  /** What the helper alone says, in this process. */
  async function helped(file: string): Promise<SnapshotResult & { readonly copy: string }> {
    const copy = place();
    let text = '';
    const write = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => (text += String(chunk)) !== '');
    await snapshotMain([file, copy]).finally(() => write.mockRestore());
    return { ...(JSON.parse(text) as SnapshotResult), copy };
  }

  /** A snapshot by the helper alone. */
  async function copied(file: string): Promise<Backup> {
    const result = await helped(file);
    if (!('report' in result)) throw new Error(result.failure.said);
    const { tables, notes, lostCommits } = result.report;
    const lost = lostCommits > 0 ? [{ kind: 'lost-commits', count: lostCommits }] : [];
    return { rows: rowsOf(tables), notes: [...notes, ...lost], copy: result.copy };
  }

  const failsAs = async (kind: string, file: string) => expect(await helped(file)).toMatchObject({ failure: { kind } });

  /** All pages are the same but for the counters in the header. */
  function expectSamePages(file: string, copy: string): void {
    const [expected, found] = [fs.readFileSync(file), fs.readFileSync(copy)];
    for (const bytes of [expected, found]) {
      bytes.fill(0, 24, 28);
      bytes.fill(0, 40, 44);
      bytes.fill(0, 92, 100);
    }
    expect(found.equals(expected)).toBe(true);
  }

  async function refusedAs(kind: string, file: string): Promise<ProgramResult> {
    const result = await run(file);
    expect(result.reason).toMatchObject({ kind, object: file });
    return result;
  }

  describe('what only the application has', () => {
    test('S01 a collation of the application: all rows, byte by byte, and the note says what was not checked', async () => {
      const file = make(
        `CREATE TABLE channel (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE); CREATE INDEX names ON channel (name);
         CREATE TABLE tag (name TEXT UNIQUE COLLATE NOCASE); ${BOOKS}
         INSERT INTO channel SELECT id, title FROM book; INSERT INTO tag SELECT title FROM book`,
      );
      renameInSchema(file, 'NOCASE', 'LOCALIZED');
      const { rows, notes, copy } = await backedUp(file);
      expect(rows).toEqual({ book: 5000, channel: 5000, tag: 5000 });
      expect(notes).toEqual([
        {
          kind: 'not-checked',
          database: path.basename(file),
          objects: ['channel', 'tag'],
          said: 'no such collation sequence: LOCALIZED',
        },
      ]);
      expectSamePages(file, copy);
    });

    test('Sx01 functions of the application in indexes, generated columns and checks', async () => {
      const file = place();
      const database = new DatabaseSync(file);
      database.function('app_lower', { deterministic: true }, (text) => String(text).toLowerCase());
      database.exec(`CREATE TABLE a (x); CREATE INDEX ax ON a (app_lower(x)); INSERT INTO a VALUES ('A');
        CREATE TABLE b (x); CREATE INDEX bx ON b (x) WHERE app_lower(x) = 'x'; INSERT INTO b VALUES ('X');
        CREATE TABLE c (x, y AS (app_lower(x)) STORED, z AS (app_lower(x)) VIRTUAL); INSERT INTO c VALUES ('C');
        CREATE TABLE d (x CHECK (app_lower(x) = x), y DEFAULT (app_lower('Y'))); INSERT INTO d (x) VALUES ('d');
        CREATE VIEW v AS SELECT app_lower(x) FROM a;
        CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT app_lower(1); END`);
      database.close();
      const { rows, notes, copy } = await copied(file);
      expect(rows).toEqual({ a: 1, b: 1, c: 1, d: 1 });
      expect(notes).toMatchObject([
        { kind: 'not-checked', objects: ['a', 'b', 'd'], said: 'unknown function: app_lower()' },
      ]);
      expectSamePages(file, copy);
    });

    test('Sx02 tokenizers and modules of the application', async () => {
      const file = make(
        `${BOOKS} CREATE VIRTUAL TABLE five USING fts5 (body, tokenize = 'porter'); INSERT INTO five VALUES ('running');
         CREATE VIRTUAL TABLE four USING fts4 (body, tokenize = porter); INSERT INTO four VALUES ('running');
         CREATE VIRTUAL TABLE boxes USING rtree (id, x0, x1); INSERT INTO boxes VALUES (1, 0.5, 1.5);`,
      );
      renameInSchema(file, 'porter', 'mecab');
      renameInSchema(file, 'USING rtree', 'USING spatial');
      const { rows, notes, copy } = await copied(file);
      expect(rows).toMatchObject({ book: 5000 });
      expect(notes).toMatchObject([{ kind: 'not-checked', objects: ['boxes', 'five', 'four'] }]);
      expectSamePages(file, copy);
    });

    test('Sx03 a key of a table without row ids in an unknown order: its rows are counted all the same', async () => {
      const file = make(
        `${BOOKS} CREATE TABLE keyed (k TEXT PRIMARY KEY COLLATE NOCASE, v) WITHOUT ROWID;
         INSERT INTO keyed SELECT title, zeroblob(3000 * (id % 97 = 0)) FROM book`,
      );
      renameInSchema(file, 'NOCASE', 'ICU');
      expect((await copied(file)).rows).toEqual({ book: 5000, keyed: 5000 });
    });

    test('Sx04 a function that the application replaces: its index differs, and that is told', async () => {
      const file = place();
      const database = new DatabaseSync(file);
      database.function('lower', { deterministic: true }, (text) => String(text).toLocaleLowerCase());
      database.exec(`CREATE TABLE a (x); CREATE INDEX ax ON a (lower(x)); INSERT INTO a VALUES ('Ä'), ('b'); ${BOOKS}`);
      database.close();
      const { notes, copy } = await copied(file);
      expect(notes).toEqual([{ kind: 'index-differs', objects: ['a'] }]);
      expectSamePages(file, copy);
      // Another index of the same table, in which a row is missing, is damaged.
      const inSchema = (sql: string) => {
        const database = new DatabaseSync(file, { defensive: false });
        database.exec(`PRAGMA writable_schema = ON; ${sql}`);
        database.close();
      };
      makeDatabase(file, 'CREATE INDEX ids ON a (x)');
      expect((await copied(file)).notes).toEqual(notes);
      inSchema(
        "CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'ids'; DELETE FROM sqlite_schema WHERE name = 'ids'",
      );
      makeDatabase(file, "INSERT INTO a VALUES ('c')");
      inSchema('INSERT INTO sqlite_schema SELECT * FROM kept');
      expect(await helped(file)).toMatchObject({
        failure: { kind: 'damaged', said: expect.stringContaining('index ids') as string },
      });
    });

    test('Sx05 damage beside a collation of the application is still found', async () => {
      const file = make(
        `CREATE TABLE tag (name TEXT UNIQUE COLLATE NOCASE); ${BOOKS} INSERT INTO tag SELECT title FROM book`,
      );
      renameInSchema(file, 'NOCASE', 'LOCALIZED');
      const inTable = fs.readFileSync(file);
      loseCells(file, 'book', 7);
      await failsAs('damaged', file);
      fs.writeFileSync(file, inTable);
      overwrite(file, pagesOf(file, 'tag')[2]!.offset, randomBytes(200));
      await failsAs('damaged', file);
    });
  });

  describe('damage', () => {
    test('S03 rows that damage has taken are not laundered: the run fails', async () => {
      const file = make(BOOKS);
      loseCells(file, 'book', 7);
      const { exit, failure } = await refusedAs('damaged', file);
      expect(exit).toBe('dumpFailed');
      expect(failure).toMatch(/integrity_check says: [^]*Fragmentation of \d+ bytes reported as 0/);
    });

    test.each<[string, string, (file: string) => void]>([
      ['Sx06 in an index only', `${BOOKS} CREATE INDEX titles ON book (title)`, (file) => loseCells(file, 'titles', 7)],
      [
        'Sx07 in the list of free pages',
        `${BOOKS} DELETE FROM book WHERE id > 100`,
        (file) => overwrite(file, fs.readFileSync(file).readUInt32BE(32) * 4096 - 4096 + 8, Buffer.from([0, 0, 0, 2])),
      ],
      ['Sx08 in the table of the schema', BOOKS, (file) => overwrite(file, 103, Buffer.from([0xff, 0xff]))],
      ['Sx09 by truncation', BOOKS, (file) => fs.truncateSync(file, fs.statSync(file).size / 2)],
      ['Sx10 by a page count that is too low', BOOKS, (file) => overwrite(file, 28, Buffer.from([0, 0, 0, 9]))],
      [
        'Sx11 in a full-text index',
        `CREATE VIRTUAL TABLE texts USING fts5 (body); ${BOOKS} INSERT INTO texts SELECT title FROM book;
         UPDATE texts_data SET block = zeroblob(100) WHERE id > 10`,
        () => undefined,
      ],
    ])('%s fails the run', async (_, sql, damage) => {
      const file = place();
      const database = new DatabaseSync(file, { defensive: false });
      database.exec(sql);
      database.close();
      damage(file);
      await failsAs('damaged', file);
    });

    test('Sx12 bytes behind the last page are none', async () => {
      const file = make(BOOKS);
      fs.appendFileSync(file, Buffer.alloc(1000, 1));
      expect((await copied(file)).rows).toEqual({ book: 5000 });
    });

    test('Sx13 rows that the schema forbids are in the backup, and told', async () => {
      const file = make(
        `PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; ${BOOKS}
         CREATE TABLE sale (book REFERENCES book (id)); INSERT INTO sale VALUES (1), (9999);
         CREATE TABLE price (p CHECK (p > 0)); INSERT INTO price VALUES (-1);
         CREATE TABLE named (n TEXT); INSERT INTO named VALUES (NULL);
         CREATE TABLE strange (x REFERENCES nowhere (y)); INSERT INTO strange VALUES (1)`,
      );
      renameInSchema(file, 'n TEXT', 'n TEXT NOT NULL');
      const { notes, copy } = await copied(file);
      expect(notes).toMatchObject([{ kind: 'constraint-violations', objects: ['named', 'price', 'sale', 'strange'] }]);
      expectSamePages(file, copy);
    });
  });

  describe('the write-ahead log', () => {
    /** A database whose commits 1 to 20 are in its log, as after a crash. */
    function withLog(damage: (log: string, frame: number) => void): string {
      const open = place();
      const database = new DatabaseSync(open);
      database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (a)');
      for (let n = 0; n < 20; n++) database.exec(`INSERT INTO t VALUES (${n})`);
      const file = place();
      fs.copyFileSync(open, file);
      fs.copyFileSync(`${open}-wal`, `${file}-wal`);
      database.close();
      damage(`${file}-wal`, 4096 + 24);
      return file;
    }

    test('Sx14 commits behind damage in it are told: SQLite ignores them', async () => {
      const file = withLog((log, frame) => overwrite(log, 32 + 11 * frame + 100, Buffer.from('damage')));
      const { rows, notes } = await backedUp(file);
      expect(rows.t).toBeLessThan(20);
      expect(notes).toEqual([{ kind: 'lost-commits', database: path.basename(file), count: 20 - rows.t! - 1 }]);
    });

    test.each<[string, (log: string, frame: number) => void, number]>([
      ['Sx15 a log that is whole', () => undefined, 20],
      ['Sx16 a commit that was torn at the end', (log) => fs.truncateSync(log, fs.statSync(log).size - 100), 19],
    ])('%s is nothing to tell', async (_, damage, rows) => {
      expect(await copied(withLog(damage))).toMatchObject({ rows: { t: rows }, notes: [] });
    });

    test('Sx17 what is left of an older log, and a transaction under way, is nothing to tell', async () => {
      const file = make('PRAGMA journal_mode = WAL; CREATE TABLE t (a)');
      const database = new DatabaseSync(file);
      database.exec('PRAGMA cache_size = 5');
      for (let n = 0; n < 50; n++) database.exec(`INSERT INTO t VALUES (${n})`);
      database.exec('PRAGMA wal_checkpoint(RESTART); INSERT INTO t VALUES (1)');
      database.exec(`BEGIN; ${numbers(3000)} INSERT INTO t SELECT i FROM n`);
      expect(await copied(file)).toMatchObject({ rows: { t: 51 }, notes: [] });
      database.exec('ROLLBACK; INSERT INTO t VALUES (2)');
      expect(await copied(file)).toMatchObject({ rows: { t: 52 }, notes: [] });
      database.close();
    });

    test('Sx18 a copy of such a database needs no log: it can be read in a folder that nobody may write to', async () => {
      const { copy } = await copied(withLog(() => undefined));
      expect([...fs.readFileSync(copy).subarray(18, 20)]).toEqual([1, 1]);
    });
  });

  describe('an application that died', () => {
    const DIE = `
      const { DatabaseSync } = require('node:sqlite');
      const database = new DatabaseSync(process.argv[1]);
      database.exec("PRAGMA cache_size = 5; BEGIN; UPDATE book SET title = title || 'x'");
      process.kill(process.pid, 'SIGKILL')`;

    async function die(file: string): Promise<void> {
      const child = spawn(process.execPath, ['--no-warnings', '-e', DIE, file], { stdio: 'inherit' });
      await once(child, 'exit');
      expect(fs.existsSync(`${file}-journal`)).toBe(true);
    }

    test('S04 a hot journal is named, with the way out, and nothing is changed', async () => {
      const file = make(BOOKS);
      await die(file);
      const before = fs.readFileSync(`${file}-journal`);
      const { failure } = await refusedAs('hot-journal', file);
      expect(failure).toMatch(/an application died within a transaction.*open the database once/);
      expect(fs.readFileSync(`${file}-journal`).equals(before)).toBe(true);
      makeDatabase(file, 'SELECT count(*) FROM book');
      expect((await backedUp(file)).rows).toEqual({ book: 5000 });
    });

    test('Sx19 also behind a symbolic link, with a name that hurts', async () => {
      const file = make(BOOKS, 'a?b#c%20 d\n😀.db');
      await die(file);
      const link = place();
      fs.symlinkSync(file, link);
      await failsAs('hot-journal', link);
      makeDatabase(file, 'SELECT count(*) FROM book');
      expect((await copied(link)).rows).toEqual({ book: 5000 });
      expect((await copied(file)).rows).toEqual({ book: 5000 });
    });

    test.each([true, false])(
      'Sx20 also in a transaction of several files (their journal is there: %s)',
      async (there) => {
        const file = make(BOOKS);
        await die(file);
        const name = Buffer.from(`${file}-mj0123456789`);
        if (there) fs.writeFileSync(name, '');
        const words = Buffer.alloc(12);
        words.writeUInt32BE(2 ** 30 / 4096 + 1, 0);
        words.writeUInt32BE(name.length, 4);
        words.writeUInt32BE(
          name.reduce((sum, byte) => sum + byte, 0),
          8,
        );
        const magic = Buffer.from('d9d505f920a163d7', 'hex');
        fs.appendFileSync(`${file}-journal`, Buffer.concat([words.subarray(0, 4), name, words.subarray(4), magic]));
        await failsAs('hot-journal', file);
      },
    );

    test.each(['PERSIST', 'TRUNCATE'])('Sx21 the journal of mode %s is none that is hot', async (mode) => {
      const file = place();
      const database = new DatabaseSync(file);
      database.exec(`PRAGMA journal_mode = ${mode}; ${BOOKS} UPDATE book SET title = 'x'`);
      expect(fs.existsSync(`${file}-journal`)).toBe(true);
      expect((await copied(file)).rows).toEqual({ book: 5000 });
      database.close();
    });
  });

  describe('a file', () => {
    test('Sx22 that is encrypted is called so, also with a plain header', async () => {
      const whole = place();
      fs.writeFileSync(whole, randomBytes(20 * 4096));
      expect((await refusedAs('encrypted', whole)).exit).toBe('configuration');
      const plainHeader = make(BOOKS);
      overwrite(plainHeader, 32, randomBytes(fs.statSync(plainHeader).size - 32));
      await refusedAs('encrypted', plainHeader);
    });

    test.each([
      ['Sx23 in UTF-16 with large pages', "PRAGMA encoding = 'UTF-16be'; PRAGMA page_size = 65536;"],
      ['Sx24 with small pages and automatic vacuum', 'PRAGMA page_size = 512; PRAGMA auto_vacuum = INCREMENTAL;'],
    ])('%s comes back as it is', async (_, settings) => {
      const file = make(
        `${settings} PRAGMA user_version = 7; PRAGMA application_id = 8; ${BOOKS} DELETE FROM book WHERE id % 3 = 0`,
      );
      const { copy, notes } = await copied(file);
      expect(notes).toEqual([]);
      expectSamePages(file, copy);
      const [source, restored] = [file, copy].map((each) => new DatabaseSync(each, { readOnly: true }));
      expect(differences(fingerprintSqlite(source!), fingerprintSqlite(restored!))).toEqual([]);
    });

    test('Sx25 with bytes reserved on each page keeps them', async () => {
      const file = make('PRAGMA user_version = 1');
      overwrite(file, 20, Buffer.from([8]));
      overwrite(file, 105, Buffer.from([0x0f, 0xf8]));
      makeDatabase(file, BOOKS);
      overwrite(file, 2 * 4096 - 8, Buffer.from('reserved'));
      expectSamePages(file, (await copied(file)).copy);
    });

    test('Sx26 keeps the row ids that a full-text index points to', async () => {
      const file = make(
        `${BOOKS} CREATE TABLE note (body); INSERT INTO note SELECT title FROM book; DELETE FROM note WHERE rowid % 2 = 0;
         CREATE VIRTUAL TABLE words USING fts5 (body, content = 'note'); INSERT INTO words (words) VALUES ('rebuild')`,
      );
      const { copy } = await copied(file);
      const database = new DatabaseSync(copy, { readOnly: true });
      const sql = "SELECT rowid, body FROM words WHERE words MATCH 'Title' ORDER BY rowid DESC LIMIT 1";
      expect(database.prepare(sql).get()).toEqual({
        rowid: 4999,
        body: `Title ${Buffer.from(String(4999 * 7919)).toString('hex')}`,
      });
      database.close();
    });

    test('Sx27 in WAL mode in a folder that may not be written to: as far as it can be read safely', async () => {
      const folder = place('closed');
      fs.mkdirSync(folder);
      const file = makeDatabase(path.join(folder, 'shop.db'), `PRAGMA journal_mode = WAL; ${BOOKS}`);
      const names = () => fs.readdirSync(folder).sort();
      fs.chmodSync(folder, 0o555);
      fs.chmodSync(file, 0o644);
      // Nothing is closed to root.
      const asRoot = process.getuid?.() === 0;
      fs.chmodSync(path.dirname(folder), 0o777);
      if (asRoot) process.seteuid!(10001);
      try {
        // At rest: without the files that SQLite would make.
        expect((await copied(file)).rows).toEqual({ book: 5000 });
        expect(names()).toEqual(['shop.db']);
        if (asRoot) process.seteuid!(0);
        fs.chmodSync(folder, 0o755);
        const application = new DatabaseSync(file);
        application.exec("INSERT INTO book (title) VALUES ('in the log')");
        const log = fs.readFileSync(`${file}-wal`);
        application.close();
        fs.writeFileSync(`${file}-wal`, log);
        fs.chmodSync(folder, 0o555);
        if (asRoot) process.seteuid!(10001);
        // With a log, and without what it takes to read it.
        await failsAs('folder-not-writable', file);
      } finally {
        if (asRoot) process.seteuid!(0);
        fs.chmodSync(folder, 0o755);
      }
    });
  });

  describe('a writer beside the copy', () => {
    /** Commits row after row; prints the longest time that one commit took when it is stopped. */
    const WRITE = `
      const { DatabaseSync } = require('node:sqlite');
      const database = new DatabaseSync(process.argv[1], { timeout: 60000 });
      // It waits for the backup alone, and for no disk.
      database.exec('PRAGMA synchronous = OFF');
      const insert = database.prepare("INSERT INTO ticks VALUES ('tick')");
      let longest = 0;
      process.on('SIGTERM', () => { console.log(longest); process.exit(); });
      setInterval(() => { const since = Date.now(); insert.run(); longest = Math.max(longest, Date.now() - since); }, 1);
      console.log('writing');`;

    test.each([
      ['Sx28', 'DELETE'],
      ['Sx29', 'WAL'],
    ])('%s in mode %s waits no longer than the log says', async (_, mode) => {
      const file = make(
        `PRAGMA journal_mode = ${mode}; CREATE TABLE ticks (a); CREATE TABLE large (a);
         ${numbers(40_000)} INSERT INTO large SELECT randomblob(3000) FROM n`,
      );
      const writer = spawn(process.execPath, ['--no-warnings', '-e', WRITE, file], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      writer.stdout.on('data', (chunk: Buffer) => (said += String(chunk)));
      await once(writer.stdout, 'data');
      const { log, rows } = await backedUp(file);
      writer.kill('SIGTERM');
      await once(writer, 'close');
      const longest = Number(said.split('\n')[1]);
      const { heldMs } = log.find(({ event }) => event === 'snapshot') as unknown as { heldMs: number };
      expect(rows.large).toBe(40_000);
      // A commit, and SQLite's sleeps of up to 100 ms between two tries, on a machine that has other things to do.
      expect(longest).toBeLessThan(5000 + (mode === 'WAL' ? 0 : heldMs));
    });
  });
});
