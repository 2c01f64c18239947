import type { BigIntStats } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError, errorCode } from '../../task/run/errors';
import type { ContentsSpool } from './contents';
import type { Entry, HashedEntry } from './entry';
import { below, bytesOf, textOf } from './name';
import { TarRun } from './tar-run';
import { Troubles } from './troubles';
import { inodeOf, look, lookAgain, OPEN_FLAGS, replaced, requireSameDirectory, type Found } from './walk';

/** How often a file that changes is read. */
const ATTEMPTS = 3;
const PAUSE_MS = 1000;
/** Looks at once at files that were read. */
const LOOKS = 16;
/** Times of files advance in steps: one that changed just before it was read may do so again within the same step. */
const STEP_MS = 20;

/** Where the files are, and who hears of them. */
export interface ArchiveSource {
  /** A directory, as bytes (see `name.ts`). */
  readonly root: string;
  readonly signal: AbortSignal;
  readonly contents: ContentsSpool;
}

/**
 * One archive of files that others may be writing to. tar reads them one after another; each must be in the archive as it was found,
 * and be so still when it was read. What was not is read again, and stands once more at the end of the archive, where tar takes it from.
 */
export class Archive {
  readonly troubles = new Troubles();
  private changed = new Map<string, Found>();
  /** Of what has changed, what is in the archive nevertheless. */
  private readonly archived = new Set<string>();
  /** Names of what has several, by its device and inode. */
  private readonly links = new Map<string, string[]>();
  /** The directory whose entries are read. */
  private current: Found | undefined;
  private readonly checks = new Set<Promise<void>>();
  private failure: unknown;
  private tar: TarRun | undefined;

  constructor(private readonly source: ArchiveSource) {}

  /** Path that is being read. */
  get path(): string | undefined {
    return this.tar?.path;
  }

  /** The blocks of what was found, and of what must be read again. */
  async *files(found: AsyncIterable<Found>): AsyncGenerator<Buffer> {
    yield* this.pass(this.noted(found));
    this.source.contents.beginAgain();
    for (let attempt = 1; attempt < ATTEMPTS && this.changed.size > 0; attempt++) {
      await sleep(PAUSE_MS, undefined, { signal: this.source.signal });
      const again = new Set([...this.changed.values()].flatMap((one) => this.namesOf(one)));
      this.changed = new Map();
      yield* this.pass(this.lookedAt(again));
    }
    for (const [path] of this.changed)
      if (this.archived.has(path)) this.troubles.restless.add(path);
      else this.troubles.unreadable.set(path, 'tar did not read it');
  }

  /**
   * The blocks of one file that nobody else writes to.
   *
   * @param directory in which it has its path
   * @param args of tar: the owner
   */
  async *copy(found: Found, directory: string, args: readonly string[]): AsyncGenerator<Buffer> {
    yield* this.run(
      new TarRun({ directory, args }),
      (async function* () {
        yield await Promise.resolve(found);
      })(),
      { read: () => undefined, skipped: ({ path }) => this.troubles.unreadable.set(path, 'tar did not read it') },
    );
  }

  async close(): Promise<void> {
    await this.tar?.stop();
    await Promise.allSettled(this.checks);
  }

  private async *pass(found: AsyncIterable<Found>): AsyncGenerator<Buffer> {
    const run = new TarRun({ directory: textOf(this.source.root), args: [] });
    yield* this.run(run, found, {
      read: (one, entry) => {
        this.leaveFor(one);
        this.check(() => this.compare(one, entry));
      },
      skipped: (one) => this.check(() => this.judgeSkipped(one)),
    });
  }

  /** tar follows a link in the middle of a path: once all of a directory was read, it must be the one that was found. */
  private leaveFor(next: Found | undefined): void {
    for (let left = this.current; left && !(next && isIn(next.path, left.path)); left = left.parent) {
      const directory = left;
      this.check(() => requireSameDirectory(this.source.root, directory));
    }
    this.current = next?.stat.isDirectory() ? next : next?.parent;
  }

  private async *run(
    run: TarRun,
    found: AsyncIterable<Found>,
    hear: { read: (found: Found, entry: Entry) => void; skipped: (found: Found) => void },
  ): AsyncGenerator<Buffer> {
    this.tar = run;
    const read = (one: Found, entry: HashedEntry): void => {
      this.source.contents.add(entry);
      hear.read(one, entry);
    };
    try {
      for await (const blocks of run.blocks(found, { read, skipped: hear.skipped })) {
        await this.checked(LOOKS);
        await this.source.contents.room();
        yield blocks;
      }
      this.leaveFor(undefined);
      await this.checked(0);
      await run.succeeded((path) => this.isExplained(path));
    } finally {
      await run.stop();
    }
  }

