import { setTimeout as sleep } from 'node:timers/promises';
import type { Consistency, TableCount } from '../../catalog/bucket/manifest';
import type { BackupError } from '../../task/run/errors';
import type { Log } from '../../task/run/log';
import type { Tool } from '../../task/io/tool';
import type { MysqlDialect } from './dialect';
import { countFailure, isBrokenSession } from './failures';
import { hasSnapshots, type MysqlTable } from './plan';
import { ReadLock } from './read-lock';
import { countInSnapshot, countRows, refuseMissing, type Count } from './row-counts';
import { rowsOf, type Session, type Sessions } from './sessions';
import { watchTool } from './tool-watch';
import type { Digests } from './evidence/digests';

/** All that a snapshot of MySQL or MariaDB needs. */
export interface MysqlSnapshotContext {
  /** Tables whose rows are counted. */
  readonly tables: readonly MysqlTable[];
  readonly log: Log;
  readonly dialect: MysqlDialect;
  /** Whether a session can ask for the binary log position of its snapshot. */
  readonly hasSnapshotPositions: boolean;
  readonly sessions: Sessions;
  /** The session of the preflight: it locks, and then watches the tool. */
  readonly control: Session;
  /** Starts the dump tool; with its binary log position in the head of its output, if asked. */
  readonly startTool: (withPosition: boolean) => Tool;
  /** Taken in the snapshot of the dump, after the counts; where there is none, only of a server that nobody changes. */
  readonly digests: Digests | undefined;
  readonly signal: AbortSignal;
}

/** A dump under way, and the count of its rows. */
export interface StartedDump {
  readonly tool: Tool;
  /** A failure that is the cause of what the tool says, if there is one. */
  readonly cause: () => BackupError | undefined;
  /** Resolves after the dump, with the counts and their relation to its snapshot. */
  readonly counts: () => Promise<{ tables: TableCount[]; rowCounts: Consistency['rowCounts']; reason?: string }>;
  /** Resolves when nothing is asked in a snapshot any more, whether or not it was answered. */
  readonly settled: Promise<unknown>;
}

/** Seconds after which the server ends a session of ours that has gone silent: the task's host may be lost. */
const SILENCE_SECONDS = 60;
/** So long the tool may say why it breaks off, when a session of ours has broken. */
const TOOL_FIRST_MS = 10_000;
const POSITION_ATTEMPTS = 3;
const POSITION = /^-- CHANGE MASTER TO MASTER_LOG_FILE='([^']+)', MASTER_LOG_POS=(\d+)/m;
const HEAD_BYTES = 64 * 1024;

/**
 * Starts the dump so that the rows can be counted in its own snapshot: under one short read lock; else, on MariaDB, by
 * equal positions in the binary log; else bracketed by a snapshot just before and one just after.
 */
export async function startInSnapshot(context: MysqlSnapshotContext): Promise<StartedDump> {
  const others = await countAround(context);
  const locked = await underReadLock(context, others);
  if ('tool' in locked) return locked;
  const reasons = [locked.reason];
  if (context.hasSnapshotPositions) {
    const positioned = await atBinlogPosition(context, others);
    if ('tool' in positioned) return positioned;
    reasons.push(positioned.reason);
  }
  return await bracketed(context, others, reasons.join('; '));
}

/** Counts tables that have no snapshots before the dump, and, when it is called, after it. */
type CountsAround = () => Promise<TableCount[]>;

async function countAround(context: MysqlSnapshotContext): Promise<CountsAround> {
  const others = context.tables.filter((table) => !hasSnapshots(table));
  const before = await countRowsNow(context, others);
  return async () => {
    const after = await countRowsNow(context, others);
    refuseMissing(others, [before, after]);
    return boundsOf(others, before, after);
  };
}

const boundsOf = (tables: readonly MysqlTable[], before: readonly Count[], after: readonly Count[]): TableCount[] =>
  tables.map(({ database, name }, index) => ({
    ...{ database, name },
    rowsBefore: before[index] ?? null,
    rowsAfter: after[index] ?? null,
  }));

/** A table that has the same rows before and after the dump is one that nobody has changed. */
const settledOf = ({ rowsBefore, rowsAfter, ...table }: TableCount): TableCount =>
  rowsBefore === rowsAfter && typeof rowsAfter === 'number'
    ? { ...table, rows: rowsAfter }
    : { ...table, rowsBefore, rowsAfter };

type Attempt = StartedDump | { readonly reason: string };

async function underReadLock(context: MysqlSnapshotContext, others: CountsAround): Promise<Attempt> {
  const { control, log, sessions, signal, tables } = context;
  // Each table beyond those would have to be opened while the others are locked.
  const [server] = await rowsOf(control, 'SELECT @@table_open_cache AS open');
  if (tables.length > Number(server?.open))
    return {
      reason: `${tables.length} tables are more than the server keeps open (table_open_cache = ${server?.open})`,
    };
  const counter = await openCounter(context);
  if (tables.length === 0) return sameSnapshot(context, counter, context.startTool(false), 'read-lock', others);
  const lock = await ReadLock.take(control, counter, tables, log);
  if (typeof lock === 'string') {
    await sessions.end(counter);
    return { reason: lock };
  }
  let tool: Tool | undefined;
  try {
    await beginSnapshot(counter);
    tool = context.startTool(false);
    await Promise.race([tool.started, lock.timeIsUp(signal)]);
    // A tool that has not begun by now would get another snapshot than the counter's.
    if (tool.hasStarted) return sameSnapshot(context, counter, tool, 'read-lock', others);
  } finally {
    await lock.release();
  }
  await Promise.all([tool.stop(), sessions.end(counter)]);
  return { reason: 'the dump tool did not begin while the read lock may last' };
}

