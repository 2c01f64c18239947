import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tool } from '../../task/io/tool';
import { BackupError } from '../../task/run/errors';
import type { MysqlDialect } from './dialect';
import { tableFailure } from './failures';
import { qualified } from './names';
import type { MysqlTable } from './plan';
import { rowsOf, type Session } from './sessions';

/** A table that is changed waits for our count of it, and everybody behind that change: so long at most. */
export const COUNT_SECONDS = 3;
/** How often an idle session is spoken to, lest somebody ends it. */
const PING_MS = 2000;
/** How often the tool's table is looked at. */
const LOOK_MS = 100;
/**
 * So many tables ahead of the tool are counted. Servers keep few tables open, MariaDB 400 by itself: far from the tool, each would
 * be opened once more for each session.
 */
const AHEAD = 100;
/** `max_execution_time` and `max_statement_time`; 1317 from MySQL's parallel count, which does not say what ended it. */
const TOOK_TOO_LONG = [3024, 1969, 1317];
const NO_SUCH_TABLE = 1146;

/** Rows of a table; null if it is not there. */
export type Count = number | null;

/**
 * Counts the rows of each table, one after the other. Each count is a statement of its own that holds nothing afterwards.
 *
 * @throws BackupError that names the table
 */
export async function countRows(session: Session, tables: readonly MysqlTable[]): Promise<Count[]> {
  const counts: Count[] = [];
  for (const table of tables) counts.push(await countTable(session, table));
  return counts;
}

/**
 * Counts the rows of each table in the snapshot of an open transaction, which stays open, beside the dump. A table that takes longer than some
 * seconds is counted while the dump tool reads it: nobody waits longer then than for the tool.
 *
 * @param limitTime makes a statement that ends after some seconds
 * @throws BackupError that names the table
 */
export async function countInSnapshot(
  session: Session,
  tables: readonly MysqlTable[],
  tool: Tool,
  limitTime: MysqlDialect['limitTime'],
): Promise<Count[]> {
  const counts: Count[] = [];
  const large: number[] = [];
  const count = async (index: number, seconds?: number): Promise<void> => {
    const table = tables[index]!;
    try {
      counts[index] = await countTable(
        session,
        table,
        seconds === undefined ? undefined : (selected) => limitTime(selected, seconds),
      );
    } catch (error) {
      if (seconds === undefined || !isOverdue((error as Error).cause)) throw error;
      large.push(index);
    } finally {
      // Ends the lock on the table's definition, and keeps the snapshot. A session that broke says so at the next question.
      await rowsOf(session, 'ROLLBACK TO SAVEPOINT counted').catch(() => undefined);
    }
  };
  const countLarge = async (isDue: (index: number) => boolean) => {
    for (const index of large.filter(isDue)) {
      large.splice(large.indexOf(index), 1);
      await count(index);
    }
  };
  let ended = false;
  void tool.exited.then(() => (ended = true));
  const isUnderDump = (index: number) => tables[index]!.name === tool.table;
  let spoken = performance.now();
  /** Waits a moment while the tool goes on, and counts what it reads now. */
  const follow = async () => {
    await Promise.race([tool.exited, sleep(LOOK_MS, undefined, { ref: false })]);
    if (performance.now() - spoken > PING_MS) {
      await rowsOf(session, 'DO 0');
      spoken = performance.now();
    }
    await countLarge(isUnderDump);
  };
  /** The table that the tool has come to; names may be there again in other databases. */
  let reached = 0;
  const isNear = (index: number) => {
    if (index <= reached + AHEAD) return true;
    const found = tables.findIndex(({ name }, at) => at > reached && name === tool.table);
    reached = Math.max(reached, found);
    return index <= reached + AHEAD;
  };
  await rowsOf(session, 'SAVEPOINT counted');
  for (const index of tables.keys()) {
    while (!ended && !isNear(index)) await follow();
    await count(index, COUNT_SECONDS);
    await countLarge(isUnderDump);
  }
  while (large.length > 0 && !ended) await follow();
  await countLarge(() => true);
  return counts;
}

async function countTable(
  session: Session,
  table: MysqlTable,
  statement: (selected: string) => string = (selected) => `SELECT ${selected}`,
): Promise<Count> {
  try {
    const [row] = await rowsOf(session, statement(`COUNT(*) AS n FROM ${qualified(table)}`));
    return Number(row?.n);
  } catch (error) {
    if (errno(error) === NO_SUCH_TABLE) return null;
    throw tableFailure(table, error);
  }
}

/**
 * A table that the server listed and no count found is no table without rows: nobody knows what the dump holds of it.
 *
 * @throws BackupError that names the tables
 */
export function refuseMissing(tables: readonly MysqlTable[], counts: readonly Count[][]): void {
  const missing = tables
    .filter((_, index) => counts.every((found) => found[index] === null))
    .map(({ database, name }) => `${database}.${name}`);
  if (missing.length === 0) return;
  const named = missing.slice(0, 5).join(', ');
  throw new BackupError(
    'dumpFailed',
    `${missing.length} tables that the server listed were not there to be counted: ${named}: they were dropped or renamed during the dump`,
    { kind: 'table-changed', object: named },
    { passing: true },
  );
}

const errno = (error: unknown): number => (error as { errno?: number } | null)?.errno ?? 0;
/** Whether a statement took longer than it may. */
export const isOverdue = (error: unknown): boolean => TOOK_TOO_LONG.includes(errno(error));
