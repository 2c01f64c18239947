import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FilesJob } from '../../../catalog/contract/task';
import { BackupError } from '../../../task/run/errors';
import type { EngineContext } from '../../engine';
import { Databases } from '../databases';
import { nothingFound } from '../dump-errors';
import { bytesOf, isText, nameOf, textOf } from '../name';
import { matcher, Selection } from '../selection';
import { tell, Troubles } from '../troubles';
import { inodeOf, walk, type Found } from '../walk';
import { Cover } from './cover';
import { Names } from './snapshot';

const ALL = ['**'];
/** What the clocks of file systems may be behind. */
const CLOCK_MS = 60_000;

/** What was there before restic read. */
export interface FoundBefore {
  readonly path: string;
  /** Device and inode of a directory. */
  readonly directory?: string;
}

/** A look at all files before restic reads any: what it is to read, and what there must be. */
export class Scan {
  /** Names that are no texts. */
  readonly names = new Names();
  private readonly troubles = new Troubles();
  private readonly databases: Databases;
  private readonly cover = new Cover();
  private readonly paths: string;
  private files = 0;
  /** When the look began, by a clock that may be behind. Nanoseconds since 1970. */
  private since = 0n;

  /** @param root as bytes */
  constructor(
    private readonly root: string,
    private readonly job: FilesJob,
    context: Pick<EngineContext, 'scratch' | 'signal'>,
  ) {
    this.paths = join(context.scratch, 'found');
    this.databases = new Databases(root, matcher(job.sqlite ?? ALL), context);
  }

  /**
   * Looks.
   *
   * @param targets the file that gets what restic reads, as it takes it by `--files-from-raw`
   * @throws BackupError if it finds nothing, something that cannot be read, or databases of SQLite
   */
  async run(targets: string): Promise<void> {
    this.since = BigInt(Date.now() - CLOCK_MS) * 1_000_000n;
    await pipeline(Readable.from(this.lines()), createWriteStream(this.paths, { mode: 0o600 }));
    const databases = [...this.databases.all];
    if (databases.length > 0) throw databasesAmongFiles(databases);
    tell(this.troubles, this.job, () => undefined);
    if (this.files + this.troubles.unreadable.size === 0) throw nothingFound(textOf(this.root), this.job);
    await this.cover.write(targets);
  }

  /** Directories that restic gets only with something that is in them. */
  get divided(): ReadonlySet<string> {
    return this.cover.divided;
  }

  /** All that was found, but for sockets and other file systems, in its order. */
  async *found(): AsyncGenerator<FoundBefore> {
    let rest = Buffer.alloc(0);
    for await (const chunk of createReadStream(this.paths) as AsyncIterable<Buffer>) {
      const bytes = Buffer.concat([rest, chunk]);
      const end = bytes.lastIndexOf(0) + 1;
      for (const line of nameOf(bytes.subarray(0, end)).split('\0').slice(0, -1)) {
        const at = line.indexOf(' ');
        yield { path: line.slice(at + 1), ...(at > 0 && { directory: line.slice(0, at) }) };
      }
      rest = Buffer.from(bytes.subarray(end));
    }
  }

  /** @throws BackupError if a file that is new, or has changed since the look began, is a database of SQLite */
  async refuseDatabase(found: Found): Promise<void> {
    if (found.stat.ctimeNs >= this.since && (await this.isDatabase(found))) throw databasesAmongFiles([found.path]);
  }

  private async *lines(): AsyncGenerator<Buffer> {
    const { cover, troubles } = this;
    const listener = {
      missed: (path: string, error: unknown) => troubles.missed(path, error),
      otherFileSystem: (path: string) => troubles.otherFileSystem(path),
      leftOut: ({ path, stat }: Found) => cover.leaveOut(path, stat.isDirectory()),
    };
    const { include, exclude } = this.job;
    for await (const one of walk(this.root, new Selection(include, exclude), listener)) {
      const { path, stat } = one;
      if (stat.isSocket() || troubles.otherFileSystems.has(path)) continue;
      if (stat.isFile() && (await this.isDatabase(one))) continue;
      if (!isText(path)) this.names.add(path, stat.ino);
      cover.add(path, stat.isDirectory());
      if (!stat.isDirectory()) this.files++;
      yield bytesOf(`${stat.isDirectory() ? inodeOf(stat) : ''} ${path}\0`);
    }
  }

  private async isDatabase(found: Found): Promise<boolean> {
    return this.databases.take(found).catch((error: unknown) => {
      this.troubles.missed(found.path, error);
      return false;
    });
  }
}

const SHOWN = 20;

function databasesAmongFiles(paths: readonly string[]): BackupError {
  const shown = paths.slice(0, SHOWN).map(textOf).join(', ');
  const more = paths.length > SHOWN ? ` and ${paths.length - SHOWN} more` : '';
  return new BackupError(
    'configuration',
    `an incremental backup cannot copy databases of SQLite, whose bytes change while they are read: ${shown}${more}: name them in exclude and back them up as a source of their own, or set sqliteDatabases to [] if nobody writes to them`,
    { kind: 'databases-among-files', object: shown },
  );
}
