import type { Client } from 'pg';
import { BackupError } from '../../task/run/errors';
import { APPLICATION, type PostgresqlSessions } from './connection';

/** pg_dump gives up after this wait for the locks on its tables. Seconds. */
export const LOCK_WAIT_SECONDS = 60;
/** A dump that stands still is looked at this often. */
const LOOK_MS = 10_000;

/** A lock that a session of ours waits for. */
interface Wait {
  /** Name of the table, or kind of the lock. */
  readonly object: string;
  readonly seconds: number;
  /** 0 for a prepared transaction. */
  readonly pid: number | null;
  readonly role: string | null;
  readonly application: string | null;
}

/**
 * Watches a dump that stands still: whether its sessions wait for a lock, and whose it is. pg_dump limits its wait for tables
 * and says nothing of a lock; its wait for anything else has no limit.
 */
export class LockWatch {
  /** Rejects when a session of ours has waited for too long. Never resolves. */
  readonly overdue: Promise<never>;
  private readonly timer: NodeJS.Timeout;
  /** What the last look that succeeded has seen. */
  private seen: { readonly wait: Wait; readonly since: number; readonly isOver?: boolean } | undefined;
  private progress: unknown;
  private looking: Promise<void> | undefined;

  /** @param progressOf changes while the dump goes on */
  constructor(
    private readonly sessions: PostgresqlSessions,
    private readonly database: string,
    private readonly progressOf: () => unknown,
  ) {
    let reject: (error: BackupError) => void = () => undefined;
    this.overdue = new Promise((_, refuse) => (reject = refuse));
    this.overdue.catch(() => undefined);
    this.timer = setInterval(() => {
      this.looking ??= this.look(reject).finally(() => (this.looking = undefined));
    }, LOOK_MS).unref();
  }

  /** The lock that the dump has failed for, if it was one; else the failure. */
  explain(failure: unknown): unknown {
    if (!this.seen || (failure instanceof BackupError && failure.reason.kind === 'table-locked')) return failure;
    const { wait, since } = this.seen;
    const stoodStill = this.progressOf() === this.progress && Date.now() - since > LOCK_WAIT_SECONDS * 1000 - LOOK_MS;
    return stoodStill ? lockError(this.database, wait, failure) : failure;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async look(reject: (error: BackupError) => void): Promise<void> {
    const progress = this.progressOf();
    if (progress !== this.progress) {
      this.progress = progress;
      this.seen = undefined;
      return;
    }
    const now = Date.now();
    try {
      const wait = await this.waitOfOurs();
      if (wait) this.seen = { wait, since: this.seen?.since ?? now - wait.seconds * 1000 };
      // It may be over because pg_dump has given up this very moment: only the second look in a row forgets it.
      else this.seen = this.seen && !this.seen.isOver ? { ...this.seen, isOver: true } : undefined;
    } catch {
      // A server under load may refuse a look; what the look before has seen is true while the dump stands still.
    }
    if (this.seen && !this.seen.isOver && now - this.seen.since > LOCK_WAIT_SECONDS * 1000 + LOOK_MS)
      reject(lockError(this.database, this.seen.wait));
  }

  private async waitOfOurs(): Promise<Wait | undefined> {
    const client = await this.sessions.connect(this.database);
    try {
      return await longestWait(client);
    } finally {
      await this.sessions.disconnect(client);
    }
  }
}

async function longestWait(client: Client): Promise<Wait | undefined> {
  const { rows } = await client.query<Wait>(
    `SELECT coalesce(format('%I.%I', n.nspname, c.relname), l.locktype) AS object,
       coalesce(extract(epoch FROM clock_timestamp() - l.waitstart), 0)::float8 AS seconds,
       h.pid, a.usename AS role, a.application_name AS application
     FROM pg_locks l JOIN pg_stat_activity own ON own.pid = l.pid
       LEFT JOIN pg_class c ON c.oid = l.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN LATERAL unnest(pg_blocking_pids(l.pid)) h(pid) ON true
       LEFT JOIN pg_stat_activity a ON a.pid = h.pid
     WHERE NOT l.granted AND own.usename = session_user AND own.application_name = $1 AND own.datname = current_database()
     ORDER BY 2 DESC, h.pid LIMIT 1`,
    [APPLICATION],
  );
  return rows[0];
}

function lockError(database: string, { object, pid, role, application }: Wait, cause?: unknown): BackupError {
  const who = [role && `role ${role}`, application && `application ${application}`].filter(Boolean).join(', ');
  const holder = pid === 0 ? 'a prepared transaction' : `process ${pid ?? 'unknown'}${who && ` (${who})`}`;
  return new BackupError(
    'dumpFailed',
    `${object} in database ${database} is locked by ${holder}: the dump waited for ${LOCK_WAIT_SECONDS} s and gave up; let that transaction end, or plan the backup beside it`,
    { kind: 'table-locked', database, object, said: holder },
    { cause },
  );
}
