import { performance } from 'node:perf_hooks';
import { noteOf } from '../../../catalog/contract/note';
import { taskMemory } from '../../../task/io/task-memory';
import type { MysqlLook } from '../look';
import { qualified, quote } from '../names';
import { askIfPossible } from './optional';
import { askBriefly, tellUnread } from './rows';
import type { MysqlCheck } from './check';

const LARGE_TYPES = ['longtext', 'longblob', 'json', 'geometry', 'geometrycollection', 'multipolygon', 'multipoint'];
/** Of the program itself, and of its uploads, while a row passes. */
const PROGRAM_BYTES = 300 * 1024 ** 2;
const SCAN_SECONDS = 5;
/** All tables together. */
const TOTAL_SECONDS = 20;
const MIB = 1024 ** 2;
/** Fargate has memory by the gigabyte. */
const STEP_MIB = 1024;

/**
 * Notes tables with a row for which the dump tool needs more memory than the task has: it holds a row as the server sent it and
 * as it writes it. Only a table that is that large itself can have one, so that few are read, each for a few seconds.
 */
export const checkLargeRows: MysqlCheck = async (look, { databases, tables }) => {
  const memory = await taskMemory();
  if (memory === undefined) return;
  const factor = look.dialect.rowMemory;
  const bearable = Math.max((memory - PROGRAM_BYTES) / factor, MIB);
  const dumped = new Set(tables.map(({ database, name }) => `${database}.${name}`));
  const columns = await largeColumns(look, databases);
  const large = await askIfPossible(
    look,
    // Sizes are costly to ask for: of tables with such columns alone.
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name FROM information_schema.TABLES
     WHERE TABLE_SCHEMA IN (?) AND TABLE_NAME IN (?) AND DATA_LENGTH > ? ORDER BY 1, 2`,
    [databases, ['', ...new Set([...columns.values()].map(({ name }) => name))], bearable],
  );
  const end = performance.now() + TOTAL_SECONDS * 1000;
  const found: string[] = [];
  const unread: string[] = [];
  let largest = 0;
  for (const { db, name } of large) {
    const table = `${db}.${name}`;
    const suspect = dumped.has(table) ? columns.get(table) : undefined;
    if (!suspect) continue;
    const bytes = performance.now() < end ? await largestRow(look, suspect) : undefined;
    if (bytes === undefined) unread.push(table);
    else if (bytes > bearable) {
      largest = Math.max(largest, bytes);
      found.push(table);
    }
  }
  tellUnread(look, 'rows that need more memory than the task has', unread);
  if (found.length === 0) return;
  const memoryMiB = Math.ceil((PROGRAM_BYTES + largest * factor) / MIB / STEP_MIB) * STEP_MIB;
  look.note({ ...noteOf('large-rows', found), memoryMiB });
};

interface LargeTable {
  readonly database: string;
  readonly name: string;
  readonly columns: string[];
}

/** Tables with columns that may be large, by `db.table`. */
async function largeColumns(look: MysqlLook, databases: readonly string[]): Promise<ReadonlyMap<string, LargeTable>> {
  const rows = await askIfPossible(
    look,
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, COLUMN_NAME AS col FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA IN (?) AND DATA_TYPE IN (?) ORDER BY 1, 2`,
    [databases, LARGE_TYPES],
  );
  const found = new Map<string, LargeTable>();
  for (const { db, name, col } of rows) {
    const table = found.get(`${db}.${name}`) ?? { database: String(db), name: String(name), columns: [] };
    table.columns.push(String(col));
    found.set(`${db}.${name}`, table);
  }
  return found;
}

/** Bytes of the largest row, in columns that may be large; `undefined` if that takes too long. */
async function largestRow(look: MysqlLook, table: LargeTable): Promise<number | undefined> {
  const size = table.columns.map((column) => `COALESCE(OCTET_LENGTH(${quote(column)}), 0)`).join(' + ');
  const [row] = await askBriefly(look, `MAX(${size}) AS bytes FROM ${qualified(table)}`, SCAN_SECONDS).catch(() => []);
  return row && Number(row.bytes ?? 0);
}
