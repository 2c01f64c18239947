import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { snapshotMain, type SnapshotResult } from '../../../engines/sqlite/snapshot';
import { temporaryDirectory } from '../../support/processes';

const directory = temporaryDirectory('sqlite');
const file = path.join(directory, 'shop.db');
let count = 0;
afterAll(() => fs.rmSync(directory, { recursive: true }));
afterEach(() => jest.restoreAllMocks());

beforeAll(() => {
  const database = new DatabaseSync(file);
  database.exec('CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT); CREATE INDEX titles ON book (title)');
  const insert = database.prepare('INSERT INTO book (title) VALUES (?)');
  database.exec('BEGIN');
  for (let row = 0; row < 5000; row++) insert.run(`title ${row}`.repeat(5));
  database.exec('COMMIT');
  database.close();
});

async function snapshot(of: string, to = path.join(directory, `snapshot-${++count}`)) {
  let text = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => (text += String(chunk)).length > 0);
  const exitCode = await snapshotMain([of, to]);
  jest.restoreAllMocks();
  return { exitCode, result: JSON.parse(text) as SnapshotResult, to };
}

test('a snapshot is a database with all rows, and says how many they are', async () => {
  const { exitCode, result, to } = await snapshot(file);
  expect([exitCode, result]).toEqual([
    0,
    {
      report: {
        sqliteVersion: expect.stringMatching(/^3\./) as string,
        ...{ heldMs: expect.any(Number) as number, lostCommits: 0 },
        ...{ tables: [{ name: 'book', rows: 5000 }], notes: [] },
      },
    },
  ]);
  const copy = new DatabaseSync(to, { readOnly: true });
  expect(copy.prepare('SELECT count(*) AS n FROM book').get()).toEqual({ n: 5000 });
  copy.close();
});

test('an application that closes its database at that moment costs no backup', async () => {
  const folder = path.join(directory, 'closing');
  fs.mkdirSync(folder);
  const open = path.join(folder, 'shop.db');
  const application = new DatabaseSync(open);
  application.exec('PRAGMA journal_mode = WAL; CREATE TABLE book (a); INSERT INTO book VALUES (1)');
  const log = fs.readFileSync(`${open}-wal`);
  application.close();
  // Half closed: the shared memory is gone already.
  fs.writeFileSync(`${open}-wal`, log);
  fs.chmodSync(directory, 0o777);
  fs.chmodSync(folder, 0o555);
  // Nothing is closed to root.
  const asRoot = process.getuid?.() === 0;
  const be = (user: number): void => void (asRoot && process.seteuid!(user));
  be(10001);
  try {
    expect((await snapshot(open)).result).toMatchObject({ failure: { kind: 'folder-not-writable' } });
    setTimeout(() => {
      be(0);
      fs.chmodSync(folder, 0o755);
      fs.rmSync(`${open}-wal`);
      fs.chmodSync(folder, 0o555);
      be(10001);
    }, 20);
    const { result } = await snapshot(open);
    expect(result).toMatchObject({ report: { tables: [{ name: 'book', rows: 1 }] } });
  } finally {
    be(0);
    fs.chmodSync(folder, 0o755);
  }
});

/** A copy of the database, with some bytes overwritten. */
function damaged(offset: number, bytes: number): string {
  const to = path.join(directory, `damaged-${++count}.db`);
  fs.copyFileSync(file, to);
  const descriptor = fs.openSync(to, 'r+');
  fs.writeSync(descriptor, Buffer.alloc(bytes, 0xff), 0, bytes, offset);
  fs.closeSync(descriptor);
  return to;
}

test.each([
  ['that is damaged', () => damaged(8192, 4096), 'damaged', /malformed|integrity_check says/],
  ['that is none', () => damaged(0, 16), 'not-a-database', /^file is not a database \(SQLite code 26\)$/],
  [
    'that does not exist',
    () => path.join(directory, 'nowhere.db'),
    'file-unreadable',
    /unable to open .*\(SQLite code 14\)$/,
  ],
])('of a database %s there is none, and the reason says why', async (_, make, kind, said) => {
  expect(await snapshot(make())).toMatchObject({
    exitCode: 1,
    result: { failure: { kind, said: expect.stringMatching(said) as string } },
  });
});
