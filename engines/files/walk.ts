/** Finds what is to be backed up below a directory. */
import { constants, type BigIntStats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { BackupError, errorCode } from '../../task/run/errors';
import { ancestorsOf, below, bytesOf, textOf } from './name';
import type { Selection } from './selection';

/** Looks at files at once: on a network file system each takes a round trip. */
const LOOKS = 32;

/** What a restore makes while it is under way: no part of a backup. */
export const RESTORING = '.proven-backups-restoring-';

/** Opens what is found, and neither what it was replaced by, a link, nor waits for the other end of a FIFO. */
export const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** A file, directory or other entry that was found. */
export interface Found {
  readonly path: string;
  readonly stat: BigIntStats;
  /** When it was looked at. Milliseconds since 1970. */
  readonly at: number;
  /** The directory in which it was found; the top has none. */
  readonly parent?: Found;
  /** Whether there is an entry of this name beside it. */
  readonly beside?: (name: string) => boolean;
}

/** Hears what cannot be found. */
export interface WalkListener {
  /** What was listed, and is gone or cannot be looked at, or a directory that cannot be listed. */
  missed(path: string, error: unknown): void;
  /** A directory of another file system, which is not entered. */
  otherFileSystem(path: string): void;
  /** What is there, and is not chosen. */
  leftOut?(found: Found): void;
}

/** Looks at an entry, without following a link; at the top, which may be one to a directory, behind it. */
export async function look(root: string, path: string, parent?: Found): Promise<Found> {
  const at = Date.now();
  const found = await (path === '.' ? stat : lstat)(bytesOf(below(root, path)), { bigint: true });
  return { path, stat: found, at, ...(parent && { parent }) };
}

/**
 * Looks at an entry once more, and at each directory that leads to it.
 *
 * @throws BackupError `replaced` if one is no directory any more: what a link leads to is no part of the backup
 */
export async function lookAgain(root: string, path: string): Promise<Found> {
  let parent = await look(root, '.');
  for (const directory of [...ancestorsOf(path)].reverse()) {
    parent = await look(root, directory, parent);
    if (!parent.stat.isDirectory()) throw replaced(directory);
  }
  return look(root, path, parent);
}

/**
 * Requires that a directory is the one that was found, or gone, if it is not the top.
 *
 * @throws BackupError `replaced`
 */
export async function requireSameDirectory(root: string, { path, stat: before }: Found): Promise<void> {
  const isTop = path === '.';
  const now = await look(root, path).catch((error: unknown) => error);
  if (!isTop && errorCode(now) === 'ENOENT') return;
  const after = now instanceof Error ? undefined : (now as Found).stat;
  // The number of what was removed may be given anew.
  if (!after?.isDirectory() || after.ino !== before.ino || after.dev !== before.dev)
    throw replaced(isTop ? root : path);
}

/** Which entry of the machine it is. */
export const inodeOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`;

/** What a path leads to is not what was found there. */
export const replaced = (path: string): BackupError =>
  new BackupError(
    'dumpFailed',
    `${textOf(path)} was replaced while the backup was made, by another directory, a link or something else: run the backup again, and name in exclude what is replaced all the time`,
    { kind: 'replaced', object: textOf(path) },
    { passing: true },
  );

/**
 * All entries that are chosen, each after the directory that it is in, in the order of their bytes.
 * Links are not followed, and other file systems not entered. Keeps the names of one directory of each level.
 *
 * @param root directory; a link to one is followed
 * @throws what `lstat` or `readdir` of the root throw
 */
export async function* walk(root: string, selection: Selection, listener: WalkListener): AsyncGenerator<Found> {
  const top = await look(root, '.');
  const first = new Level(top, selection.judge('.', false) === 'yes', await list(root, '.'));
  const levels = [first];
  while (levels.length > 0) {
    const level = levels.at(-1)!;
    if (level.isChosen) yield* told(levels);
    const found = await level.next(root, listener);
    if (!found) {
      levels.pop();
      continue;
    }
    const verdict = selection.judge(found.path, level.isChosen);
    const isChosen = verdict === 'yes';
    if (!isChosen) listener.leftOut?.(found);
    if (verdict === 'no') continue;
    if (!found.stat.isDirectory()) {
      if (!isChosen) continue;
      yield* told(levels);
      yield found;
    } else if (found.stat.dev !== top.stat.dev) {
      listener.otherFileSystem(found.path);
      if (!isChosen) continue;
      yield* told(levels);
      yield found;
    } else {
      const names = await list(root, found.path).catch((error: Error) => error);
      if (names instanceof Error) listener.missed(found.path, names);
      else levels.push(new Level(found, isChosen, names));
    }
  }
}

/** The directories that lead to what was found, each once. */
function* told(levels: readonly Level[]): Generator<Found> {
  for (const level of levels) {
    if (!level.isTold) yield level.self;
    level.isTold = true;
  }
}

async function list(root: string, path: string): Promise<string[]> {
  const names = await readdir(bytesOf(below(root, path)), 'latin1');
  return names.filter((name) => !name.startsWith(RESTORING)).sort();
}

/** A directory whose entries are being looked at. */
class Level {
  isTold = false;
  private position = 0;
  private ahead: (Found | Error)[] = [];
  private aheadFrom = 0;

  constructor(
    readonly self: Found,
    /** Whether all that is in it is chosen. */
    readonly isChosen: boolean,
    private readonly names: readonly string[],
  ) {}

  /** The next entry that is there. */
  async next(root: string, listener: WalkListener): Promise<Found | undefined> {
    while (this.position < this.names.length) {
      if (this.position >= this.aheadFrom + this.ahead.length) await this.lookAhead(root);
      const found = this.ahead[this.position - this.aheadFrom]!;
      const path = below(this.self.path, this.names[this.position++]!);
      if (!(found instanceof Error)) return { ...found, beside: (name) => this.has(name) };
      listener.missed(path, found);
    }
    return undefined;
  }

  /** By bisection: a set of a million names takes more memory than they do. */
  private has(name: string): boolean {
    let [from, to] = [0, this.names.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.names[middle]! < name) from = middle + 1;
      else to = middle;
    }
    return this.names[from] === name;
  }

  private async lookAhead(root: string): Promise<void> {
    this.aheadFrom = this.position;
    const names = this.names.slice(this.position, this.position + LOOKS);
    this.ahead = await Promise.all(
      names.map((name) => look(root, below(this.self.path, name), this.self).catch((error: Error) => error)),
    );
  }
}
