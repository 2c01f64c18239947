import { createHash, type Hash } from 'node:crypto';
import type { Entry, HashedEntry } from './entry';
import { BLOCK_BYTES, entryOf, readHeader, readPax, TarError, type PaxRecords } from './tar-header';

/** Hears what an archive holds, in its order. */
export interface TarListener {
  /** An entry begins. @param head all blocks of its headers */
  begin?(entry: Entry, head: Buffer): void;
  /** The next blocks of its data, with padding. */
  data?(blocks: Buffer): void;
  /** It was read to its end. */
  end?(entry: HashedEntry): void;
}

/** An extended header holds names and attributes: more is a fault. */
const MAX_PAX_BYTES = 16 * 1024 * 1024;
const ZEROS = Buffer.alloc(1024 * 1024);
const NO_RECORDS: PaxRecords = new Map();

/** What the blocks that follow belong to. */
type Body =
  | { readonly of: 'pax'; readonly flag: string; readonly bytes: number; left: number; blocks: Buffer[] }
  | { readonly of: 'entry'; readonly entry: Entry; left: number; readonly content?: Content };

/** Reads an archive of tar while it passes, in memory that does not grow with it, and hashes the content of each file. */
export class TarReader {
  private carry = Buffer.alloc(0);
  private body: Body | undefined;
  private pax: PaxRecords = NO_RECORDS;
  private head: Buffer[] = [];
  private isOver = false;

  constructor(private readonly listener: TarListener) {}

  /**
   * Takes the next bytes. Whatever follows the end of the archive is ignored.
   *
   * @throws TarError if they are no archive of this format
   */
  see(chunk: Buffer): void {
    const bytes = this.carry.length > 0 ? Buffer.concat([this.carry, chunk]) : chunk;
    const whole = bytes.length - (bytes.length % BLOCK_BYTES);
    for (let at = 0; at < whole && !this.isOver;) at += this.take(bytes.subarray(at, whole));
    this.carry = Buffer.from(bytes.subarray(whole));
  }

  /**
   * After the last byte.
   *
   * @throws TarError if the archive breaks off
   */
  end(): void {
    if (!this.isOver) throw new TarError('the archive breaks off');
  }

  /** @returns how many of the blocks were taken */
  private take(blocks: Buffer): number {
    const { body } = this;
    if (!body) {
      this.takeHeader(blocks.subarray(0, BLOCK_BYTES));
      return BLOCK_BYTES;
    }
    const taken = blocks.subarray(0, body.left);
    body.left -= taken.length;
    if (body.of === 'pax') body.blocks.push(taken);
    else {
      this.listener.data?.(taken);
      body.content?.add(taken);
    }
    if (body.left === 0) this.leave(body);
    return taken.length;
  }

  private takeHeader(block: Buffer): void {
    const header = readHeader(block);
    if (!header) {
      if (this.head.length > 0) throw new TarError('an extended header belongs to nothing');
      this.isOver = true;
      return;
    }
    this.head.push(Buffer.from(block));
    if (header.flag === 'x' || header.flag === 'g') {
      const { flag, bodyBytes: bytes } = header;
      if (bytes > MAX_PAX_BYTES) throw new TarError(`an extended header has ${bytes} bytes`);
      this.enter({ of: 'pax', flag, bytes, left: padded(bytes), blocks: [] });
      return;
    }
    const { entry, dataBytes } = entryOf(header, this.pax);
    this.listener.begin?.(entry, Buffer.concat(this.head));
    const content =
      entry.type === 'file' ? new Content(dataBytes, entry.size, this.pax.has('GNU.sparse.major')) : undefined;
    this.head = [];
    this.pax = NO_RECORDS;
    this.enter({ of: 'entry', entry, left: padded(dataBytes), ...(content && { content }) });
  }

  private enter(body: Body): void {
    this.body = body;
    if (body.left === 0) this.leave(body);
  }

  private leave(body: Body): void {
    this.body = undefined;
    if (body.of === 'entry') {
      const sha256 = body.content?.digest();
      this.listener.end?.({ ...body.entry, ...(sha256 !== undefined && { sha256 }) });
      return;
    }
    const blocks = Buffer.concat(body.blocks);
    this.head.push(blocks);
    if (body.flag === 'x') this.pax = readPax(blocks.subarray(0, body.bytes));
  }
}

const padded = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;

/**
 * The content of a file, from the blocks of its data. Of a sparse one these begin with a map of its segments.
 * https://www.gnu.org/software/tar/manual/html_section/Sparse-Formats.html
 */
class Content {
  private readonly hash: Hash = createHash('sha256');
  private readonly map: SparseMap | undefined;
  private readonly segments: Segment[];
  private at = 0;
  private left: number;

  constructor(
    dataBytes: number,
    private readonly size: number,
    isSparse: boolean,
  ) {
    this.left = dataBytes;
    this.map = isSparse ? new SparseMap() : undefined;
    this.segments = isSparse ? [] : [{ at: 0, left: dataBytes }];
  }

  add(blocks: Buffer): void {
    let bytes = blocks.subarray(0, this.left);
    this.left -= bytes.length;
    for (; this.map && !this.map.isWhole && bytes.length > 0; bytes = bytes.subarray(BLOCK_BYTES)) {
      this.map.add(bytes.subarray(0, BLOCK_BYTES));
      if (this.map.isWhole) for (const segment of this.map.segments) this.segments.push(segment);
    }
    for (let segment = this.segments[0]; segment && bytes.length > 0; segment = this.segments[0]) {
      this.zerosUntil(segment.at);
      const part = bytes.subarray(0, segment.left);
      this.hash.update(part);
      this.at += part.length;
      segment.at = this.at;
      segment.left -= part.length;
      bytes = bytes.subarray(part.length);
      if (segment.left === 0) this.segments.shift();
    }
  }

  /** @throws TarError if the data is not as its map says */
  digest(): string {
    if (this.map?.isWhole === false || this.segments.some(({ left }) => left > 0)) throw damagedMap();
    this.zerosUntil(this.size);
    return this.hash.digest('hex');
  }

  private zerosUntil(position: number): void {
    if (position < this.at || position > this.size) throw damagedMap();
    while (this.at < position) {
      const zeros = Math.min(ZEROS.length, position - this.at);
      this.hash.update(ZEROS.subarray(0, zeros));
      this.at += zeros;
    }
  }
}

/** A part of a sparse file that is no hole. */
interface Segment {
  at: number;
  left: number;
}

const damagedMap = (): TarError => new TarError('the map of a sparse file is damaged');

/** The number of segments, then offset and length of each, a number a line, padded to whole blocks. */
class SparseMap {
  readonly segments: Segment[] = [];
  private count: number | undefined;
  private offset: number | undefined;
  private line = '';

  get isWhole(): boolean {
    return this.segments.length === this.count;
  }

  add(block: Buffer): void {
    const lines = (this.line + block.toString('latin1')).split('\n');
    this.line = lines.pop()!;
    for (const line of lines) {
      const number = Number(line);
      if (!/^\d+$/.test(line) || !Number.isSafeInteger(number)) throw damagedMap();
      if (this.count === undefined) this.count = number;
      else if (this.offset === undefined) this.offset = number;
      else {
        this.segments.push({ at: this.offset, left: number });
        this.offset = undefined;
      }
      if (this.isWhole) return;
    }
  }
}
