import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isInWalMode } from '../../../engines/sqlite/file';
import { placeMain, prepareMain, type Placement, type Preparation } from '../../../engines/sqlite/place';
import { makeDatabase, renameInSchema } from '../../cases/sqlite-sources';
import { temporaryDirectory } from '../../support/processes';

const directory = temporaryDirectory('place');
const at = (name: string): string => path.join(directory, name);
afterAll(() => fs.rmSync(directory, { recursive: true }));

/** What a step prints. */
function printed(step: (text: string) => number, argument: Preparation | Placement): unknown {
  let text = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => (text += String(chunk)) !== '');
  step(JSON.stringify(argument));
  write.mockRestore();
  return JSON.parse(text);
}

test('tables are cut out of a database with virtual tables that only its application can load', () => {
  const from = makeDatabase(
    at('from.db'),
    `CREATE TABLE book (title); INSERT INTO book VALUES ('a'); CREATE TABLE other (a);
     CREATE VIRTUAL TABLE words USING fts5 (body, tokenize = 'porter'); CREATE VIRTUAL TABLE boxes USING rtree (id, x0, x1);`,
  );
  renameInSchema(from, 'porter', 'mecab');
  renameInSchema(from, 'USING rtree', 'USING spatial');
  const file = at('cut.db');
  const result = printed(prepareMain, { file, cut: { from, tables: ['book'] }, wal: false });
  expect(result).toEqual({ report: { tables: [{ name: 'book', rows: 1 }], notes: [] } });
  const cut = new DatabaseSync(file);
  expect(cut.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'book' }]);
  cut.close();
});

test('a database that is not replaced keeps its WAL mode', () => {
  const target = makeDatabase(at('target.db'), 'PRAGMA journal_mode = WAL; CREATE TABLE book (title)');
  const file = makeDatabase(at('new.db'), 'CREATE TABLE book (title)');
  const result = printed(placeMain, { file, target, overwrite: false });
  expect(result).toEqual({ failure: { kind: 'filled', said: 'it has book' } });
  expect(isInWalMode(target)).toBe(true);
});
