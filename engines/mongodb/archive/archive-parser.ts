/** First bytes of an archive. */
export const MAGIC = Buffer.from('6de29981', 'hex');
/** In place of a length: the end of a block. */
export const TERMINATOR = Buffer.alloc(4, 0xff);
/** Lengths of documents that the tools read: an empty one, and the largest. Bytes. */
const [SHORTEST, LONGEST] = [5, 16 * 1024 * 1024];
/** An entry of the oplog may be so much longer than the document in it. */
const OVERHEAD = 16 * 1024;
const LENGTH_BYTES = 4;

/** Hears of the blocks of an archive: a header, and the documents behind it. */
export interface BlockListener {
  /**
   * A block begins.
   *
   * @returns what is wrong with its header, if anything is
   */
  header(document: Buffer): string | undefined;
  /** Whether {@link document} wants the documents of the block that has begun, each as one. */
  wantsDocuments(): boolean;
  /**
   * A document of the block, whole.
   *
   * @returns what is wrong with it, if anything is
   */
  document(bytes: Buffer): string | undefined;
  /** Bytes of the block's documents, from here to there, in which so many documents end. */
  data(bytes: Buffer, from: number, to: number, ends: number): void;
  /** The block is over. */
  ends(): void;
}

/**
 * Follows an archive of `mongodump` from block to block. Format: common/archive/spec.md of the MongoDB tools.
 */
export class ArchiveParser {
  /** Bytes since the beginning of the archive. */
  private offset = 0;
  private next: 'magic' | 'header' | 'documents' = 'magic';
  /** Bytes of the document under way that are to come. */
  private left = 0;
  /** What has come of a number, or of a document that is wanted as one. */
  private held: Buffer[] = [];
  private heldBytes = 0;
  private fault: string | undefined;

  constructor(private readonly listener: BlockListener) {}

  /** Whether the archive may end here. */
  get isBetween(): boolean {
    return this.next === 'header' && this.left === 0 && this.heldBytes === 0;
  }

  /** Bytes that have passed. */
  get passed(): number {
    return this.offset;
  }

  /** Walks over the next bytes; returns what is wrong with the archive, from then on the same. */
  see(chunk: Buffer): string | undefined {
    for (let at = 0; at < chunk.length && this.fault === undefined;) {
      const from = at;
      at = this.left > 0 ? this.goOn(chunk, at) : this.begin(chunk, at);
      this.offset += at - from;
    }
    return this.fault;
  }

  /** A number: the magic one, a length or a terminator. */
  private begin(chunk: Buffer, at: number): number {
    if (this.heldBytes === 0 && this.next === 'documents') {
      const end = this.walk(chunk, at);
      if (end > at) return end;
    }
    const end = Math.min(chunk.length, at + LENGTH_BYTES - this.heldBytes);
    this.hold(chunk, at, end);
    if (this.heldBytes < LENGTH_BYTES) return end;
    const bytes = this.release();
    const value = bytes.readUInt32LE();
    if (this.next === 'magic') {
      if (!bytes.equals(MAGIC)) this.fault = 'it does not begin as an archive of mongodump does';
      this.next = 'header';
    } else if (bytes.equals(TERMINATOR)) {
      if (this.next === 'header') this.fault = 'a block has no header';
      else this.listener.ends();
      this.next = 'header';
    } else if (value > LONGEST && value <= LONGEST + OVERHEAD)
      this.fault = `a document has ${value} bytes, more than the 16 MiB that mongorestore reads`;
    else if (value < SHORTEST || value > LONGEST) this.fault = `${value} is no length of a document`;
    else {
      this.left = value - LENGTH_BYTES;
      this.take(bytes, 0, LENGTH_BYTES, 0);
    }
    return end;
  }

  /** Walks over the documents that are here as a whole; returns where it stopped. */
  private walk(chunk: Buffer, from: number): number {
    const wanted = this.listener.wantsDocuments();
    let at = from;
    let documents = 0;
    while (at + LENGTH_BYTES <= chunk.length && this.fault === undefined) {
      const end = at + chunk.readUInt32LE(at);
      if (end < at + SHORTEST || end > Math.min(at + LONGEST, chunk.length) || chunk[end - 1] !== 0) break;
      if (wanted) this.fault = this.listener.document(chunk.subarray(at, end));
      at = end;
      documents++;
    }
    if (documents > 0) this.listener.data(chunk, from, at, documents);
    return at;
  }

  /** More of the document under way. */
  private goOn(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.left);
    this.left -= end - at;
    if (this.left === 0 && chunk[end - 1] !== 0) this.fault = 'a document does not end where its length says';
    else this.take(chunk, at, end, this.left === 0 ? 1 : 0);
    return end;
  }

  private take(bytes: Buffer, from: number, to: number, ends: number): void {
    const isHeader = this.next === 'header';
    if (!isHeader) this.listener.data(bytes, from, to, ends);
    if (!isHeader && !this.listener.wantsDocuments()) return;
    this.hold(bytes, from, to);
    if (ends === 0) return;
    const document = this.release();
    this.fault = isHeader ? this.listener.header(document) : this.listener.document(document);
    this.next = 'documents';
  }

  private hold(bytes: Buffer, from: number, to: number): void {
    this.held.push(bytes.subarray(from, to));
    this.heldBytes += to - from;
  }

  private release(): Buffer {
    const bytes = Buffer.concat(this.held);
    this.held = [];
    this.heldBytes = 0;
    return bytes;
  }
}
