/** The last step of a restore, killed before each of its changes: the old database whole, or the new one. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeDatabase } from '../cases/sqlite-sources';
import { temporaryDirectory } from '../support/processes';

const MAIN = path.resolve(__dirname, '../../dist/task/main.js');
const directory = temporaryDirectory('sqlite-killed');
const KILLER = path.join(directory, 'killer.cjs');
fs.writeFileSync(
  KILLER,
  `const fs = require('node:fs'); let left = Number(process.env.CALLS);
  for (const name of ['rmSync', 'linkSync', 'renameSync', 'unlinkSync', 'fsyncSync']) {
    const real = fs[name];
    fs[name] = (...args) => { if (left-- === 0) process.kill(process.pid, 'SIGKILL'); return real(...args); };
  }`,
);
afterAll(() => fs.rmSync(directory, { recursive: true }));

const target = path.join(directory, 'data', 'shop.db');
const file = path.join(directory, 'data', '.shop.db.restoring-1');

/** Places the new database; is killed before this change. */
function place(calls: number): NodeJS.Signals | null {
  const placement = JSON.stringify({ file, target, overwrite: true });
  const { signal, stdout } = spawnSync(
    process.execPath,
    ['--require', KILLER, MAIN, 'helper', 'sqlite', 'place', placement],
    {
      env: { ...process.env, CALLS: String(calls) },
      encoding: 'utf8',
    },
  );
  if (signal === null) expect(stdout).toBe('{"placed":true}\n');
  return signal;
}

const contentOf = (name: string) => {
  const database = new DatabaseSync(name);
  const { text } = database.prepare('SELECT group_concat(name) AS text FROM book').get()!;
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  database.close();
  return text;
};
const book = (name: string) => `CREATE TABLE book (name TEXT); INSERT INTO book VALUES ('${name}')`;

/** What is there before: made with files beside it, as a process leaves them that was killed. */
const PLACES: [string, (() => void) | undefined, string][] = [
  ['nothing', undefined, 'nothing'],
  ['a database', () => makeDatabase(target, book('old')), 'old'],
  [
    'a database in WAL mode, with commits in its log',
    () => {
      const open = new DatabaseSync(target);
      open.exec(`PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; ${book('old')}`);
      const copies = ['', '-wal'].map(
        (suffix) => [`${target}${suffix}`, fs.readFileSync(`${target}${suffix}`)] as const,
      );
      open.close();
      for (const [name, bytes] of copies) fs.writeFileSync(name, bytes);
    },
    'old',
  ],
  [
    'a database with a transaction to roll back',
    () => {
      makeDatabase(target, `${book('old')}; CREATE TABLE other AS SELECT randomblob(100000)`);
      const open = new DatabaseSync(target);
      open.exec(
        `PRAGMA cache_size = 1; BEGIN; UPDATE book SET name = 'never'; UPDATE other SET rowid = 7; CREATE TABLE more AS SELECT randomblob(100000)`,
      );
      const copies = ['', '-journal'].map(
        (suffix) => [`${target}${suffix}`, fs.readFileSync(`${target}${suffix}`)] as const,
      );
      open.close();
      for (const [name, bytes] of copies) fs.writeFileSync(name, bytes);
    },
    'old',
  ],
];

test.each(PLACES)('%s', (_, make, before) => {
  const seen: unknown[] = [];
  for (let calls = 0, killed = true; killed; calls++) {
    fs.rmSync(path.dirname(target), { recursive: true, force: true });
    fs.mkdirSync(path.dirname(target));
    make?.();
    makeDatabase(file, book('new'));
    killed = place(calls) === 'SIGKILL';
    const content = fs.existsSync(target) ? contentOf(target) : 'nothing';
    expect(['new', before]).toContain(content);
    seen.push(content);
  }
  // Once new, always new.
  expect(seen).toEqual([...seen].sort().reverse());
  expect([seen[0], seen.at(-1)]).toEqual([before, 'new']);
  expect(fs.readdirSync(path.dirname(target))).toEqual(['shop.db']);
});
