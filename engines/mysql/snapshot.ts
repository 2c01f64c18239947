import type { Connection, RowDataPacket } from 'mysql2/promise';
import { performance } from 'node:perf_hooks';
import type { Consistency, TableCount } from '../../catalog/bucket/manifest';
import { errorText } from '../../task/run/errors';
import type { Log } from '../../task/run/log';
import type { Tool } from '../../task/io/tool';
import { quote } from './names';
import type { MysqlTable } from './plan';

/** All that a snapshot of MySQL or MariaDB needs. */
export interface MysqlSnapshotContext {
  readonly tables: readonly MysqlTable[];
  readonly log: Log;
  /** Whether a session can ask for the binary log position of its snapshot. */
  readonly hasSnapshotPositions: boolean;
  readonly connect: () => Promise<Connection>;
  /** Starts the dump tool; with its binary log position in the head of its output, if asked. */
  readonly startTool: (withPosition: boolean) => Tool;
  readonly signal: AbortSignal;
}

/** A dump under way, and the count of its rows. */
export interface StartedDump {
  readonly tool: Tool;
  /** Resolves after the dump, with the counts and their relation to its snapshot. */
  readonly counts: () => Promise<{ tables: TableCount[]; rowCounts: Consistency['rowCounts']; reason?: string }>;
  readonly connections: readonly Connection[];
}

/** Writers queue behind a lock that waits: the wait for the lock and the time under it are at most this long. */
const LOCK_WAIT_SECONDS = 3;
const POSITION_ATTEMPTS = 3;
const POSITION = /^-- CHANGE MASTER TO MASTER_LOG_FILE='([^']+)', MASTER_LOG_POS=(\d+)/m;
const HEAD_BYTES = 64 * 1024;

/**
 * Starts the dump so that the rows can be counted in its own snapshot: under one short read lock; else, on MariaDB, by
 * equal positions in the binary log; else bracketed by a count before and one after.
 */
export async function startInSnapshot(context: MysqlSnapshotContext): Promise<StartedDump> {
  const locked = await underReadLock(context);
  if ('tool' in locked) return locked;
  const reasons = [locked.reason];
  if (context.hasSnapshotPositions) {
    const positioned = await atBinlogPosition(context);
    if ('tool' in positioned) return positioned;
    reasons.push(positioned.reason);
  }
  return await bracketed(context, reasons.join('; '));
}

type Attempt = StartedDump | { readonly reason: string };

async function underReadLock(context: MysqlSnapshotContext): Promise<Attempt> {
  const counter = await openSnapshotConnection(context);
  if (context.tables.length === 0) return sameSnapshot(context, counter, context.startTool(false), 'read-lock');
  const locker = await context.connect();
  try {
    await locker.query(`SET SESSION lock_wait_timeout = ${LOCK_WAIT_SECONDS}`);
    await locker.query(`LOCK TABLES ${context.tables.map((table) => `${qualified(table)} READ`).join(', ')}`);
  } catch (error) {
    locker.destroy();
    counter.destroy();
    return { reason: `no read lock: ${errorText(error)}` };
  }
  const since = performance.now();
  let tool: Tool | undefined;
  try {
    await beginSnapshot(counter);
    tool = context.startTool(false);
    await Promise.race([tool.started, timeout(LOCK_WAIT_SECONDS * 1000, context.signal)]);
    // A tool that has not begun by now would get another snapshot than the counter's.
    const inTime = tool.hasStarted;
    await locker.query('UNLOCK TABLES');
    context.log.info(
      'read-lock',
      `held a read lock on ${context.tables.length} tables for ${Math.round(performance.now() - since)} ms`,
    );
    if (inTime) return sameSnapshot(context, counter, tool, 'read-lock');
    await tool.stop();
    counter.destroy();
    return { reason: `the dump tool did not begin within the ${LOCK_WAIT_SECONDS} s that the read lock may last` };
  } catch (error) {
    await tool?.stop();
    counter.destroy();
    throw error;
  } finally {
    locker.destroy();
  }
}

