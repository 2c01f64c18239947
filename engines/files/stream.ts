import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { CONTENTS_FILE, CONTENTS_KIND } from '../../catalog/bucket/contents';
import type { DumpStream } from '../engine';

/** An object of a backup of files. */
export interface FilesStream extends Pick<DumpStream, 'file' | 'kind' | 'format'> {
  readonly source: string;
  readonly blocks: AsyncIterable<Buffer>;
}

/** The list of contents. */
export const CONTENTS = { file: CONTENTS_FILE, kind: CONTENTS_KIND, format: 'jsonl' } as const;

/** What the dump knows of a stream, and does with it. */
interface StreamOwner {
  readonly table?: DumpStream['table'];
  /** Gets the bytes: whoever ends the dump must destroy them. */
  readonly begins: (bytes: Readable) => void;
  readonly stop: DumpStream['stop'];
}

/** A stream of blocks that judge themselves: they break off with an error unless they are complete. */
export function streamOf(
  { source, blocks, ...object }: FilesStream,
  { table = () => undefined, begins, stop }: StreamOwner,
): DumpStream {
  const bytes = Readable.from(blocks, { objectMode: false, highWaterMark: 512 * 1024 });
  const ended = finished(bytes, { writable: false });
  ended.catch(() => undefined);
  begins(bytes);
  return {
    ...{ ...object, databases: [source], bytes, table },
    inspect: () => undefined,
    succeeded: () => ended,
    stop: async () => {
      bytes.destroy();
      await stop();
    },
  };
}
