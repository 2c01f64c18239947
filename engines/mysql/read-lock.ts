import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '../../task/run/errors';
import type { Log } from '../../task/run/log';
import { LOCK_WAIT_SECONDS } from './dialect';
import { waitText, whatItWaitsFor, type Wait } from './blockers';
import { qualified } from './names';
import type { MysqlTable } from './plan';
import { killOwn, rowsOf, type Session } from './sessions';

/** From the first wait for the lock to its end: writers queue behind a lock that waits, too. */
const LOCK_MS = 3000;
/** So much before the end, what the lock waits for is asked. */
const LOOK_MS = 500;
/** Seconds after which the server ends a session that holds the lock and has gone silent: the task's host may be lost. */
const SILENCE_SECONDS = 10;

/** A read lock on tables that must be short. */
export class ReadLock {
  private readonly since = performance.now();

  private constructor(
    private readonly session: Session,
    private readonly tables: number,
    private readonly log: Log,
  ) {}

  /**
   * Locks tables, all of them within the time that is stated above: `lock_wait_timeout` counts anew for each table.
   *
   * @param watcher an idle session, which ends the wait
   * @returns the lock, or why there is none
   */
  static async take(
    session: Session,
    watcher: Session,
    tables: readonly MysqlTable[],
    log: Log,
  ): Promise<ReadLock | string> {
    await rowsOf(
      session,
      `SET SESSION lock_wait_timeout = ${Math.ceil(LOCK_MS / 1000)}, SESSION wait_timeout = ${SILENCE_SECONDS}`,
    );
    const lock = new ReadLock(session, tables.length, log);
    let wait: Wait | undefined;
    const stop = new AbortController();
    const watch = async () => {
      await sleep(LOCK_MS - LOOK_MS, undefined, stop);
      void whatItWaitsFor(watcher, session.id).then((found) => (wait = found));
      await sleep(LOOK_MS, undefined, stop);
      await killOwn(watcher.connection, session.id, 'QUERY');
    };
    const watching = watch().catch(() => undefined);
    let isHeld = false;
    try {
      await rowsOf(session, `LOCK TABLES ${tables.map((table) => `${qualified(table)} READ`).join(', ')}`);
      isHeld = true;
    } catch (error) {
      if (!isLockWait(error)) return `no read lock: ${errorText(error)}`;
      const waited = Math.round(lock.elapsed);
      if (wait?.object === undefined) wait = { object: await firstLocked(session, tables) };
      return `no read lock within ${waited} ms: it waited for that${waitText(wait)}`;
    } finally {
      stop.abort();
      await watching;
      if (!isHeld) await lock.end();
    }
    return lock;
  }

  /** Resolves when the lock has to end. */
  async timeIsUp(signal: AbortSignal): Promise<void> {
    await sleep(Math.max(0, LOCK_MS - this.elapsed), undefined, { signal }).catch(() => undefined);
  }

  /** Releases the lock. Never fails: a session that broke holds none. */
  async release(): Promise<void> {
    await this.end();
    this.log.info(
      'read-lock',
      `held a read lock on ${this.tables} tables, or waited for it, for ${Math.round(this.elapsed)} ms`,
    );
  }

  private get elapsed(): number {
    return performance.now() - this.since;
  }

  private async end(): Promise<void> {
    // Again if the end of a wait, which came too late, struck this statement.
    const unlock = () => rowsOf(this.session, 'UNLOCK TABLES');
    await unlock().catch(() => unlock().catch(() => undefined));
    await rowsOf(
      this.session,
      `SET SESSION lock_wait_timeout = ${LOCK_WAIT_SECONDS}, SESSION wait_timeout = @@GLOBAL.wait_timeout`,
    ).catch(() => undefined);
  }
}

/** Whether a lock was waited for: for too long (1205), or until we ended that (1317). */
const isLockWait = (error: unknown): boolean => [1205, 1317].includes((error as { errno?: number }).errno ?? 0);

/** The first table that cannot be locked at once. MariaDB can be asked so. */
async function firstLocked(session: Session, tables: readonly MysqlTable[]): Promise<string | undefined> {
  const until = performance.now() + LOOK_MS;
  for (const table of tables) {
    if (performance.now() > until) return undefined;
    try {
      await rowsOf(session, `LOCK TABLES ${qualified(table)} READ NOWAIT`);
    } catch (error) {
      return isLockWait(error) ? `${table.database}.${table.name}` : undefined;
    }
  }
  return undefined;
}
