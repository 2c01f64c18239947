import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PageSections } from '../../../engines/sqlite/pages';
import { temporaryDirectory } from '../../support/processes';

const directory = temporaryDirectory('pages');
afterAll(() => fs.rmSync(directory, { recursive: true }));
const file = path.join(directory, 'shop.db');
let bytes: Buffer;

beforeAll(() => {
  const database = new DatabaseSync(file);
  database.exec('CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(1500000))');
  database.close();
  bytes = fs.readFileSync(file);
});

function sectionsOf(data: Buffer, chunk = 70_001) {
  const reader = new PageSections('shop.db');
  for (let at = 0; at < data.length; at += chunk) reader.see(data.subarray(at, at + chunk));
  return reader.end();
}
const changed = (at: number) => {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1;
  return copy;
};

test('the pages are cut the same way, however they come', () => {
  expect([...sectionsOf(bytes).keys()]).toEqual(['pages 1 to 256 of shop.db', 'pages 257 to 512 of shop.db']);
  expect(sectionsOf(bytes, 7)).toEqual(sectionsOf(bytes));
});

test('each byte counts', () => {
  for (const at of [0, 16, 18, 23, 28, 40, 60, 68, 91, 100, 1_000_000, bytes.length - 1])
    expect([at, sectionsOf(changed(at))]).not.toEqual([at, sectionsOf(bytes)]);
  expect(sectionsOf(bytes.subarray(0, -4096))).not.toEqual(sectionsOf(bytes));
  expect(sectionsOf(bytes.subarray(0, 50))).not.toEqual(sectionsOf(bytes.subarray(0, 51)));
});

test('but those that tell how often and by which version a file was written', () => {
  for (const at of [24, 27, 92, 95, 96, 99]) expect(sectionsOf(changed(at))).toEqual(sectionsOf(bytes));
});
