import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { BackupError, errorText } from '../../../task/run/errors';
import type { DumpFacts, DumpStream, EngineContext, EngineDump } from '../../engine';
import { typeOf } from '../compare';
import { ContentsSpool } from '../contents';
import { requireReadable } from '../dump-errors';
import type { EntryType } from '../entry';
import { below, bytesOf, nameOf, nameOfText, textOf } from '../name';
import { Selection } from '../selection';
import { CONTENTS, streamOf } from '../stream';
import { inodeOf, walk, type Found } from '../walk';

/** The list of contents alone, of a directory that nobody writes to, by our own look at it: what a restore test compares. */
export class Listing implements EngineDump {
  private readonly root: string;
  private readonly contents: ContentsSpool;
  private readonly links = new Map<string, string>();
  private bytes: Readable | undefined;

  constructor(private readonly context: EngineContext) {
    this.root = nameOfText(context.run.job.file!);
    this.contents = new ContentsSpool(join(context.scratch, 'contents.jsonl'));
  }

  preflight(): Promise<void> {
    return requireReadable(textOf(this.root));
  }

  async *streams(): AsyncIterable<DumpStream> {
    const content = { ...CONTENTS, source: this.context.run.job.source, blocks: this.lines() };
    yield await Promise.resolve(
      streamOf(content, { begins: (bytes) => (this.bytes = bytes), stop: () => this.close() }),
    );
  }

  facts(): Promise<DumpFacts> {
    return Promise.resolve({
      ...{ serverVersion: '', toolVersion: '', tables: this.contents.tables(this.context.run.job.source) },
      consistency: { snapshot: 'per-file', rowCounts: 'archive' },
    });
  }

  async close(): Promise<void> {
    this.bytes?.destroy();
    await this.contents.close();
  }

  private async *lines(): AsyncGenerator<Buffer> {
    const failed = (path: string, error?: unknown): never => {
      throw new BackupError('dumpFailed', `could not list ${textOf(path)}: ${errorText(error)}`, {
        ...{ kind: 'files-unreadable', object: textOf(path) },
      });
    };
    const listener = { missed: failed, otherFileSystem: failed };
    for await (const found of walk(this.root, new Selection(undefined), listener)) {
      await this.add(found);
      await this.contents.room();
    }
    yield* this.contents.bytes();
  }

  private async add({ path, stat }: Found): Promise<void> {
    const inode = inodeOf(stat);
    const first = stat.isFile() && stat.nlink > 1n ? this.links.get(inode) : undefined;
    if (stat.isFile() && first === undefined) this.links.set(inode, path);
    const link = stat.isSymbolicLink() ? nameOf(await readlink(bytesOf(below(this.root, path)), 'buffer')) : first;
    this.contents.add({
      ...{ path, type: first === undefined ? (typeOf(stat) as EntryType) : 'hard-link' },
      ...{ size: stat.isFile() && first === undefined ? Number(stat.size) : 0, mode: Number(stat.mode) & 0o7777 },
      ...{ uid: Number(stat.uid), gid: Number(stat.gid), mtime: stat.mtimeNs },
      ...(link !== undefined && { link }),
    });
  }
}
