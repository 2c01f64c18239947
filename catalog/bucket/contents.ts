/**
 * The list of contents of a backup of files: an object of its manifest, of the kind `contents`. A line of JSON says its format, and
 * each of the others an entry.
 */
import * as z from 'zod';

/** File name of the list. */
export const CONTENTS_FILE = 'contents.jsonl.zst';
/** Kind of the list in manifests. */
export const CONTENTS_KIND = 'contents';
/** Newest format of the list. */
export const CONTENTS_FORMAT = 1;
/** First line of the list. */
export const CONTENTS_HEAD = `${JSON.stringify({ formatVersion: CONTENTS_FORMAT })}\n`;

const TYPES = ['file', 'directory', 'symlink', 'hard-link', 'fifo', 'character-device', 'block-device'] as const;
export type EntryType = (typeof TYPES)[number];

/** An entry. Names are bytes: where these are no UTF-8, the text has U+FFFD, and base64 says them exactly. */
export const contentsLineSchema = z.object({
  /** Relative to the directory that was backed up, which is `.` itself. */
  path: z.string(),
  pathBytes: z.string().optional(),
  type: z.enum(TYPES),
  /** Bytes of a file, holes included; 0 for all else. */
  size: z.number().int().nonnegative(),
  /** Octal: `0644`. */
  mode: z.string().regex(/^[0-7]{4}$/),
  uid: z.number().int(),
  gid: z.number().int(),
  /** Seconds since 1970, with nanoseconds: `1795997544.123456789`. */
  mtime: z.string().regex(/^-?\d+\.\d{9}$/),
  /** Of a file's content, in hex. */
  sha256: z.string().optional(),
  /** Of a symbolic link what it says, of a hard link the path that it is another name of. */
  link: z.string().optional(),
  linkBytes: z.string().optional(),
  /** Names of extended attributes and ACLs. */
  attributes: z.array(z.string()).optional(),
});
export type ContentsLine = z.infer<typeof contentsLineSchema>;

/** The list is of a format that this version does not know. */
export class ContentsError extends Error {}

/** The entries of a list, and the line of each. */
export async function* readContents(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ readonly line: string; readonly entry: ContentsLine }> {
  for await (const line of linesOf(bytes)) {
    const value = JSON.parse(line) as { formatVersion?: unknown };
    if (value.formatVersion === CONTENTS_FORMAT) continue;
    if (value.formatVersion !== undefined)
      throw new ContentsError(
        `the list of contents has format ${JSON.stringify(value.formatVersion)}: update cdk-proven-backups`,
      );
    yield { line, entry: contentsLineSchema.parse(value) };
  }
}

/** Lines as JSON has them: other characters that end lines for people do not end these. */
async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for await (const chunk of bytes) {
    const end = chunk.lastIndexOf(0x0a) + 1;
    if (end === 0) rest = Buffer.concat([rest, chunk]);
    else {
      yield* Buffer.concat([rest, chunk.subarray(0, end - 1)])
        .toString('utf8')
        .split('\n');
      rest = Buffer.from(chunk.subarray(end));
    }
  }
  if (rest.length > 0) yield rest.toString('utf8');
}
