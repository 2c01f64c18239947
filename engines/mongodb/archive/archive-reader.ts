import { BSON } from 'mongodb';
import { ArchiveParser, type BlockListener } from './archive-parser';
import { Crc64 } from './crc64';
import { collectionOf, nameOf } from './names';
import { OplogChanges } from './oplog-changes';

/** Format of the archives that this code reads. */
const FORMAT = '0.1';

/** What an archive says of a collection, and what of it has passed. */
export interface ArchivedNamespace {
  /** Empty for the oplog. */
  readonly database: string;
  readonly collection: string;
  /** `collection`, `view` or `timeseries`. */
  readonly type: string;
  /** Options and indexes as canonical Extended JSON; empty if the archive has none, as for users, roles and the oplog. */
  readonly metadata: string;
  /** Documents; of a time series its buckets. */
  readonly documents: number;
}

/** What is in an archive that is complete. */
export interface ArchiveContents {
  /** In the order of the archive. */
  readonly namespaces: readonly ArchivedNamespace[];
  /** What its oplog does to the documents; nothing if it has none. */
  readonly changes: OplogChanges | undefined;
}

/** What is wrong with an archive: it ends too early; is damaged, or none; is of a format that this code does not read. */
export type ArchiveFault = 'cut' | 'damaged' | 'unknown-format';

/** An archive that is not as it must be. */
export class ArchiveError extends Error {
  /** @param offset bytes of the archive before it was seen */
  constructor(
    readonly fault: ArchiveFault,
    what: string,
    readonly offset: number,
  ) {
    super(`${what}, at byte ${offset} of the archive`);
  }
}

/** Hears of the documents in an archive. */
export interface DocumentListener {
  /** Whether the documents of a collection are wanted; all are if left out. */
  wants?(namespace: ArchivedNamespace): boolean;
  /** A document, as the archive has it. The bytes may change afterwards. */
  document(namespace: ArchivedNamespace, bytes: Buffer): void;
}

/** A collection under way. */
interface Passing {
  readonly namespace: { -readonly [key in keyof ArchivedNamespace]: ArchivedNamespace[key] };
  readonly crc: Crc64;
  isOver: boolean;
}

/**
 * Reads an archive of `mongodump` while it passes, in memory that does not grow with its documents: each document's length, each
 * collection's checksum, and whether all that it announces has come to its end. An archive has no end marker of its own.
 */
export class ArchiveReader implements BlockListener {
  private readonly parser = new ArchiveParser(this);
  private readonly all: Passing[] = [];
  /** By `database.collection` of their documents. */
  private readonly byName = new Map<string, Passing>();
  private hasHead = false;
  private changes: OplogChanges | undefined;
  private isAnnounced = false;
  private current: Passing | undefined;
  private isWanted = true;
  private isHeard = false;
  private problem: ArchiveError | undefined;

  /**
   * @param listener hears of documents
   * @param mostKeys of {@link OplogChanges}
   */
  constructor(
    private readonly listener?: DocumentListener,
    private readonly mostKeys?: number,
  ) {}

  /** The collection whose documents pass: `shop.orders`. */
  get passing(): string | undefined {
    return this.current && nameOf(this.current.namespace);
  }

  /** What the archive announces; nothing before that has passed. */
  get announced(): readonly ArchivedNamespace[] | undefined {
    return this.isAnnounced ? this.all.map(({ namespace }) => namespace) : undefined;
  }

  /** Takes the next bytes, which do not change until {@link end}. Never throws. */
  see(chunk: Buffer): void {
    if (this.problem) return;
    const what = this.parser.see(chunk);
    if (what !== undefined) this.fail('damaged', what);
  }

  /**
   * After the last byte: what is in the archive.
   *
   * @throws ArchiveError if it is not complete and as its checksums say
   */
  end(): ArchiveContents {
    const open = this.all.filter(({ isOver }) => !isOver);
    if (!this.parser.isBetween || !this.isAnnounced) this.fail('cut', 'it ends too early');
    else if (open[0]) this.fail('cut', `it ends before ${nameOf(open[0].namespace)} is complete`);
    if (this.problem) throw this.problem;
    return { changes: this.changes, namespaces: this.all.map(({ namespace }) => namespace) };
  }

  header(document: Buffer): string | undefined {
    const header = read(document);
    if (!header) return 'the header of a block cannot be read';
    if (!this.hasHead) return this.begin(header);
    const name = `${header.db}.${collectionOf(String(header.collection))}`;
    const passing = this.byName.get(name);
    if (!passing) return `it has ${name}, which it does not announce`;
    if (passing.isOver) return `${name} goes on after its end`;
    this.current = passing;
    this.isHeard = this.listener !== undefined && (this.listener.wants?.(passing.namespace) ?? true);
    this.isWanted = this.isHeard || isOplog(passing.namespace);
    if (header.EOF !== true) return undefined;
    passing.isOver = true;
    this.isWanted = true;
    const expected = BSON.Long.isLong(header.CRC) ? BigInt.asUintN(64, header.CRC.toBigInt()) : undefined;
    return expected === passing.crc.value ? undefined : `${name} is not as its checksum says`;
  }

  wantsDocuments(): boolean {
    return this.isWanted;
  }

  document(bytes: Buffer): string | undefined {
    if (!this.isAnnounced) return this.announce(bytes);
    if (!this.current || this.current.isOver) return 'a document has no collection';
    const { namespace } = this.current;
    try {
      if (isOplog(namespace)) (this.changes ??= new OplogChanges(this.mostKeys)).add(bytes);
    } catch {
      return 'an entry of its oplog cannot be read';
    }
    if (this.isHeard) this.listener!.document(namespace, bytes);
    return undefined;
  }

  data(bytes: Buffer, from: number, to: number, ends: number): void {
    if (!this.isAnnounced || !this.current) return;
    const { namespace, crc } = this.current;
    crc.add(bytes, from, to);
    namespace.documents += ends;
  }

  ends(): void {
    this.isAnnounced = true;
    this.current = undefined;
  }

  /** The header of the archive. */
  private begin(header: BSON.Document): string | undefined {
    if (header.version !== FORMAT) {
      this.fail('unknown-format', `its format is ${String(header.version)}, and this program reads ${FORMAT}`);
      return 'its format is unknown';
    }
    this.hasHead = true;
    return undefined;
  }

  /** A collection that is to come. */
  private announce(bytes: Buffer): string | undefined {
    const found = read(bytes);
    if (!found || [found.db, found.collection].some((name) => typeof name !== 'string'))
      return 'what it announces cannot be read';
    const [database, collection] = [String(found.db), String(found.collection)];
    const type = String(found.type || 'collection');
    const namespace = { database, collection, type, metadata: String(found.metadata), documents: 0 };
    const passing = { namespace, crc: new Crc64(), isOver: false };
    if (this.byName.has(`${database}.${collection}`)) return `it announces ${database}.${collection} twice`;
    this.all.push(passing);
    this.byName.set(`${database}.${collection}`, passing);
    return undefined;
  }

  private fail(fault: ArchiveFault, what: string): void {
    this.problem ??= new ArchiveError(fault, what, this.parser.passed);
  }
}

const isOplog = ({ database }: ArchivedNamespace): boolean => database === '';

function read(bytes: Buffer): BSON.Document | undefined {
  try {
    return BSON.deserialize(bytes, { promoteLongs: false });
  } catch {
    return undefined;
  }
}
