import { rowsOf, type Session } from './sessions';

/** A table lock that a session waits for. */
export interface Wait {
  /** `database.table` as far as it is known. */
  readonly object?: string;
  /** Who holds it, or waits for it before us, as far as the server lets us see: `session 42 of app@10.0.0.7`. */
  readonly blocker?: string;
}

const PENDING = `SELECT /*+ MAX_EXECUTION_TIME(400) */ DISTINCT OBJECT_SCHEMA AS db, OBJECT_NAME AS name FROM performance_schema.metadata_locks
  WHERE OBJECT_TYPE = 'TABLE' AND LOCK_STATUS = 'PENDING'
  AND OWNER_THREAD_ID = (SELECT THREAD_ID FROM performance_schema.threads WHERE PROCESSLIST_ID = ?)`;
const BLOCKERS = `SELECT /*+ MAX_EXECUTION_TIME(400) */ DISTINCT t.PROCESSLIST_ID AS id, t.PROCESSLIST_USER AS user, t.PROCESSLIST_HOST AS host
  FROM performance_schema.metadata_locks AS l JOIN performance_schema.threads AS t ON t.THREAD_ID = l.OWNER_THREAD_ID
  WHERE l.OBJECT_TYPE = 'TABLE' AND l.LOCK_STATUS IN ('GRANTED', 'PENDING') AND l.OBJECT_SCHEMA = ? AND l.OBJECT_NAME = ?
  AND t.PROCESSLIST_ID <> ? AND l.LOCK_TYPE NOT IN ('SHARED_READ', 'SHARED_HIGH_PRIO', 'SHARED') ORDER BY 1 LIMIT 3`;

/**
 * What a session waits for. Most accounts may not see that: MySQL wants SELECT on the performance_schema, and MariaDB keeps it
 * switched off.
 *
 * @param watcher asks
 * @param table of whose lock it is known that it is waited for
 */
export async function whatItWaitsFor(
  watcher: Session,
  waiting: number,
  table?: { readonly database: string; readonly name: string },
): Promise<Wait> {
  const object = table && `${table.database}.${table.name}`;
  try {
    const [row] = table ? [{ db: table.database, name: table.name }] : await rowsOf(watcher, PENDING, [waiting]);
    if (!row) return {};
    const blockers = await rowsOf(watcher, BLOCKERS, [row.db, row.name, waiting]);
    const named = blockers.map(({ id, user, host }) => `session ${id} of ${user}@${host}`).join(', ');
    return { object: `${row.db}.${row.name}`, ...(named === '' ? {} : { blocker: named }) };
  } catch {
    return object === undefined ? {} : { object };
  }
}

/** ` of table shop.z, which session 42 of app@10.0.0.7 holds or waits for`; empty if nothing is known. */
export const waitText = ({ object, blocker }: Wait): string =>
  `${object === undefined ? '' : ` of table ${object}`}${blocker === undefined ? '' : `, which ${blocker} holds or waits for`}`;
