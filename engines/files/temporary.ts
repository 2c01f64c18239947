/** The directory in which files are extracted. */
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Tool } from '../../task/io/tool';
import { RESTORING } from './walk';

/** It might be of a restore that is under way. */
const ABANDONED_MS = 24 * 3600 * 1000;

/** Writes all of its file system to the disk: thousands of files one by one would take as many waits. */
export async function flush(directory: string): Promise<void> {
  const sync = new Tool({
    command: 'sync',
    args: ['--file-system', directory],
    failure: { exit: 'restoreFailed', kind: 'client-failed' },
  });
  sync.stdout.resume();
  await sync.succeeded();
}

/** Removes what restores have left that were killed a while ago. */
export async function removeAbandoned(directory: string): Promise<void> {
  for (const name of (await readdir(directory)).filter((one) => one.startsWith(RESTORING))) {
    const path = join(directory, name);
    // Never what a link leads to.
    const found = await lstat(path).catch(() => undefined);
    if (found?.isDirectory() && Date.now() - found.ctimeMs > ABANDONED_MS) await removeAll(path);
  }
}

/** Removes a directory whose own permissions may forbid that. */
export async function removeAll(directory: string): Promise<void> {
  const made = new Tool({ command: 'chmod', args: ['--recursive', '--silent', 'u+rwx', directory] });
  made.stdout.resume();
  await made.exited;
  await rm(directory, { recursive: true, force: true });
}
