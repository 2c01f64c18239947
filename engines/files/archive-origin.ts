import type { DataObject } from '../../catalog/bucket/manifest';
import type { Note } from '../../catalog/contract/note';
import type { Tool } from '../../task/io/tool';
import type { RestoreContext } from '../engine';
import type { Chosen } from './chosen';
import { extract, type Powers } from './extract';
import type { FilesNote } from './facts';
import { textOf } from './name';
import type { FilesOrigin } from './origin';
import { attributesNote } from './restore-errors';
import { tarVersion } from './tar-version';

/** An archive of this engine. */
export class ArchiveOrigin implements FilesOrigin {
  readonly objects: readonly DataObject[];
  private tar: Tool | undefined;

  constructor(
    private readonly context: Pick<RestoreContext, 'objects' | 'loading' | 'note' | 'signal'>,
    private readonly archive: DataObject,
  ) {
    this.objects = [archive];
  }

  look(): Promise<string> {
    return tarVersion();
  }

  bytes(chosen: Chosen): Promise<number> {
    return Promise.resolve(chosen.bytes);
  }

  async extract(directory: string, powers: Powers, chosen: Chosen): Promise<void> {
    const { objects, loading, signal } = this.context;
    let devices = 0;
    const archive = objects.open(this.archive);
    try {
      const complaints = await extract({
        archive: archive as AsyncIterable<Buffer>,
        ...{ directory, powers },
        wants: (path) => chosen.has(path),
        skipsDevice: () => devices++,
        begins: ({ path }) => loading(textOf(path)),
        started: (tar) => (this.tar = tar),
      });
      if (complaints.length > 0) this.context.note(attributesNote(complaints));
      const note: Note<FilesNote> = { kind: 'devices-not-restored', count: devices };
      if (devices > 0) this.context.note(note);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      archive.destroy();
    }
  }

  async close(): Promise<void> {
    await this.tar?.stop();
  }
}