async function atBinlogPosition(context: MysqlSnapshotContext): Promise<Attempt> {
  for (let attempt = 1; attempt <= POSITION_ATTEMPTS; attempt++) {
    const counter = await openSnapshotConnection(context);
    await beginSnapshot(counter);
    const [rows] = await counter.query<RowDataPacket[]>("SHOW STATUS LIKE 'binlog_snapshot_%'");
    const status = Object.fromEntries(rows.map((row) => [String(row.Variable_name).toLowerCase(), String(row.Value)]));
    const own = `${status.binlog_snapshot_file}:${status.binlog_snapshot_position}`;
    const tool = context.startTool(true);
    const head = await readHead(tool);
    const match = POSITION.exec(head);
    if (match && `${match[1]}:${match[2]}` === own) return sameSnapshot(context, counter, tool, 'binlog-position');
    await tool.stop();
    counter.destroy();
    if (!match) return { reason: 'the dump tool did not write its position in the binary log' };
  }
  return { reason: `the position in the binary log moved on in ${POSITION_ATTEMPTS} tries` };
}

/** Reads the first bytes of the dump and puts them back. */
async function readHead(tool: Tool): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  const { stdout } = tool;
  while (length < HEAD_BYTES) {
    const chunk = stdout.read() as Buffer | null;
    if (chunk) {
      chunks.push(chunk);
      length += chunk.length;
      if (POSITION.test(Buffer.concat(chunks).toString('latin1'))) break;
    } else if (stdout.readableEnded || stdout.destroyed) {
      break;
    } else {
      await new Promise<void>((resolve) => {
        const go = () => {
          stdout.off('readable', go).off('end', go).off('close', go);
          resolve();
        };
        stdout.once('readable', go).once('end', go).once('close', go);
      });
    }
  }
  const head = Buffer.concat(chunks);
  if (!stdout.readableEnded && head.length > 0) stdout.unshift(head);
  return head.toString('latin1');
}

function sameSnapshot(
  context: MysqlSnapshotContext,
  counter: Connection,
  tool: Tool,
  rowCounts: 'read-lock' | 'binlog-position',
): StartedDump {
  // Begins at once, while the dump runs: the snapshot need not be kept any longer than the dump's.
  const counting = countRows(counter, context.tables);
  counting.catch(() => undefined);
  return {
    tool,
    connections: [counter],
    counts: async () => {
      const rows = await counting;
      counter.destroy();
      return {
        rowCounts,
        tables: context.tables.map(({ database, name }, index) => ({ database, name, rows: rows[index] ?? undefined })),
      };
    },
  };
}

async function bracketed(context: MysqlSnapshotContext, reason: string): Promise<StartedDump> {
  context.log.warn(
    'row-counts-bracketed',
    `row counts are taken before and after the dump instead of in its snapshot: ${reason}`,
  );
  const before = await countRowsNow(context);
  return {
    tool: context.startTool(false),
    connections: [],
    counts: async () => {
      const after = await countRowsNow(context);
      const tables = context.tables.map(({ database, name }, index) => ({
        ...{ database, name },
        rowsBefore: before[index] ?? null,
        rowsAfter: after[index] ?? null,
      }));
      return { rowCounts: 'bracketed', reason, tables };
    },
  };
}

/** By a connection of its own: one kept idle for as long as the dump takes would be gone by then. */
async function countRowsNow(context: MysqlSnapshotContext): Promise<(number | null)[]> {
  const counter = await context.connect();
  try {
    return await countRows(counter, context.tables);
  } finally {
    counter.destroy();
  }
}

async function openSnapshotConnection(context: MysqlSnapshotContext): Promise<Connection> {
  const connection = await context.connect();
  await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  return connection;
}

const beginSnapshot = (connection: Connection) =>
  connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');

/** Rows of each table; null if a table was dropped meanwhile. */
async function countRows(connection: Connection, tables: readonly MysqlTable[]): Promise<(number | null)[]> {
  const counts: (number | null)[] = [];
  for (const table of tables) {
    try {
      const [rows] = await connection.query<RowDataPacket[]>(`SELECT COUNT(*) AS n FROM ${qualified(table)}`);
      counts.push(Number(rows[0]?.n));
    } catch (error) {
      if ((error as { code?: string }).code !== 'ER_NO_SUCH_TABLE') throw error;
      counts.push(null);
    }
  }
  return counts;
}

const qualified = ({ database, name }: MysqlTable): string => `${quote(database)}.${quote(name)}`;

function timeout(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}
