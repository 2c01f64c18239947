/** Headers of tar in the format of POSIX.1-2001 (pax). https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html */
import type { Entry, EntryType } from './entry';
import { nameOf } from './name';

/** tar writes blocks of this size. */
export const BLOCK_BYTES = 512;
/** What ends an archive. */
export const END_OF_ARCHIVE = Buffer.alloc(2 * BLOCK_BYTES);

/** An archive that cannot be read. */
export class TarError extends Error {}

/** Records of extended headers, by their keywords. */
export type PaxRecords = ReadonlyMap<string, Buffer>;

/** The fields of a header block that say how to go on. */
export interface Header {
  /** `0`, `5`, `x` … */
  readonly flag: string;
  /** Bytes that follow it, without padding. */
  readonly bodyBytes: number;
  readonly block: Buffer;
}

/** What an entry is by its flag: regular files have several. */
const TYPES: Readonly<Record<string, EntryType | undefined>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hard-link',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
};

const field = (block: Buffer, from: number, length: number): Buffer => {
  const bytes = block.subarray(from, from + length);
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
};

function octal(block: Buffer, from: number, length: number): number {
  const text = field(block, from, length).toString('latin1').trim();
  if (!/^[0-7]*$/.test(text)) throw new TarError(`a number of its header is ${JSON.stringify(text)}`);
  return text === '' ? 0 : Number.parseInt(text, 8);
}

const CHECKSUM = { from: 148, length: 8 };

/**
 * Reads a header block.
 *
 * @returns nothing for a block of zeros, which ends an archive
 * @throws TarError if its checksum is wrong
 */
export function readHeader(block: Buffer): Header | undefined {
  let sum = CHECKSUM.length * 32;
  for (let at = 0; at < BLOCK_BYTES; at++)
    if (at < CHECKSUM.from || at >= CHECKSUM.from + CHECKSUM.length) sum += block[at]!;
  if (sum === CHECKSUM.length * 32 && block.every((byte) => byte === 0)) return undefined;
  if (octal(block, CHECKSUM.from, CHECKSUM.length) !== sum) throw new TarError('a header has a wrong checksum');
  return { flag: String.fromCharCode(block[156]!), bodyBytes: octal(block, 124, 12), block };
}

/**
 * Reads the records of an extended header: `<length> <keyword>=<value>\n` each.
 *
 * @throws TarError if one is damaged
 */
export function readPax(body: Buffer): PaxRecords {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString('latin1', at, space));
    const equals = body.indexOf(0x3d, space);
    const end = at + length;
    if (space < 0 || !(length > 0) || equals < 0 || equals >= end || end > body.length || body[end - 1] !== 0x0a)
      throw new TarError('an extended header is damaged');
    records.set(body.toString('latin1', space + 1, equals), body.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** The entry of a header and its extended header, and how many bytes of data it has in the archive. */
export function entryOf({ flag, bodyBytes, block }: Header, pax: PaxRecords): { entry: Entry; dataBytes: number } {
  const type = TYPES[flag];
  if (!type) throw new TarError(`an entry has the type ${JSON.stringify(flag)}, which no backup has`);
  const text = (key: string): string | undefined => pax.get(key)?.toString('latin1');
  const number = (key: string, from: number, length: number): number => Number(text(key) ?? octal(block, from, length));
  const prefix = field(block, 345, 155);
  const own = field(block, 0, 100);
  const name = text('GNU.sparse.name') ?? text('path') ?? nameOf(prefix.length > 0 ? joined(prefix, own) : own);
  const dataBytes = type === 'file' ? Number(text('size') ?? bodyBytes) : 0;
  const realBytes = Number(text('GNU.sparse.realsize') ?? dataBytes);
  const link = text('linkpath') ?? nameOf(field(block, 157, 100));
  const attributes = new Map([...pax].filter(([key]) => key.startsWith('SCHILY.') && key.split('.').length > 2));
  return {
    dataBytes,
    entry: {
      ...{ path: pathOf(name), type, size: realBytes, mode: octal(block, 100, 8) & 0o7777 },
      ...{ uid: number('uid', 108, 8), gid: number('gid', 116, 8) },
      mtime: timeOf(text('mtime') ?? String(octal(block, 136, 12))),
      ...(type === 'symlink' && { link }),
      ...(type === 'hard-link' && { link: pathOf(link) }),
      ...(type.endsWith('-device') && { device: [octal(block, 329, 8), octal(block, 337, 8)] as const }),
      ...(attributes.size > 0 && { attributes }),
    },
  };
}

const joined = (prefix: Buffer, name: Buffer): Buffer => Buffer.concat([prefix, Buffer.from('/'), name]);

/** `./a/b/` is `a/b`, and `./` is `.`. */
function pathOf(name: string): string {
  const path = name.replace(/^\.\/+/, '').replace(/\/+$/, '');
  return path === '' || path === '.' ? '.' : requireBelow(path);
}

/**
 * Refuses a path that leads out of the directory that it is in.
 *
 * @throws TarError
 */
export function requireBelow(path: string): string {
  const parts = path.split('/');
  if (path === '.' || !parts.some((part) => part === '..' || part === '.' || part === '')) return path;
  throw new TarError(`an entry has the path ${JSON.stringify(path)}, which leads elsewhere`);
}

/** Nanoseconds of seconds with a fraction, which may be negative. */
function timeOf(text: string): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (!match) throw new TarError(`an entry has the time ${JSON.stringify(text)}`);
  const [, sign, seconds = '0', fraction = ''] = match;
  const nanos = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  return sign === '-' ? -nanos : nanos;
}
