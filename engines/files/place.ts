/** Gives restored files their places. */
import { constants, type Stats } from 'node:fs';
import { access, chmod, chown, lstat, readdir, rename, rm, utimes } from 'node:fs/promises';
import { BackupError, errorCode, errorText } from '../../task/run/errors';
import { isDatabase, SIDE_SUFFIXES } from './databases';
import { below, bytesOf, textOf } from './name';
import { notWritable } from './restore-errors';

/**
 * Finds what cannot be replaced: a directory where a file is to be, a file where a directory is, and a directory that may not be
 * changed. Both directories are as bytes.
 *
 * @throws BackupError `targetRefused` before anything was moved
 */
export async function requireFitting(from: string, to: string, path = '.'): Promise<void> {
  const directory = below(to, path);
  let isWritten = false;
  for (const name of await readdir(bytesOf(below(from, path)), 'latin1')) {
    const one = below(path, name);
    const [found, there] = await Promise.all([statOf(below(from, one)), statOf(below(to, one))]);
    if (found && there && found.isDirectory() !== there.isDirectory()) {
      const [isThere, isInBackup] = found.isDirectory() ? ['a file', 'a directory'] : ['a directory', 'a file'];
      throw new BackupError(
        'targetRefused',
        `${textOf(below(to, one))} is ${isThere}, and ${isInBackup} in the backup: move it away, and run the same command again`,
        { kind: 'target-exists', object: textOf(below(to, one)) },
      );
    }
    if (there?.isDirectory()) await requireFitting(from, to, one);
    else isWritten = true;
  }
  if (isWritten) await requireWritable(directory);
}

/** Its owner can let himself in. */
async function requireWritable(directory: string): Promise<void> {
  const refused = await access(bytesOf(directory), constants.W_OK | constants.X_OK).catch((error: Error) => error);
  if (refused && (await lstat(bytesOf(directory))).uid !== process.geteuid?.())
    throw notWritable(textOf(directory), refused);
}

/** How files get their places. */
export interface Placing {
  /** Whether directories that are there get the owners of the others. */
  readonly owners: boolean;
  /** Hears why a directory that is there keeps what it has of owner, permissions and times. */
  readonly kept: (said: string) => void;
}

/**
 * Moves what is in a directory into another one of the same file system. A file replaces the one of its path in one step, a directory
 * that is not there moves with all that is in it, and what is there besides stays, but for what SQLite had beside a database.
 */
export async function merge(from: string, to: string, placing: Placing): Promise<void> {
  const directory = await lstat(bytesOf(from));
  await open(from, directory);
  // One of somebody else stays as it is: a file that cannot be put into it says so.
  await open(to, await lstat(bytesOf(to))).catch(() => undefined);
  const names = await readdir(bytesOf(from), 'latin1');
  const there = new Set(await readdir(bytesOf(to), 'latin1'));
  for (const name of names) {
    const [source, target] = [below(from, name), below(to, name)];
    const found = await lstat(bytesOf(source));
    if (!found.isDirectory()) {
      const beside = SIDE_SUFFIXES.map((suffix) => `${name}${suffix}`).filter((one) => there.has(one));
      // SQLite would replay into the new one what was written for the old one.
      if (beside.length > 0 && found.isFile() && (await isDatabase(bytesOf(source))))
        for (const one of beside) if (!names.includes(one)) await rm(bytesOf(below(to, one)));
      await rename(bytesOf(source), bytesOf(target));
    } else if (there.has(name)) await merge(source, target, placing);
    else {
      // A directory has an entry for the one that it is in.
      await open(source, found);
      await rename(bytesOf(source), bytesOf(target));
      await chmod(bytesOf(target), found.mode & 0o7777);
    }
  }
  const give = async (): Promise<void> => {
    if (placing.owners) await chown(bytesOf(to), directory.uid, directory.gid);
    await chmod(bytesOf(to), directory.mode & 0o7777);
    await utimes(bytesOf(to), directory.atimeMs / 1000, directory.mtimeMs / 1000);
  };
  await give().catch((error: unknown) => {
    if (!['EPERM', 'EACCES'].includes(errorCode(error)!)) throw error;
    placing.kept(`${textOf(to)}: ${errorText(error)}`);
  });
}

/** Changes what is in a directory, whose permissions may forbid that, and which keeps them and its times. */
export async function within(path: string, change: () => Promise<void>): Promise<void> {
  const before = await lstat(bytesOf(path));
  await open(path, before);
  await change();
  await chmod(bytesOf(path), before.mode & 0o7777);
  await utimes(bytesOf(path), before.atimeMs / 1000, before.mtimeMs / 1000);
}

/** What is in it can be moved. */
async function open(path: string, { mode }: Stats): Promise<void> {
  if ((mode & 0o700) !== 0o700) await chmod(bytesOf(path), (mode & 0o7777) | 0o700);
}

const statOf = (path: string): Promise<Stats | undefined> =>
  lstat(bytesOf(path)).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
