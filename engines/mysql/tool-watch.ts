import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError } from '../../task/run/errors';
import type { Tool } from '../../task/io/tool';
import { waitText, whatItWaitsFor, type Wait } from './blockers';
import { LOCK_WAIT_SECONDS } from './dialect';
import { rowsOf, type Session, type Sessions } from './sessions';

const LOOK_EVERY_MS = 5000;
const FIND_EVERY_MS = 200;
const FIND_ATTEMPTS = 50;
const PROCESS = 'FROM information_schema.PROCESSLIST WHERE ID = ?';
const WAITS = /^Waiting for .*(?:lock|flush)/i;

/**
 * Watches the session of a dump tool while it runs: lets it end with ours, and fails the dump if it waits too long for a lock.
 * The session is found by the port of the tool's connection. Behind a proxy there is none, and nothing is watched.
 *
 * @param fail called with the failure, at most once; the tool has to be stopped then
 */
export async function watchTool(
  tool: Tool,
  watcher: Session,
  sessions: Sessions,
  fail: (error: BackupError) => void,
): Promise<void> {
  let ended = false;
  void tool.exited.then(() => (ended = true));
  const pause = (milliseconds: number) => Promise.race([tool.exited, sleep(milliseconds, undefined, { ref: false })]);
  const id = await findSession(tool, watcher, () => !ended, pause);
  if (id === undefined) return;
  sessions.adopt(id);
  for (let waits = 0; !ended; await pause(LOOK_EVERY_MS)) {
    const [row] = await rowsOf(watcher, `SELECT DB AS db, STATE AS state ${PROCESS}`, [id]);
    waits = WAITS.test(String(row?.state)) ? waits + 1 : 0;
    if ((waits - 1) * LOOK_EVERY_MS < LOCK_WAIT_SECONDS * 1000) continue;
    const table = tool.table === undefined ? undefined : { database: String(row?.db), name: tool.table };
    fail(lockedError(await whatItWaitsFor(watcher, id, table)));
    return;
  }
  // A tool that ended otherwise may have left its session waiting.
  if ((await tool.exited) === 0) sessions.release(id);
}

async function findSession(
  tool: Tool,
  watcher: Session,
  isRunning: () => boolean,
  pause: (milliseconds: number) => Promise<unknown>,
): Promise<number | undefined> {
  const [own] = await rowsOf(watcher, `SELECT HOST AS host, USER AS user ${PROCESS}`, [watcher.id]);
  for (let attempt = 1; attempt <= FIND_ATTEMPTS && isRunning(); attempt++) {
    // The address and the account of our own session, by another port.
    const host = String(own?.host).replace(/\d+$/, String(portOf(tool.pid)));
    const [row] = await rowsOf(
      watcher,
      'SELECT ID AS id FROM information_schema.PROCESSLIST WHERE HOST = ? AND USER = ?',
      [host, own?.user],
    );
    if (row) return Number(row.id);
    await pause(FIND_EVERY_MS);
  }
  return undefined;
}

/** The local port of a process's TCP connection. */
function portOf(pid: number | undefined): number | undefined {
  try {
    const sockets = readdirSync(`/proc/${pid}/fd`).map((file) => readlinkSync(`/proc/${pid}/fd/${file}`));
    const inodes = new Set(sockets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
    const lines = ['tcp', 'tcp6'].flatMap((file) => readFileSync(`/proc/${pid}/net/${file}`, 'utf8').split('\n'));
    const fields = lines.map((line) => line.trim().split(/\s+/));
    // sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode
    const found = fields.find(([, , , state, , , , , , inode]) => state === '01' && inodes.has(String(inode)));
    return found && Number.parseInt(String(found[1]?.split(':').pop()), 16);
  } catch {
    // It has ended, or there is no /proc.
    return undefined;
  }
}

const lockedError = (wait: Wait) =>
  new BackupError(
    'dumpFailed',
    `the dump tool has waited for ${LOCK_WAIT_SECONDS} s for a lock${waitText(wait)}: end the session that keeps it, or move the schedule away from it`,
    { kind: 'table-locked', object: wait.object, said: wait.blocker },
  );
