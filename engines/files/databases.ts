/** SQLite databases among files: copied by SQLite itself, because the bytes of one that is written to are none. */
import { mkdir, open, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Tool } from '../../task/io/tool';
import { BackupError, errorCode } from '../../task/run/errors';
import type { EngineContext } from '../engine';
import { requireRoom, snapshotError } from '../sqlite/dump';
import { fileFault } from '../sqlite/file';
import { Helper } from '../sqlite/helper';
import type { SnapshotReport, SnapshotResult } from '../sqlite/snapshot';
import { below, bytesOf, isText, parentOf, textOf } from './name';
import { OPEN_FLAGS, type Found } from './walk';

const MAGIC = Buffer.from('SQLite format 3\0');
/** A database is of whole pages, and this is the size of the smallest. */
const PAGE_BYTES = 512n;
/** What SQLite keeps beside a database: parts of transactions, which its copy has or must not have. */
export const SIDE_SUFFIXES = ['-wal', '-shm', '-journal'];

/** The databases among the files of one backup. */
export class Databases {
  private readonly found = new Set<string>();
  private helper: Helper | undefined;

  /**
   * @param root directory of the files
   * @param isWanted what is not wanted is a file as any other
   */
  constructor(
    private readonly root: string,
    private readonly isWanted: (path: string) => boolean,
    private readonly context: Pick<EngineContext, 'scratch' | 'signal'>,
  ) {}

  /** Paths of all that were taken. */
  get all(): ReadonlySet<string> {
    return this.found;
  }

  /**
   * Takes a file if it is a database, or belongs to one. Of the names of a directory, that of the database comes first.
   *
   * @returns whether it is no file to be read
   * @throws what the system says of one that it cannot read
   */
  async take(file: Found): Promise<boolean> {
    const {
      path,
      stat: { size },
      beside,
    } = file;
    const suffix = SIDE_SUFFIXES.find((one) => path.endsWith(one));
    if (suffix !== undefined && this.found.has(path.slice(0, -suffix.length))) return true;
    const isOfPages = size > 0n && size % PAGE_BYTES === 0n;
    if (!isOfPages && !beside?.(`${path.slice(path.lastIndexOf('/') + 1)}-wal`)) return false;
    if (!this.isWanted(path) || !(await isDatabase(bytesOf(below(this.root, path))))) return false;
    this.found.add(path);
    return true;
  }

  /**
   * Copies a database, as of one moment, to its path below a directory, with owner, permissions and times as far as this user may.
   *
   * @throws BackupError
   */
  async copy({ path }: Found, tree: string): Promise<SnapshotReport> {
    const { scratch, signal } = this.context;
    const original = bytesOf(below(this.root, path));
    // Arguments of programs are texts, which names need not be.
    const link = join(scratch, 'original');
    await rm(link, { force: true });
    await symlink(original, link);
    const file = isText(path) ? original.toString() : link;
    const fault = fileFault(file);
    if (fault)
      throw new BackupError('dumpFailed', fault.sentence, {
        kind: fault.kind,
        object: textOf(path),
        said: fault.said ?? '',
      });
    await requireRoom(file, scratch, textOf(path));
    const snapshot = join(scratch, 'snapshot.sqlite');
    this.helper = new Helper([file, snapshot]);
    const result = await this.helper.result<SnapshotResult>().catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
    signal.throwIfAborted();
    if (!('report' in result)) throw snapshotError(textOf(path), result.failure);
    const copied = new Tool({ command: 'cp', args: ['--attributes-only', '--preserve=all', '-H', link, snapshot] });
    copied.stdout.resume();
    await copied.succeeded();
    await mkdir(bytesOf(below(tree, parentOf(path))), { recursive: true });
    await rename(snapshot, bytesOf(below(tree, path)));
    return result.report;
  }

  async close(): Promise<void> {
    await this.helper?.stop();
  }
}

/** Whether a file begins as a database does. One that became something else is left to tar. */
export async function isDatabase(path: Buffer): Promise<boolean> {
  const file = await open(path, OPEN_FLAGS).catch((error: unknown) => {
    if (errorCode(error) !== 'ELOOP') throw error;
  });
  if (!file) return false;
  try {
    if (!(await file.stat()).isFile()) return false;
    const { buffer } = await file.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
    return buffer.equals(MAGIC);
  } finally {
    await file.close();
  }
}
