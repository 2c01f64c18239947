/** What a snapshot of restic has. */
import type { EntryType } from '../../../catalog/bucket/contents';
import { nameOfText, textOf } from '../name';
import type { Restic, ResticMessage } from './restic';

/** An entry of a snapshot. */
export interface SavedEntry {
  /** As bytes, see `name.ts`; where restic says only a part of them, what a {@link Names} makes of it. */
  readonly path: string;
  readonly type: Exclude<EntryType, 'hard-link'>;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
  readonly ctime: bigint;
  /** As a number of JSON, which has fewer digits than large ones. */
  readonly inode: number;
}

/** The head of a snapshot. */
export interface SnapshotHead {
  readonly id: string;
  readonly tree: string;
}

const TYPES: Readonly<Record<string, SavedEntry['type']>> = {
  ...{ file: 'file', dir: 'directory', symlink: 'symlink', fifo: 'fifo' },
  ...{ chardev: 'character-device', dev: 'block-device' },
};

/** Bits of a mode as Go writes it. https://pkg.go.dev/io/fs#FileMode */
const [SET_USER_ID, SET_GROUP_ID, STICKY] = [1 << 23, 1 << 22, 1 << 20];

/**
 * The entries of a snapshot, in the order of a walk.
 *
 * @param names of files that are no texts
 * @param head gets the head first
 */
export async function* entriesOf(
  restic: Restic,
  snapshot: string,
  names: Names,
  head: (head: SnapshotHead) => void,
): AsyncGenerator<SavedEntry> {
  for await (const message of restic.messages(['ls', '--no-lock', snapshot])) {
    const { struct_type: kind, id, tree } = message;
    if (kind === 'snapshot') head({ id: String(id), tree: String(tree) });
    const type = kind === 'node' ? TYPES[String(message.type)] : undefined;
    if (type) yield savedEntry(message, type, names);
  }
}

function savedEntry(message: ResticMessage, type: SavedEntry['type'], names: Names): SavedEntry {
  const { path, size = 0, mode = 0, uid = 0, gid = 0, mtime, ctime, inode } = message;
  return {
    ...{
      path: names.pathOf(String(path).slice(1), Number(inode)),
      inode: Number(inode),
      type,
      size: Number(size),
      mode: modeOf(Number(mode)),
    },
    ...{ uid: Number(uid), gid: Number(gid), mtime: nanosecondsOf(String(mtime)), ctime: nanosecondsOf(String(ctime)) },
  };
}

const modeOf = (mode: number): number =>
  (mode & 0o777) |
  (mode & SET_USER_ID ? 0o4000 : 0) |
  (mode & SET_GROUP_ID ? 0o2000 : 0) |
  (mode & STICKY ? 0o1000 : 0);

/** `2026-11-30T22:44:07.6019982Z` */
export function nanosecondsOf(time: string): bigint {
  const [, seconds = '', fraction = '', zone = 'Z'] = /^(.*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(time) ?? [];
  const milliseconds = Date.parse(`${seconds}${zone}`);
  if (Number.isNaN(milliseconds)) throw new Error(`restic has written a time that is none: ${time}`);
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}

/** A name that is no UTF-8 reaches us with U+FFFD in place of its bytes: these are names that were found. */
export class Names {
  private readonly known = new Map<string, { readonly path: string; readonly inode: number }[]>();

  /** Takes a name that is no text. */
  add(path: string, inode: bigint): void {
    const text = textOf(path);
    const one = { path, inode: Number(inode) };
    const others = this.known.get(text);
    if (!others) this.known.set(text, [one]);
    else if (!others.some((other) => other.path === path)) others.push(one);
  }

  /** The bytes of a path; those of its text if nothing better is known. */
  pathOf(text: string, inode: number): string {
    const found = text.includes('\uFFFD') ? this.known.get(text) : undefined;
    return (found?.find((one) => one.inode === inode) ?? found?.[0])?.path ?? nameOfText(text);
  }
}

/** The place of a path in the order of walks and snapshots: what is in a directory follows it. */
export const orderOf = (path: string): string => (path === '.' ? '' : path.replaceAll('/', '\0'));
