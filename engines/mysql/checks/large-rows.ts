import { noteOf } from '../../../catalog/contract/note';
import { taskMemory } from '../../../task/io/task-memory';
import type { MysqlLook } from '../look';
import { quote } from '../names';
import { askBriefly } from './rows';
import type { MysqlCheck } from './index';

const LARGE_TYPES = ['longtext', 'longblob', 'json', 'geometry', 'geometrycollection', 'multipolygon', 'multipoint'];
/** Of the program itself, and of its uploads, while a row passes. */
const PROGRAM_BYTES = 300 * 1024 ** 2;
const SCAN_SECONDS = 5;
const MIB = 1024 ** 2;
/** Fargate has memory by the gigabyte. */
const STEP_MIB = 1024;

interface LargeTable {
  readonly database: string;
  readonly name: string;
  readonly columns: string[];
  /** No row of the table is larger. */
  readonly bytes: number;
}

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
  const suspects = (await largeTables(look, databases)).filter(
    ({ database, name, bytes }) => bytes > bearable && dumped.has(`${database}.${name}`),
  );
  const found: string[] = [];
  let largest = 0;
  for (const { database, name, columns } of suspects) {
    const size = columns.map((column) => `COALESCE(OCTET_LENGTH(${quote(column)}), 0)`).join(' + ');
    const [row] = await askBriefly(
      look,
      `MAX(${size}) AS bytes FROM ${quote(database)}.${quote(name)}`,
      SCAN_SECONDS,
    ).catch(() => []);
    const bytes = Number(row?.bytes ?? 0);
    if (bytes <= bearable) continue;
    largest = Math.max(largest, bytes);
    found.push(`${database}.${name}`);
  }
  if (found.length === 0) return;
  const memoryMiB = Math.ceil((PROGRAM_BYTES + largest * factor) / MIB / STEP_MIB) * STEP_MIB;
  look.note({ ...noteOf('large-rows', found), memoryMiB });
};

async function largeTables(look: MysqlLook, databases: readonly string[]): Promise<LargeTable[]> {
  const columns = await look.query(
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, COLUMN_NAME AS col FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA IN (?) AND DATA_TYPE IN (?) ORDER BY 1, 2`,
    [databases, LARGE_TYPES],
  );
  const byTable = new Map<string, string[]>();
  for (const { db, name, col } of columns) {
    const key = JSON.stringify([db, name]);
    byTable.set(key, [...(byTable.get(key) ?? []), String(col)]);
  }
  if (byTable.size === 0) return [];
  const sizes = await look.query(
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, DATA_LENGTH AS bytes FROM information_schema.TABLES
     WHERE (TABLE_SCHEMA, TABLE_NAME) IN (?)`,
    [[...byTable.keys()].map((key) => JSON.parse(key) as string[])],
  );
  return sizes.map(({ db, name, bytes }) => ({
    ...{ database: String(db), name: String(name), bytes: Number(bytes ?? 0) },
    columns: byTable.get(JSON.stringify([db, name])) ?? [],
  }));
}
