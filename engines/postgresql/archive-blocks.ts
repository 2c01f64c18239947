import { INT_BYTES, readInt } from './archive-head';

export const BLOCK_DATA = 1;
export const BLOCK_BLOBS = 3;

/** Hears of what is in the data part of an archive. */
export interface BlockListener {
  /**
   * A block begins: the rows of a table, or large objects.
   *
   * @param id number of its entry in the table of contents
   * @returns whether it may be there
   */
  begins(id: number, isLargeObjects: boolean): boolean;
  /** A large object begins; number 0 ends the block. */
  largeObject?(oid: number): void;
  /** Bytes of the rows or of the large object, from here to there. */
  data?(bytes: Buffer, from: number, to: number): void;
  /** The rows, or the large object, are over. */
  ends?(): void;
}

/**
 * Follows the data part of a custom-format archive of pg_dump from block to block.
 * Format: src/bin/pg_dump/pg_backup_custom.c of PostgreSQL.
 */
export class ArchiveBlocks {
  /** Bytes of data to come. */
  private left = 0;
  /** The bytes of a number that a chunk's end cut. */
  private rest: Buffer = Buffer.alloc(0);
  private next: 'block' | 'chunk' | 'blob' = 'block';
  private blobs = false;

  constructor(private readonly listener: BlockListener) {}

  /** Whether all blocks that have begun are over. */
  get isBetween(): boolean {
    return this.left === 0 && this.rest.length === 0 && this.next === 'block';
  }

  /** Walks over the next bytes; returns what is wrong with them. */
  see(chunk: Buffer): string | undefined {
    const { listener } = this;
    let bytes = chunk;
    if (this.rest.length > 0) {
      bytes = Buffer.concat([this.rest, chunk]);
      this.rest = Buffer.alloc(0);
    }
    let offset = 0;
    for (;;) {
      if (this.left > 0) {
        const step = Math.min(this.left, bytes.length - offset);
        listener.data?.(bytes, offset, offset + step);
        this.left -= step;
        offset += step;
        if (this.left > 0) return undefined;
      }
      const need = this.next === 'block' ? 1 + INT_BYTES : INT_BYTES;
      if (bytes.length - offset < need) {
        // A copy, because a slice would keep the whole chunk alive.
        this.rest = Buffer.from(bytes.subarray(offset));
        return undefined;
      }
      if (this.next === 'block') {
        const type = bytes[offset];
        const id = readInt(bytes, offset + 1);
        this.blobs = type === BLOCK_BLOBS;
        if ((type !== BLOCK_DATA && !this.blobs) || !listener.begins(id, this.blobs))
          return `a block of type ${type} with number ${id} is not in its table of contents`;
        this.next = this.blobs ? 'blob' : 'chunk';
      } else {
        const value = readInt(bytes, offset);
        if (this.next === 'blob') {
          this.next = value === 0 ? 'block' : 'chunk';
          listener.largeObject?.(value);
        } else if (value === 0) {
          this.next = this.blobs ? 'blob' : 'block';
          listener.ends?.();
        } else this.left = value;
      }
      offset += need;
    }
  }
}
