import { statfs } from 'node:fs/promises';

/** What a run leaves free: on an instance, other containers write to the same disk. */
const RESERVE = { share: 1 / 10, bytes: 1024 ** 3 };

/** A directory that has too little room. */
export interface NoRoom {
  /** Bytes that it must have free, with the reserve. */
  readonly needed: number;
  readonly free: number;
}

/**
 * Compares the room in a directory with what a run is to write there. A tenth of its file system stays free, or 1 GiB if that is less.
 *
 * @returns `undefined` if there is room
 */
export async function missingRoom(directory: string, bytes: number): Promise<NoRoom | undefined> {
  const { bavail, blocks, bsize } = await statfs(directory);
  const needed = bytes + Math.min(Math.ceil(RESERVE.share * blocks * bsize), RESERVE.bytes);
  const free = bavail * bsize;
  return free < needed ? { needed, free } : undefined;
}
