/** Compares a directory with a list of contents, file by file. */
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { lstat, open, readlink } from 'node:fs/promises';
import type { RestoreDifference } from '../../catalog/contract/restore';
import { errorText } from '../../task/run/errors';
import { Devices } from './devices';
import { modeText, mtimeText, type ContentsEntry, type EntryType } from './entry';
import type { Powers } from './extract';
import { below, bytesOf, nameOf, textOf } from './name';
import { OPEN_FLAGS } from './walk';

/** Files that are read at once. */
const READERS = 4;
const BUFFER_BYTES = 256 * 1024;
/** Differences that are told. */
const KEPT = 100;

/**
 * Compares what is in a directory with what must be.
 *
 * @param root directory, as bytes
 * @returns the first differences
 */
export async function compare(
  root: string,
  entries: AsyncIterable<ContentsEntry>,
  powers: Powers,
  signal: AbortSignal,
): Promise<readonly RestoreDifference[]> {
  const differences: RestoreDifference[] = [];
  const iterator = (powers.root ? entries : withoutDevices(entries))[Symbol.asyncIterator]();
  const work = async (): Promise<void> => {
    const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    for (let next = await iterator.next(); !next.done && differences.length < KEPT; next = await iterator.next()) {
      signal.throwIfAborted();
      const difference = await differenceOf(root, next.value, powers, buffer);
      if (difference) differences.push(difference);
    }
  };
  await Promise.all(Array.from({ length: READERS }, work));
  return differences;
}

async function* withoutDevices(entries: AsyncIterable<ContentsEntry>): AsyncGenerator<ContentsEntry> {
  const devices = new Devices();
  for await (const entry of entries) if (!devices.has(entry)) yield entry;
}

async function differenceOf(
  root: string,
  entry: ContentsEntry,
  powers: Powers,
  buffer: Buffer,
): Promise<RestoreDifference | undefined> {
  const { path } = entry;
  const object = textOf(path);
  const stat = await lstat(bytesOf(below(root, path)), { bigint: true }).catch(() => undefined);
  if (!stat) return { object, kind: 'missing' };
  const said = await faultOf(root, entry, stat, powers, buffer).catch((error: unknown) => errorText(error));
  return said === undefined ? undefined : { object, kind: 'invalid', said };
}

async function faultOf(
  root: string,
  entry: ContentsEntry,
  stat: BigIntStats,
  powers: Powers,
  buffer: Buffer,
): Promise<string | undefined> {
  const { path, type, link } = entry;
  if (type === 'hard-link') {
    const other = await lstat(bytesOf(below(root, link!)), { bigint: true });
    return other.ino === stat.ino && other.dev === stat.dev ? undefined : `no other name of ${textOf(link!)}`;
  }
  const found = typeOf(stat);
  if (found !== type) return `${found} instead of ${type}`;
  const facts: (readonly [name: string, expected: unknown, found: unknown])[] = [
    ['modified', mtimeText(entry.mtime), mtimeText(stat.mtimeNs)],
    ...(type === 'symlink' ? [] : [['mode', modeText(entry.mode), modeText(Number(stat.mode) & 0o7777)] as const]),
    ...(powers.owners ? [['owner', `${entry.uid}:${entry.gid}`, `${stat.uid}:${stat.gid}`] as const] : []),
    ...(type === 'file' ? [['size', entry.size, Number(stat.size)] as const] : []),
  ];
  const different = facts.find(([, expected, got]) => expected !== got);
  if (different) return `${different[0]} ${String(different[2])} instead of ${String(different[1])}`;
  if (type === 'symlink') {
    const target = nameOf(await readlink(bytesOf(below(root, path)), 'buffer'));
    // Where a link led that was gone before it could be looked at, restic alone knows.
    return link === undefined || target === link ? undefined : `leads to ${textOf(target)} instead of ${textOf(link)}`;
  }
  // Of what is in a repository, restic has compared the content.
  if (type !== 'file' || entry.sha256 === undefined) return undefined;
  return (await hashOf(bytesOf(below(root, path)), buffer)) === entry.sha256 ? undefined : 'another content';
}

/** @param buffer which is used again for the next: a stream for each of a million files would cost more than their hashes */
async function hashOf(path: Buffer, buffer: Buffer): Promise<string> {
  const file = await open(path, OPEN_FLAGS);
  try {
    const hash = createHash('sha256');
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

/** What an entry is. */
export function typeOf(stat: BigIntStats): EntryType | 'socket' {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  if (stat.isCharacterDevice()) return 'character-device';
  return stat.isBlockDevice() ? 'block-device' : 'socket';
}
