import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { readContents } from '../../catalog/bucket/contents';
import { BackupError } from '../../task/run/errors';
import { contentsEntry, type ContentsEntry } from './entry';
import { Cover } from './restic/cover';
import { ancestorsOf, below, bytesOf, parentOf } from './name';
import { within } from './place';
import { matcher } from './selection';
import { requireBelow } from './tar-header';

/** What of a backup is restored, by its list of contents. */
export class Chosen {
  /** Files, and the folders at the top that they are in. */
  files = 0;
  readonly folders = new Set<string>();
  /** Of the content of all files, and of those that are extracted for their other names. */
  bytes = 0;
  /** Files that are not chosen, but of which something chosen is another name. */
  private readonly extra = new Set<string>();
  /** Directories that lead to those. */
  private readonly leading = new Set<string>();
  private readonly matches: ((path: string) => boolean) | undefined;
  private readonly parents = new Set<string>(['.']);

  private constructor(
    private readonly file: string,
    patterns: readonly string[] | undefined,
  ) {
    this.matches = patterns && matcher(patterns);
  }

  /**
   * @param file the list of contents
   * @param patterns everything when left out
   * @throws BackupError `configuration` if they choose nothing
   */
  static async read(file: string, patterns: readonly string[] | undefined): Promise<Chosen> {
    const chosen = new Chosen(file, patterns);
    for await (const entry of chosen.all()) chosen.see(entry);
    if (chosen.extra.size > 0)
      for await (const { path, size } of chosen.all()) if (chosen.extra.has(path)) chosen.bytes += size;
    if (patterns && chosen.files === 0 && chosen.parents.size === 1)
      throw new BackupError(
        'configuration',
        `the backup has no files of ${patterns.join(', ')}: see what it has with proven-backups show --contents`,
        { kind: 'table-unknown', object: patterns.join(', ') },
      );
    return chosen;
  }

  /** Whether an entry is extracted: what is chosen, the directories that lead to it, and files for their other names. */
  has(path: string): boolean {
    return this.isChosen(path) || this.extra.has(path);
  }

  /** Whether an entry must be there while files are extracted: those, and the directories that lead to files for their other names. */
  needs(path: string): boolean {
    return this.has(path) || this.leading.has(path);
  }

  /**
   * The fewest paths that stand for all that is extracted, of a list in the order of a walk; only `.` for everything.
   *
   * @param without what is not to be extracted
   */
  async cover(without: readonly string[] = []): Promise<readonly string[]> {
    const cover = new Cover();
    const leftOut = new Set(without);
    for await (const { path, type } of this.all())
      if (this.needs(path) && !leftOut.has(path)) cover.add(path, type === 'directory');
      else cover.leaveOut(path, type === 'directory');
    return cover.paths;
  }

  /** All of the backup. */
  async *all(): AsyncGenerator<ContentsEntry> {
    for await (const { entry: line } of readContents(createReadStream(this.file) as AsyncIterable<Buffer>)) {
      const entry = contentsEntry(line);
      requireBelow(entry.path);
      if (entry.type === 'hard-link') requireBelow(entry.link ?? '');
      yield entry;
    }
  }

  /** All that is extracted. */
  async *entries(): AsyncGenerator<ContentsEntry> {
    for await (const entry of this.all()) if (this.has(entry.path)) yield entry;
  }

  /**
   * Takes away what was extracted for other names only, with the directories that were made for it.
   *
   * @param root directory, as bytes
   */
  async removeExtra(root: string): Promise<void> {
    for (const path of this.extra) {
      const made = [path, ...ancestorsOf(path)].filter((one) => !this.isChosen(one)).at(-1)!;
      const remove = () => rm(bytesOf(below(root, made)), { recursive: true, force: true });
      await within(below(root, parentOf(made)), remove);
    }
  }

  private isChosen(path: string): boolean {
    return !this.matches || this.matches(path) || this.parents.has(path);
  }

  private see({ path, type, size, link }: ContentsEntry): void {
    if (this.matches && !this.matches(path)) return;
    if (this.matches) for (const directory of ancestorsOf(path)) this.parents.add(directory);
    if (this.matches && type === 'hard-link' && !this.matches(link!)) {
      this.extra.add(link!);
      for (const directory of ancestorsOf(link!)) this.leading.add(directory);
    }
    if (type === 'directory') return;
    this.files++;
    this.bytes += size;
    this.folders.add(path.includes('/') ? path.slice(0, path.indexOf('/')) : '.');
  }
}
