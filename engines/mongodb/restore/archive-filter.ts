import { BSON } from 'mongodb';
import { ArchiveParser, MAGIC, TERMINATOR, type BlockListener } from '../archive/archive-parser';
import { Crc64 } from '../archive/crc64';
import { documentOf, fieldsOf, stringValue, withValue, type RawField } from '../archive/documents';
import { collectionOf } from '../archive/names';
import { placedEntry, type Places } from '../archive/oplog';

/** What the block under way is: of the prelude, of the oplog, passed on, or left out. */
type Block = 'prelude' | 'oplog' | 'passed' | 'left';

/**
 * Leaves collections out of an archive while it passes, and gives databases other names: `mongorestore` replays no oplog together
 * with its own options for that.
 */
export class ArchiveFilter implements BlockListener {
  private readonly parser = new ArchiveParser(this);
  private out: Buffer[] = [];
  private block: Block = 'prelude';
  private isHead = true;
  /** Of the oplog as it is passed on. */
  private readonly crc = new Crc64();

  /**
   * @param places names of databases on the target, by collection
   * @param keepsOplog whether the oplog is passed on
   */
  constructor(
    private readonly places: Places,
    private readonly keepsOplog: boolean,
  ) {}

  /** Passes an archive on. What is damaged, whoever reads it must see. */
  async *filter(archive: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of archive) {
      if (this.parser.see(chunk) !== undefined) return;
      if (this.out.length > 0) yield Buffer.concat(this.out);
      this.out = [];
    }
  }

  header(document: Buffer): undefined {
    if (this.isHead) return this.begin(document);
    const { db, collection, EOF } = BSON.deserialize(document, { promoteLongs: false });
    const to = this.placeOf(String(db), String(collection));
    this.block = to === undefined ? 'left' : db === '' ? 'oplog' : 'passed';
    if (to === undefined) return;
    const isEnd = EOF === true && db === '';
    this.out.push(changed(document, { db: to, ...(isEnd && { CRC: this.crc.value }) }));
  }

  wantsDocuments(): boolean {
    return this.block === 'prelude' || this.block === 'oplog';
  }

  document(bytes: Buffer): undefined {
    if (this.block === 'prelude') {
      const { db, collection } = BSON.deserialize(bytes);
      const to = this.placeOf(String(db), String(collection));
      if (to !== undefined) this.out.push(changed(bytes, { db: to }));
      return;
    }
    const entry = placedEntry(bytes, this.places);
    if (!entry) return;
    this.crc.add(entry);
    this.out.push(entry);
  }

  data(bytes: Buffer, from: number, to: number): void {
    if (this.block === 'passed') this.out.push(bytes.subarray(from, to));
  }

  ends(): void {
    if (this.block !== 'left') this.out.push(TERMINATOR);
  }

  private begin(document: Buffer): undefined {
    this.isHead = false;
    this.out.push(MAGIC, document);
  }

  private placeOf(database: string, collection: string): string | undefined {
    if (database === '') return this.keepsOplog ? '' : undefined;
    return this.places(database, collectionOf(collection));
  }
}

/** The document with other values of some of its fields. */
function changed(document: Buffer, { db, CRC }: { readonly db: string; readonly CRC?: bigint }): Buffer {
  const value = (field: RawField): Buffer | undefined => {
    if (field.name === 'db') return stringValue(db);
    if (field.name !== 'CRC' || CRC === undefined) return undefined;
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(CRC);
    return bytes;
  };
  return documentOf(
    fieldsOf(document).map((field) => {
      const other = value(field);
      return other ? withValue(field, other) : field.bytes;
    }),
  );
}
