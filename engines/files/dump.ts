import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { FilesJob } from '../../catalog/contract/task';
import { noteOf, type Note } from '../../catalog/contract/note';
import { errorCode } from '../../task/run/errors';
import type { DumpFacts, DumpStream, EngineContext, EngineDump } from '../engine';
import type { SnapshotReport } from '../sqlite/snapshot';
import { Archive } from './archive';
import { ContentsSpool } from './contents';
import { Databases } from './databases';
import { nothingFound, requireReadable } from './dump-errors';
import type { FilesNote } from './facts';
import { nameOfText, textOf } from './name';
import { matcher, Selection } from './selection';
import { CONTENTS, streamOf, type FilesStream } from './stream';
import { END_OF_ARCHIVE } from './tar-header';
import { tarVersion } from './tar-version';
import { tell } from './troubles';
import { lookAgain, replaced, requireSameDirectory, walk, type Found } from './walk';

/** File name of the archive. */
const ARCHIVE_FILE = 'files.tar.zst';
const ALL = ['**'];

/** Dump of a directory: an archive of tar, and the list of what is in it. */
export class FilesDump implements EngineDump {
  /** As bytes. */
  private readonly root: string;
  private readonly job: FilesJob;
  private readonly contents: ContentsSpool;
  private readonly archive: Archive;
  private readonly databases: Databases;
  private version = '';
  private current: Readable | undefined;

  constructor(private readonly context: EngineContext) {
    const { file, files = {}, engine } = context.run.job;
    if (file === undefined) throw new Error(`job of engine ${engine} without a directory`);
    this.root = nameOfText(file);
    this.job = files;
    const { scratch, signal } = context;
    this.contents = new ContentsSpool(join(scratch, 'contents.jsonl'));
    this.archive = new Archive({ root: this.root, signal, contents: this.contents });
    this.databases = new Databases(this.root, matcher(files.sqlite ?? ALL), context);
  }

  async preflight(): Promise<void> {
    this.version = await tarVersion();
    await requireReadable(textOf(this.root));
  }

  async *streams(): AsyncIterable<DumpStream> {
    const { source } = this.context.run.job;
    yield this.stream({ file: ARCHIVE_FILE, kind: 'files', format: 'tar', source, blocks: this.blocks() });
    yield this.stream({ ...CONTENTS, source, blocks: this.contents.bytes() });
  }

  facts(): Promise<DumpFacts> {
    return Promise.resolve({
      ...{ serverVersion: this.version, toolVersion: this.version },
      consistency: { snapshot: 'per-file', rowCounts: 'archive' },
      tables: this.contents.tables(this.context.run.job.source),
    });
  }

  async close(): Promise<void> {
    this.current?.destroy();
    await Promise.all([this.archive.close(), this.databases.close(), this.contents.close()]);
  }

  private stream(content: FilesStream): DumpStream {
    const table = () => (this.archive.path === undefined ? undefined : textOf(this.archive.path));
    return streamOf(content, { table, begins: (bytes) => (this.current = bytes), stop: () => this.close() });
  }

  /** The archive: files, then those that changed, then databases. */
  private async *blocks(): AsyncGenerator<Buffer> {
    let count = 0;
    const files = this.chosen();
    yield* this.archive.files(
      (async function* () {
        for await (const one of files) {
          if (!one.stat.isDirectory()) count++;
          yield one;
        }
      })(),
    );
    // What cannot be read is there, and has a sentence of its own.
    const found = count + this.databases.all.size + this.archive.troubles.unreadable.size;
    if (found === 0) throw nothingFound(textOf(this.root), this.job);
    const tree = join(this.context.scratch, 'databases');
    for (const path of this.databases.all) {
      const found = await this.databaseAt(path).catch((error: unknown) => this.archive.troubles.missed(path, error));
      if (found) yield* this.database(found, tree);
    }
    yield END_OF_ARCHIVE;
    tell(this.archive.troubles, this.job, this.context.note);
  }

  /** @throws BackupError `replaced` if another kind of entry is there */
  private async databaseAt(path: string): Promise<Found> {
    const found = await lookAgain(this.root, path);
    if (!found.stat.isFile()) throw replaced(path);
    return found;
  }

  private async *database(found: Found, tree: string): AsyncGenerator<Buffer> {
    const report = await this.databases.copy(found, nameOfText(tree));
    // SQLite follows links: it must have read what is there.
    await this.databaseAt(found.path).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
    });
    for (let one = found.parent; one; one = one.parent) await requireSameDirectory(this.root, one);
    this.tellOf(found.path, report);
    const { uid, gid } = found.stat;
    yield* this.archive.copy(found, tree, [`--owner=+${uid}`, `--group=+${gid}`]);
    await rm(tree, { recursive: true });
  }

  /** What is chosen, without what tar does not read. */
  private async *chosen(): AsyncGenerator<Found> {
    const { include, exclude } = this.job;
    const { troubles } = this.archive;
    for await (const found of walk(this.root, new Selection(include, exclude), troubles)) {
      if (found.stat.isSocket()) troubles.sockets.add(found.path);
      else if (!found.stat.isFile() || !(await this.isTaken(found))) yield found;
    }
  }

  /** Whether it is a database, or cannot be read. */
  private async isTaken(found: Found): Promise<boolean> {
    return this.databases.take(found).catch((error: unknown) => {
      this.archive.troubles.missed(found.path, error);
      return true;
    });
  }

  private tellOf(path: string, { notes, lostCommits }: SnapshotReport): void {
    const database = textOf(path);
    for (const { kind, objects, said } of notes)
      this.context.note({ ...noteOf(kind, objects, database), ...(said === undefined ? {} : { said }) });
    const lost: Note<FilesNote> = { kind: 'lost-commits', database, count: lostCommits };
    if (lostCommits > 0) this.context.note(lost);
  }
}
