import * as fs from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Makes a database file by SQL. */
export function makeDatabase(file: string, sql: string): string {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
  return file;
}

/** Rows `first … last` as a subquery `n (i)`. */
export const numbers = (last: number): string =>
  `WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ${last})`;

/** Replaces words of the schema, as an application's own collations, modules and tokenizers stand there. */
export function renameInSchema(file: string, from: string, to: string): void {
  const database = new DatabaseSync(file, { defensive: false });
  database.exec('PRAGMA writable_schema = ON');
  database.prepare('UPDATE sqlite_schema SET sql = replace(sql, ?, ?)').run(from, to);
  database.close();
}

/** Writes bytes into a file. */
export function overwrite(file: string, offset: number, bytes: Uint8Array): void {
  const descriptor = fs.openSync(file, 'r+');
  fs.writeSync(descriptor, bytes, 0, bytes.length, offset);
  fs.closeSync(descriptor);
}

/** Pages of a table or index, by kind (`leaf`, `internal`). */
export function pagesOf(file: string, name: string, kind = 'leaf'): { offset: number; cells: number }[] {
  const database = new DatabaseSync(file, { readOnly: true });
  const rows = database
    .prepare('SELECT pgoffset, ncell FROM dbstat WHERE name = ? AND pagetype = ? ORDER BY pageno')
    .all(name, kind);
  database.close();
  return rows.map(({ pgoffset, ncell }) => ({ offset: Number(pgoffset), cells: Number(ncell) }));
}

/** Lowers the cell count of a page: the last rows of it are gone. */
export function loseCells(file: string, name: string, cells: number): void {
  const page = pagesOf(file, name)[3]!;
  const count = Buffer.alloc(2);
  count.writeUInt16BE(page.cells - cells);
  overwrite(file, page.offset + 3, count);
}