  private isExplained(path: string): boolean {
    const { vanished, unreadable } = this.troubles;
    return this.changed.has(path) || vanished.has(path) || unreadable.has(path);
  }

  private check(work: () => Promise<void>): void {
    const checking = work()
      .catch((error: unknown) => (this.failure ??= error))
      .then(() => void this.checks.delete(checking));
    this.checks.add(checking);
  }

  /** Waits until no more than so many checks are under way. */
  private async checked(most: number): Promise<void> {
    while (this.checks.size > most) await Promise.race(this.checks);
    if (this.failure) throw this.failure;
  }

  /** Compares a file that was read with what it was before, and what the archive says of it. */
  private async compare(found: Found, entry: Entry): Promise<void> {
    if (found.stat.isDirectory() !== (entry.type === 'directory')) throw replaced(found.path);
    if (entry.type === 'directory') return;
    const after = await this.lookAfter(found, entry);
    if (after === 'gone') this.troubles.vanished.add(found.path);
    else if (isSame(found, after)) requireSame(found, entry);
    else this.readAgain(found, true);
  }

  private async lookAfter({ path, stat }: Found, { type }: Entry): Promise<BigIntStats | 'gone' | undefined> {
    try {
      if (type !== 'file') return (await look(this.source.root, path)).stat;
      // Only when a file is opened, a network file system asks how it is now.
      const file = await open(bytesOf(below(this.source.root, path)), OPEN_FLAGS);
      return await file.stat({ bigint: true }).finally(() => file.close());
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return 'gone';
      // What it was replaced by cannot be opened.
      return stat.isFile() ? undefined : Promise.reject(error as Error);
    }
  }

  /** Why tar has passed over something. */
  private async judgeSkipped(found: Found): Promise<void> {
    const { path, stat } = found;
    try {
      if (stat.isFile()) await (await open(bytesOf(below(this.source.root, path)), OPEN_FLAGS)).close();
      else await look(this.source.root, path);
      this.readAgain(found, false);
    } catch (error) {
      if (errorCode(error) === 'ENOTDIR') throw replaced(path);
      if (errorCode(error) === 'ELOOP') this.readAgain(found, false);
      else this.troubles.missed(path, error);
    }
  }

  private readAgain(found: Found, isArchived: boolean): void {
    this.changed.set(found.path, found);
    if (isArchived) this.archived.add(found.path);
  }

  /** All names of a file: of one that is read again, they must become names of what was read then. */
  private namesOf({ path, stat }: Found): readonly string[] {
    return (stat.nlink > 1n && this.links.get(inodeOf(stat))) || [path];
  }

  private async *noted(found: AsyncIterable<Found>): AsyncGenerator<Found> {
    for await (const one of found) {
      const { stat, path } = one;
      if (!stat.isDirectory() && stat.nlink > 1n) {
        const names = this.links.get(inodeOf(stat));
        if (names) names.push(path);
        else this.links.set(inodeOf(stat), [path]);
      }
      yield one;
    }
  }

  private async *lookedAt(paths: Iterable<string>): AsyncGenerator<Found> {
    for (const path of paths) {
      const found = await lookAgain(this.source.root, path).catch((error: unknown) =>
        this.troubles.missed(path, error),
      );
      if (!found) continue;
      // Nobody has looked into a new directory, and no archive holds a socket.
      if (found.stat.isDirectory() || found.stat.isSocket()) throw replaced(path);
      yield found;
    }
  }
}

const isIn = (path: string, directory: string): boolean => directory === '.' || path.startsWith(`${directory}/`);

/** Whether a file is what it was, and was so for longer than a step of its times. */
function isSame({ stat, at }: Found, after: BigIntStats | undefined): boolean {
  const facts = ['dev', 'ino', 'size', 'mode', 'uid', 'gid', 'mtimeNs', 'ctimeNs'] as const;
  return facts.every((fact) => stat[fact] === after?.[fact]) && Math.abs(Number(stat.ctimeMs) - at) > STEP_MS;
}

/**
 * A file that has not changed is in the archive as it is.
 *
 * @throws BackupError `dump-incomplete`
 */
function requireSame({ path, stat }: Found, entry: Entry): void {
  const isAs =
    entry.mode === (Number(stat.mode) & 0o7777) &&
    entry.mtime === stat.mtimeNs &&
    entry.uid === Number(stat.uid) &&
    entry.gid === Number(stat.gid) &&
    (entry.type !== 'file' || entry.size === Number(stat.size));
  if (isAs) return;
  throw new BackupError(
    'dumpFailed',
    `tar has written ${textOf(path)} otherwise than it is: report this, with the version of tar`,
    { kind: 'dump-incomplete', object: textOf(path) },
  );
}