async function atBinlogPosition(context: MysqlSnapshotContext, others: CountsAround): Promise<Attempt> {
  for (let attempt = 1; attempt <= POSITION_ATTEMPTS; attempt++) {
    const counter = await openSnapshot(context);
    const rows = await rowsOf(counter, "SHOW STATUS LIKE 'binlog_snapshot_%'");
    const status = Object.fromEntries(rows.map((row) => [String(row.Variable_name).toLowerCase(), String(row.Value)]));
    const own = `${status.binlog_snapshot_file}:${status.binlog_snapshot_position}`;
    const tool = context.startTool(true);
    const head = await readHead(tool);
    const match = POSITION.exec(head);
    if (match && `${match[1]}:${match[2]}` === own)
      return sameSnapshot(context, counter, tool, 'binlog-position', others);
    await Promise.all([tool.stop(), context.sessions.end(counter)]);
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
  counter: Session,
  tool: Tool,
  rowCounts: 'read-lock' | 'binlog-position',
  others: CountsAround,
): StartedDump {
  const { cause, fail } = watch(context, tool);
  const kept = context.tables.filter(hasSnapshots);
  const counting = countBeside(context, tool, kept, [counter], fail, context.digests);
  return {
    ...{ tool, cause, settled: counting.catch(() => undefined) },
    counts: async () => {
      const [counts = []] = await counting;
      return {
        rowCounts,
        tables: [
          ...kept.map(({ database, name }, index) => ({ database, name, rows: counts[index] ?? undefined })),
          ...(await others()).map(settledOf),
        ],
      };
    },
  };
}

/** Counts in two snapshots, between which the tool takes its own; where there are no snapshots, before and after the dump. */
async function bracketed(context: MysqlSnapshotContext, others: CountsAround, reason: string): Promise<StartedDump> {
  const { log, tables, digests } = context;
  log.warn(
    'row-counts-bracketed',
    `row counts are taken just before and just after the snapshot of the dump instead of in it: ${reason}`,
  );
  const kept = tables.filter(hasSnapshots);
  const earlier = await openSnapshot(context);
  const tool = context.startTool(false);
  const { cause, fail } = watch(context, tool);
  const later = tool.started.then(() => openSnapshot(context));
  const counting = countBeside(context, tool, kept, [earlier, later], fail, digests?.isQuiet ? digests : undefined);
  await later;
  return {
    ...{ tool, cause, settled: counting.catch(() => undefined) },
    counts: async () => {
      const [before = [], after = []] = await counting;
      return {
        ...{ rowCounts: 'bracketed', reason },
        tables: [...boundsOf(kept, before, after), ...(await others())],
      };
    },
  };
}

/**
 * Counts in the snapshot of each of these sessions, and ends them. Begins at once, while the dump runs: the snapshots need not
 * be kept any longer than the dump's, but for digests.
 *
 * @param digests are taken in the last of them
 */
function countBeside(
  context: MysqlSnapshotContext,
  tool: Tool,
  tables: readonly MysqlTable[],
  counters: readonly (Session | Promise<Session>)[],
  fail: (error: unknown) => Promise<void>,
  digests?: Digests,
): Promise<Count[][]> {
  const { dialect, sessions } = context;
  const counting = Promise.all(
    counters.map(async (session, index) => {
      const counter = await session;
      const counts = await countInSnapshot(counter, tables, tool, dialect.limitTime);
      if (index === counters.length - 1) await digests?.take(counter, tool);
      await sessions.end(counter);
      return counts;
    }),
  ).then((all) => {
    refuseMissing(tables, all);
    return all;
  });
  // A dump whose rows cannot be counted will not be kept: the tool need not end it.
  counting.catch(fail);
  return counting;
}

/** Watches the tool, and keeps the first failure of what goes on beside it, which ends it. */
function watch({ control, sessions }: MysqlSnapshotContext, tool: Tool) {
  let cause: BackupError | undefined;
  let ended = false;
  void tool.exited.then(() => (ended = true));
  const fail = async (error: unknown) => {
    const failure = countFailure(error);
    // A session that broke is rarely the only one: what the tool says of it comes first.
    if (failure.cause !== undefined && isBrokenSession(failure.cause))
      await Promise.race([tool.exited, sleep(TOOL_FIRST_MS, undefined, { ref: false })]);
    if (ended) return;
    cause ??= failure;
    void tool.stop();
  };
  // What broke the session that watches, the tool or the count will say.
  void watchTool(tool, control, sessions, fail).catch(() => undefined);
  return { fail, cause: () => cause };
}

/** By a session of its own: one kept idle for as long as the dump takes would be gone by then. */
async function countRowsNow(context: MysqlSnapshotContext, tables: readonly MysqlTable[]): Promise<Count[]> {
  if (tables.length === 0) return [];
  const counter = await openCounter(context);
  try {
    return await countRows(counter, tables);
  } finally {
    await context.sessions.end(counter);
  }
}

async function openCounter({ sessions }: MysqlSnapshotContext): Promise<Session> {
  const session = await sessions.begin();
  await rowsOf(session, 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  await rowsOf(session, `SET SESSION wait_timeout = ${SILENCE_SECONDS}`);
  // MySQL counts even three rows by four threads, which it starts for each table: a slow way through thousands of them, and more
  // than a dump may take of a server with large ones. Older servers and MariaDB have no such setting, nor such threads.
  await rowsOf(session, 'SET SESSION innodb_parallel_read_threads = 1').catch(() => undefined);
  return session;
}

async function openSnapshot(context: MysqlSnapshotContext): Promise<Session> {
  const session = await openCounter(context);
  await beginSnapshot(session);
  return session;
}

const beginSnapshot = (session: Session) => rowsOf(session, 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
