/** One entry of a backup, and its line in the list of contents. */
import type { ContentsLine, EntryType } from '../../catalog/bucket/contents';
import { bytesOf, isText, nameOf, nameOfText, textOf } from './name';

export type { EntryType };

/** A file, directory or other entry, as the archive has it. Names are bytes: see `name.ts`. */
export interface Entry {
  /** Relative to the directory that is backed up, which is `.` itself. */
  readonly path: string;
  readonly type: EntryType;
  /** Bytes of a file, holes included; 0 for all else. */
  readonly size: number;
  /** Permissions, with set-user-id, set-group-id and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
  /** What a symbolic link says; the path of the file that a hard link is another name of. */
  readonly link?: string;
  /** Major and minor number of a device. */
  readonly device?: readonly [number, number];
  /** Extended attributes and ACLs, by the names that tar gives them. */
  readonly attributes?: ReadonlyMap<string, Buffer>;
}

/** An entry whose content was read. */
export interface HashedEntry extends Entry {
  /** SHA-256 of a file's content, in hex. */
  readonly sha256?: string;
}

/** What the list of contents says of an entry. */
export type ContentsEntry = Omit<HashedEntry, 'attributes' | 'device'> & { readonly attributes?: readonly string[] };

/** The line of an entry. */
export function contentsLine(entry: HashedEntry): string {
  const { path, type, size, mode, uid, gid, mtime, sha256, link, attributes } = entry;
  const record: ContentsLine = {
    ...{ path: textOf(path), ...(!isText(path) && { pathBytes: bytesOf(path).toString('base64') }) },
    ...{ type, size, mode: modeText(mode), uid, gid, mtime: mtimeText(mtime) },
    ...(sha256 !== undefined && { sha256 }),
    ...(link !== undefined && {
      link: textOf(link),
      ...(!isText(link) && { linkBytes: bytesOf(link).toString('base64') }),
    }),
    ...(attributes && { attributes: [...attributes.keys()].map(textOf) }),
  };
  return `${JSON.stringify(record)}\n`;
}

/** The entry of a line. */
export function contentsEntry({
  path,
  pathBytes,
  mode,
  mtime,
  link,
  linkBytes,
  sha256,
  attributes,
  ...rest
}: ContentsLine): ContentsEntry {
  const [seconds = '', nanos = ''] = mtime.split('.');
  return {
    ...rest,
    path: pathBytes === undefined ? nameOfText(path) : nameOf(Buffer.from(pathBytes, 'base64')),
    mode: Number.parseInt(mode, 8),
    mtime: BigInt(seconds) * 1_000_000_000n + BigInt(nanos),
    ...(sha256 !== undefined && { sha256 }),
    ...(link !== undefined && {
      link: linkBytes === undefined ? nameOfText(link) : nameOf(Buffer.from(linkBytes, 'base64')),
    }),
    ...(attributes && { attributes }),
  };
}

/** `0644` */
export const modeText = (mode: number): string => mode.toString(8).padStart(4, '0');

/** Seconds since 1970 with nine digits behind the point; those count up before 1970, too. */
export function mtimeText(mtime: bigint): string {
  const nanos = ((mtime % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return `${(mtime - nanos) / 1_000_000_000n}.${nanos.toString().padStart(9, '0')}`;
}
