import { closeSync, constants, openSync, readSync, statfsSync } from 'node:fs';
import { errorText } from '../../task/run/errors';
import type { SqliteReason } from './facts';

/** `f_type` of statfs(2) for NFS, by which EFS is mounted. */
const NFS = 0x6969;
const WAL_MODE = 2;
/** Offset of the version with which the file is written. */
const WRITE_VERSION_AT = 18;
/** The header of the file, behind which the first page has the schema. */
const HEADER_BYTES = 100;
const FIRST_BYTES = 4096;
/** Bits of information in a byte: no text, schema or empty page has so many, and what is encrypted has almost 8. */
const RANDOM_BITS = 7;

/** Why a file cannot be backed up. */
export interface FileFault {
  readonly kind: SqliteReason;
  readonly sentence: string;
  readonly said?: string;
}

/** Checks the beginning of a file. https://www.sqlite.org/fileformat.html#the_database_header */
export function fileFault(file: string): FileFault | undefined {
  const buffer = Buffer.alloc(FIRST_BYTES);
  let length: number;
  try {
    // A FIFO would wait for somebody who writes.
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    length = readSync(descriptor, buffer, 0, buffer.length, 0);
    closeSync(descriptor);
  } catch (error) {
    const said = errorText(error);
    return {
      kind: 'file-unreadable',
      sentence: `could not read the database ${file}: ${said}: check the path, and that the user of the backup may read it`,
      said,
    };
  }
  const named = buffer.toString('latin1', 0, 16) === 'SQLite format 3\0';
  // 1 stands for 65,536.
  const pageSize = named && buffer.readUInt16BE(16) > 1 ? buffer.readUInt16BE(16) : FIRST_BYTES;
  if (isRandom(buffer.subarray(HEADER_BYTES, Math.min(length, pageSize))))
    return {
      kind: 'encrypted',
      sentence: `${file} is encrypted or compressed: only the application can read it. Let it write a plain copy, and back that up, or copy the file by AWS Backup`,
    };
  // To SQLite an empty file is an empty database; here it is a mistake.
  if (length < HEADER_BYTES || !named)
    return {
      kind: 'not-a-database',
      sentence: `${file} is ${length === 0 ? 'empty' : 'not an SQLite database'}: give the path of the database file`,
    };
  return walFault(file, buffer[WRITE_VERSION_AT] ?? 0, statfsSync(file).type);
}

/** Whether a file is a database in WAL mode; `false` if it cannot be read. */
export function isInWalMode(file: string): boolean {
  try {
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const version = Buffer.alloc(1);
      readSync(descriptor, version, 0, 1, WRITE_VERSION_AT);
      return version[0] === WAL_MODE;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
}

/** Whether bytes look like random ones, by their entropy. */
function isRandom(bytes: Buffer): boolean {
  const counts = new Map<number, number>();
  for (const byte of bytes) counts.set(byte, (counts.get(byte) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / bytes.length) * Math.log2(count / bytes.length);
  return bits > RANDOM_BITS;
}

/**
 * Refuses WAL mode on a network file system: the processes of a database share memory in that mode, so all of them must be on
 * one host. Another host may read a stale or torn state without an error. https://www.sqlite.org/wal.html
 *
 * @param writeVersion byte 18 of the header
 * @param fileSystem `f_type` of the file system
 */
export const walFault = (file: string, writeVersion: number, fileSystem: number): FileFault | undefined =>
  writeVersion === WAL_MODE && fileSystem === NFS
    ? {
        kind: 'wal-on-network',
        sentence: `${file} is in WAL mode on a network file system, where SQLite cannot read it safely from another host than its writer's: run "PRAGMA journal_mode = DELETE" on it once`,
      }
    : undefined;
