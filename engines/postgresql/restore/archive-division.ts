import { ArchiveBlocks, BLOCK_BLOBS, BLOCK_DATA, type BlockListener } from '../archive-blocks';
import { ArchiveHead, INT_BYTES, writtenInt } from '../archive-head';

/** Bytes of content that are handed over at once. */
const PIECE_BYTES = 256 * 1024;
const LF = 10;
/** What pg_dump writes behind the rows. The server takes nothing behind it, and an empty line without it for a row. */
const END_MARK = /(?:^|\n)\\\.\n+$/;
const END_MARK_BYTES = 6;

/** Who gets an archive with a part of the rows. */
export interface ArchiveTaker {
  /** Bytes that it was given and has not taken yet. */
  readonly waiting: number;
  /**
   * Gives it bytes.
   *
   * @param taken is called when they may change
   */
  write(bytes: Buffer, taken?: () => void): void;
}

/**
 * Divides an archive of pg_dump into several as it streams by: the rows of each table go by some thousands to whoever is free, all else
 * goes to the first. Also for one alone: pg_dump writes a number before each row, and pg_restore sends each row by itself; large pieces
 * take a tenth less of the server's time.
 */
export class ArchiveDivision implements BlockListener {
  private readonly head: ArchiveHead;
  private readonly blocks = new ArchiveBlocks(this);
  private isData = false;
  /** Who gets something of the block under way. */
  private takers: readonly ArchiveTaker[] = [];
  private taker: ArchiveTaker;
  /** A piece: its length, which comes first, and its content. */
  private piece: Buffer = Buffer.allocUnsafeSlow(INT_BYTES + PIECE_BYTES);
  private filled = INT_BYTES;
  /** Pieces that were taken: memory for each new one would cost more time than all else here. */
  private readonly free: Buffer[] = [];

  /**
   * @param all each gets an archive of its own
   * @param shared numbers of the entries whose rows, each one a line, go to all of them
   */
  constructor(
    private readonly all: readonly ArchiveTaker[],
    private readonly shared: ReadonlySet<number>,
  ) {
    this.taker = all[0]!;
    this.head = new ArchiveHead(undefined, (bytes) => all.forEach((taker) => taker.write(bytes)));
  }

  /** Bytes that wait for whoever gets the next ones. */
  get waiting(): number {
    return this.taker.waiting;
  }

  /** Takes a part of the archive, which may be reused afterwards. */
  see(chunk: Buffer): void {
    if (this.isData) return this.follow(chunk);
    const rest = this.head.see(chunk);
    if (rest) this.begin(rest);
  }

  /** Takes the end. */
  end(): void {
    const rest = this.isData ? undefined : this.head.readOn();
    if (rest) this.begin(rest);
  }

  begins(id: number, isLargeObjects: boolean): boolean {
    this.takers = !isLargeObjects && this.shared.has(id) ? this.all : this.all.slice(0, 1);
    const begin = Buffer.concat([Buffer.of(isLargeObjects ? BLOCK_BLOBS : BLOCK_DATA), writtenInt(id)]);
    for (const taker of this.takers) taker.write(begin);
    this.choose();
    return true;
  }

  largeObject(oid: number): void {
    this.taker.write(writtenInt(oid));
  }

  data(chunk: Buffer, from: number, to: number): void {
    for (let at = from; at < to;) {
      const taken = chunk.copy(this.piece, this.filled, at, to);
      at += taken;
      this.filled += taken;
      if (this.filled === this.piece.length) this.hand();
    }
  }

  ends(): void {
    if (this.filled > INT_BYTES) this.give(this.filled);
    for (const taker of this.takers) taker.write(writtenInt(0));
  }

  private begin(rest: Buffer): void {
    this.isData = true;
    this.follow(rest);
  }

  private follow(chunk: Buffer): void {
    const fault = this.blocks.see(chunk);
    if (fault !== undefined) throw new Error(`the archive cannot be read: ${fault}`);
  }

  /** Gives the piece away, without the row that it has no end of. What follows goes to whoever is free then. */
  private hand(): void {
    const end = this.takers.length > 1 ? this.endOfRows() : undefined;
    this.give(end ?? this.filled);
    if (end !== undefined) this.choose();
  }

  /** Where the last complete row ends; nothing if there is none, or no further one. */
  private endOfRows(): number | undefined {
    const end = this.piece.lastIndexOf(LF, this.filled - 1) + 1;
    if (end <= INT_BYTES) return undefined;
    const last = this.piece.toString('latin1', Math.max(INT_BYTES, end - END_MARK_BYTES), end);
    return END_MARK.test(last) ? undefined : end;
  }

  private give(end: number): void {
    const { piece, filled } = this;
    writtenInt(end - INT_BYTES).copy(piece);
    this.piece = this.free.pop() ?? Buffer.allocUnsafeSlow(piece.length);
    this.filled = INT_BYTES + piece.copy(this.piece, INT_BYTES, end, filled);
    this.taker.write(piece.subarray(0, end), () => this.free.push(piece));
  }

  private choose(): void {
    this.taker = this.takers.reduce((best, one) => (one.waiting < best.waiting ? one : best));
  }
}
