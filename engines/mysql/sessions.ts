import type { Connection, RowDataPacket } from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import { SESSIONS_NEEDED } from './connection';

/** An idle session ends at once; one that takes longer is busy. */
const END_MS = 250;
/** For all that is done to end busy sessions. */
const KILL_MS = 3000;

/** A session of ours on the server. */
export interface Session {
  readonly connection: Connection;
  /** As the server counts its sessions. */
  readonly id: number;
}

/** Rows of a query. */
export async function rowsOf(
  { connection }: Pick<Session, 'connection'>,
  sql: string,
  values: unknown[] = [],
): Promise<RowDataPacket[]> {
  const [rows] = await connection.query<RowDataPacket[]>(sql, values);
  return rows;
}

/** Global values of the variables of these names that the server has. */
export async function variables(
  query: (sql: string, values?: unknown[]) => Promise<RowDataPacket[]>,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await query('SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)', [names]);
  return new Map(rows.map((row) => [String(row.Variable_name), String(row.Value)]));
}

/**
 * The sessions of one dump. They end with it: a server goes on with a long statement, and keeps its locks, after the
 * connection is gone, so what is busy is killed. Every account may kill its own sessions.
 */
export class Sessions {
  private readonly open = new Set<Session>();
  /** Sessions of others that act for us: the dump tool's. */
  private readonly adopted = new Set<number>();
  private closed = false;

  constructor(private readonly connect: () => Promise<Connection>) {}

  /** Opens a session. */
  async begin(): Promise<Session> {
    const connection = await this.connect();
    const [row] = await rowsOf({ connection }, 'SELECT CONNECTION_ID() AS id');
    const session = { connection, id: Number(row?.id) };
    this.open.add(session);
    if (this.closed) {
      await this.close();
      throw new Error('the dump is over');
    }
    return session;
  }

  /**
   * Makes sure that an account of few connections may have as many as a dump needs.
   *
   * @throws BackupError of the connection that the server refuses
   */
  async tryAll(control: Session): Promise<void> {
    const [row] = await rowsOf(control, 'SELECT @@max_user_connections AS most');
    const most = Number(row?.most);
    // Whether the limit holds for this account is known to the server alone.
    if (most === 0 || most >= SESSIONS_NEEDED) return;
    const others: Session[] = [];
    while (others.length < SESSIONS_NEEDED - 1) others.push(await this.begin());
    for (const session of others) await this.end(session);
  }

  /** Lets a session of the dump tool end with ours. */
  adopt(id: number): void {
    this.adopted.add(id);
  }

  /** Forgets a session of the dump tool that has ended by itself. */
  release(id: number): void {
    this.adopted.delete(id);
  }

  /** Ends one session, and what it does. */
  async end(session: Session): Promise<void> {
    if (!this.open.delete(session)) return;
    if (!(await endsByItself(session))) await this.kill([session.id]);
    session.connection.destroy();
  }

  /** Ends all sessions. Never fails: a server that cannot be reached any more ends them by itself. */
  async close(): Promise<void> {
    this.closed = true;
    const sessions = [...this.open];
    this.open.clear();
    const ended = await Promise.all(sessions.map(endsByItself));
    const busy = sessions.filter((_, index) => !ended[index]).map(({ id }) => id);
    await this.kill([...busy, ...this.adopted]);
    this.adopted.clear();
    sessions.forEach(({ connection }) => connection.destroy());
  }

  private async kill(ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    let killer: Connection | undefined;
    const killing = async () => {
      killer = await this.connect();
      for (const id of ids) await killOwn(killer, id, 'CONNECTION');
      await killer.end();
    };
    await Promise.race([killing().catch(() => undefined), sleep(KILL_MS, undefined, { ref: false })]);
    killer?.destroy();
  }
}

/**
 * Ends a session, or what it does, if it is one of our account: an account with more rights may kill all, and behind a proxy the
 * number may be that of another server's session. One that has ended meanwhile is no error.
 */
export async function killOwn(connection: Connection, id: number, what: 'CONNECTION' | 'QUERY'): Promise<void> {
  const [own] = await rowsOf(
    { connection },
    "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID = ? AND LOCATE(CONCAT(USER, '@'), USER()) = 1",
    [id],
  );
  if (own) await connection.query(`KILL ${what} ${id}`).catch(() => undefined);
}

/** Says good-bye, so that the server does not note a connection that broke; `false` if it is busy. */
async function endsByItself({ connection }: Session): Promise<boolean> {
  const ended = connection.end().then(
    () => true,
    () => true,
  );
  return await Promise.race([ended, sleep(END_MS, false)]);
}
