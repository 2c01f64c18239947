import { open, readlink } from 'node:fs/promises';
import { BackupError } from '../../../task/run/errors';
import type { ContentsSpool } from '../contents';
import { below, bytesOf, isText, nameOf, nameOfText } from '../name';
import { Selection } from '../selection';
import { Troubles } from '../troubles';
import { inodeOf, look, OPEN_FLAGS, replaced, walk, type Found } from '../walk';
import { join } from './join';
import type { Restic } from './restic';
import type { FoundBefore, Scan } from './scan';
import { entriesOf, type SavedEntry, type SnapshotHead } from './snapshot';
import type { FilesJob } from '../../../catalog/contract/task';

/** What stands in a name for bytes that are no UTF-8. */
const LOST_BYTES = nameOfText('\uFFFD');

/** What is compared with a snapshot. */
export interface ListedFiles {
  /** As bytes. */
  readonly root: string;
  readonly job: FilesJob;
  readonly scan: Scan;
}

/**
 * The list of contents of a snapshot, and what is wrong with it: the snapshot beside what was found before restic read the files, and what is
 * there now.
 */
export class SnapshotList {
  readonly troubles = new Troubles();
  /** What changed while restic read it, or was passed over. */
  readonly again = new Set<string>();
  /** What was passed over, though it can be read. */
  readonly passedOver = new Set<string>();
  head: SnapshotHead | undefined;
  /** Regular files of the snapshot, and bytes of them, as restic counts: each name of a file once more. */
  readonly counted = { files: 0, bytes: 0 };
  /** Entries that are no directories, and bytes of them. */
  readonly listed = { files: 0, bytes: 0 };
  /** The first names of what has several, by device and inode. */
  private readonly links = new Map<string, string>();

  constructor(
    private readonly files: ListedFiles,
    private readonly contents: ContentsSpool,
  ) {}

  /** Reads the entries of a snapshot. */
  async read(restic: Restic, snapshot: string): Promise<void> {
    const { root, job, scan } = this.files;
    const now = walk(root, new Selection(job.include, job.exclude), this.troubles);
    const saved = entriesOf(restic, snapshot, scan.names, (head) => (this.head = head));
    for await (const { path, first, second, third } of join(scan.found(), saved, now)) {
      if (first) this.requireSameDirectory(first, second, third);
      if (path === '.') this.addTop(third!);
      else if (second) {
        if (!first && !third && second.path.includes(LOST_BYTES)) this.ask(second.path);
        await this.add(second, third);
        if (third?.stat.isFile()) await scan.refuseDatabase(third);
      }
      // restic gets the parts of a divided directory, which may all have gone since, and that with them only.
      else if (first && third) await (scan.divided.has(path) ? undefined : this.judgeMissing(third));
      else if (first) this.troubles.vanished.add(path);
      else if (third?.stat.isSocket()) this.troubles.sockets.add(path);
      else if (third && !isText(path)) this.learn(third);
      await this.contents.room();
    }
  }

  /**
   * restic follows a link in the middle of a path: each directory must be the one that was found, in its snapshot and now.
   *
   * @throws BackupError `replaced`
   */
  private requireSameDirectory({ path, directory }: FoundBefore, saved?: SavedEntry, now?: Found): void {
    if (directory === undefined) return;
    const isSame =
      (!saved || (saved.type === 'directory' && saved.inode === Number(directory.split(':')[1]))) &&
      (!now || (now.stat.isDirectory() && inodeOf(now.stat) === directory));
    if (!isSame) throw replaced(path === '.' ? this.files.root : path);
  }

  /** restic keeps nothing of the directory itself. */
  private addTop({ path, stat }: Found): void {
    const [mode, uid, gid] = [stat.mode & 0o7777n, stat.uid, stat.gid].map(Number) as [number, number, number];
    this.contents.add({ ...{ path, type: 'directory', size: 0, mode, uid, gid }, mtime: stat.mtimeNs });
  }

  /** What it is now says its names exactly, and whether restic has read it while it changed. */
  private async add({ ctime, ...entry }: SavedEntry, now: Found | undefined): Promise<void> {
    const { path, type, size } = entry;
    const isFile = type === 'file';
    if (isFile) {
      this.counted.files++;
      this.counted.bytes += size;
    }
    const isSame = now !== undefined && now.stat.mtimeNs === entry.mtime && now.stat.ctimeNs === ctime;
    if (now && isFile && !(isSame && now.stat.isFile() && Number(now.stat.size) === size)) this.again.add(path);
    const first = isFile && isSame ? this.firstNameOf(now) : undefined;
    const target = type === 'symlink' && isSame ? await this.targetOf(now) : undefined;
    if (now && type === 'symlink' && target === undefined) this.again.add(path);
    const link = first ?? target;
    const listed = first === undefined ? entry : { ...entry, type: 'hard-link' as const, size: 0 };
    this.contents.add({ ...listed, ...(link !== undefined && { link }) });
    if (type === 'directory') return;
    this.listed.files++;
    this.listed.bytes += listed.size;
  }

  /** Where a link leads, which restic does not tell; nothing if it was replaced. */
  private async targetOf({ path, stat: { ctimeNs } }: Found): Promise<string | undefined> {
    const { root } = this.files;
    try {
      const target = nameOf(await readlink(bytesOf(below(root, path)), 'buffer'));
      return (await look(root, path)).stat.ctimeNs === ctimeNs ? target : undefined;
    } catch {
      return undefined;
    }
  }

  private firstNameOf({ path, stat }: Found): string | undefined {
    if (stat.nlink < 2n) return undefined;
    const inode = inodeOf(stat);
    const first = this.links.get(inode);
    if (first === undefined) this.links.set(inode, path);
    return first;
  }

  /** It is new, and may be in the snapshot: the next list knows its name. */
  private learn({ path, stat }: Found): void {
    this.files.scan.names.add(path, stat.ino);
    this.ask(path);
  }

  /** It must be in the next snapshot by its right name, or in none. */
  private ask(path: string): void {
    this.again.add(path);
    this.passedOver.add(path);
  }

  /** It was there before and is there now, and is not in the snapshot. */
  private async judgeMissing({ path, stat }: Found): Promise<void> {
    try {
      if (stat.isFile()) await (await open(bytesOf(below(this.files.root, path)), OPEN_FLAGS)).close();
      this.ask(path);
    } catch (error) {
      this.troubles.missed(path, error);
    }
  }
}

/** A snapshot that does not have what it must have. */
export const incomplete = (what: string): BackupError =>
  new BackupError(
    'dumpFailed',
    `restic has left out ${what}: run the backup again, and report this if it happens again`,
    {
      ...{ kind: 'dump-incomplete', object: what },
    },
  );
