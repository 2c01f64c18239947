import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** https://www.sqlite.org/fileformat.html#the_write_ahead_log */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;

type Sums = readonly [number, number];

/**
 * Commits that a write-ahead log holds behind a damaged frame: SQLite ignores the frame and all that follow, without an error.
 * Frames that an older use of the file has left do not count (they have other salts), nor do transactions that were rolled back
 * (they have no commit).
 *
 * @param file the log, beside the file of the database; it may be missing
 */
export function lostCommits(file: string): number {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return 0;
  }
  try {
    // A writer may be at work: what looks lost must look so twice.
    const lost = countLost(descriptor);
    return lost === 0 ? 0 : Math.min(lost, countLost(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

function countLost(descriptor: number): number {
  const header = aligned(HEADER_BYTES);
  if (readSync(descriptor, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return 0;
  const magic = header.readUInt32BE(0);
  const pageSize = header.readUInt32BE(8);
  if ((magic & ~1) >>> 0 !== MAGIC || pageSize < 512 || pageSize > 65_536) return 0;
  const swap = (magic & 1) === 1;
  let stored = storedSums(header, 24);
  let damaged = !same(checksum(header.subarray(0, 24), [0, 0], swap), stored);
  const salts = header.subarray(16, 24);
  const frame = aligned(FRAME_HEADER_BYTES + pageSize);
  const { size } = fstatSync(descriptor);
  let lost = 0;
  for (let at = HEADER_BYTES; at + frame.length <= size; at += frame.length) {
    readSync(descriptor, frame, 0, frame.length, at);
    // The sums of a frame go on from those of the frame before: as they are stored, damaged or not.
    const own = checksum(frame.subarray(FRAME_HEADER_BYTES), checksum(frame.subarray(0, 8), stored, swap), swap);
    stored = storedSums(frame, 16);
    const whole = same(own, stored) && frame.subarray(8, 16).equals(salts);
    if (!whole) damaged = true;
    else if (damaged && frame.readUInt32BE(4) > 0) lost++;
  }
  return lost;
}

/** A buffer whose bytes can be read as words. */
const aligned = (bytes: number): Buffer => Buffer.from(new ArrayBuffer(bytes));

const storedSums = (buffer: Buffer, at: number): Sums => [buffer.readInt32BE(at), buffer.readInt32BE(at + 4)];

const same = ([a, b]: Sums, [c, d]: Sums): boolean => a === c && b === d;

/** https://www.sqlite.org/fileformat.html#checksum_algorithm */
function checksum(bytes: Buffer, [first, second]: Sums, swap: boolean): Sums {
  const input = swap ? aligned(bytes.length).fill(bytes).swap32() : bytes;
  const words = new Int32Array(input.buffer, input.byteOffset, input.length / 4);
  for (let index = 0; index < words.length; index += 2) {
    first = (first + words[index]! + second) | 0;
    second = (second + words[index + 1]! + first) | 0;
  }
  return [first, second];
}
