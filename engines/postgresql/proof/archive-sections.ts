import { createHash, type Hash } from 'node:crypto';
import { BackupError } from '../../../task/run/errors';
import type { RowListener, Section, SectionReader } from '../../engine';
import { ArchiveBlocks } from '../archive-blocks';
import { ArchiveHead, type ArchiveEntry } from '../archive-head';
import { CopiedRows, copiedColumns, readable } from './copied-rows';
import { canonical, inherits, placeOf, shown } from './definitions';
import { entryName, rowsName } from './entry-names';
import { HashSum, LineSum, hashOf } from './hashes';

/** The rows of a table, as the table of contents promises them. */
interface Promised {
  readonly section: string;
  readonly copy: string;
  /** Whether the order of its columns says nothing. */
  readonly isSorted: boolean;
}

const tableKey = (schema: string, name: string): string => `${schema}\0${name}`;

/** Cuts an archive of `pg_dump` into the entries of its table of contents, and into the rows of tables. */
export class ArchiveSections implements SectionReader {
  private readonly head = new ArchiveHead((entry) => this.entry(entry));
  private readonly blocks = new ArchiveBlocks({
    begins: (id, isLargeObjects) => this.begins(id, isLargeObjects),
    largeObject: (oid) => {
      if (oid !== 0 && (this.listener?.wants(this.objectsName) ?? true))
        this.object = { oid, hash: createHash('sha256') };
    },
    data: (bytes, from, to) => this.data(bytes, from, to),
    ends: () => this.ends(),
  });
  private readonly found = new Map<string, Section>();
  /** Hashes of the definitions of a name: some kinds, such as default privileges, have several. */
  private readonly hashes = new Map<string, string[]>();
  private readonly children = new Set<string>();
  private readonly promised = new Map<number, Promised>();
  private readonly largeObjects = { definitions: new HashSum(), contents: new HashSum(), count: 0 };
  private inData = false;
  private fault: string | undefined;

  // What the data of now belongs to.
  private table: Promised | undefined;
  private rows: CopiedRows | undefined;
  private object: { readonly oid: number; readonly hash: Hash } | undefined;
  private readonly sum = new LineSum();

  constructor(
    private readonly database: string,
    /** With one, rows are heard, and not hashed. */
    private readonly listener: RowListener | undefined,
  ) {}

  see(chunk: Buffer): void {
    if (this.fault !== undefined) return;
    if (this.inData) this.follow(chunk);
    else this.goOn(this.head.see(chunk));
  }

  end(): ReadonlyMap<string, Section> {
    if (!this.inData) this.goOn(this.head.readOn());
    if (this.head.unknown)
      throw new BackupError(
        'notTested',
        `the archive of database ${this.database} is of a newer pg_dump than this program reads: update cdk-proven-backups`,
        { kind: 'not-supported', database: this.database },
      );
    for (const [name, hashes] of this.hashes) {
      const first = this.found.get(name)!;
      if (hashes.length > 1) this.found.set(name, { ...first, hash: hashOf(...hashes.toSorted()) });
    }
    const { definitions, contents, count } = this.largeObjects;
    this.found.set(`definition of large objects of ${this.database}`, { kind: 'definition', hash: definitions.text });
    this.found.set(this.objectsName, { kind: 'rows', hash: `${count} ${contents.text}` });
    // What is not read to its end is never equal to what is.
    const isWhole = this.inData && this.blocks.isBetween && this.promised.size === 0;
    if (this.fault !== undefined || !isWhole)
      this.found.set(`archive of ${this.database}`, {
        kind: 'definition',
        hash: hashOf(this.fault ?? 'it is cut short'),
        text: this.fault ?? 'it is cut short',
      });
    return this.found;
  }

  private get objectsName(): string {
    return `large objects of ${this.database}`;
  }

  private goOn(rest: Buffer | undefined): void {
    if (!rest || this.head.unknown) return;
    this.inData = true;
    this.follow(rest);
  }

  private follow(chunk: Buffer): void {
    this.fault ??= this.blocks.see(chunk);
  }

  private entry(entry: ArchiveEntry): void {
    const { id, kind, schema, name, copy, hasData } = entry;
    if (kind === 'TABLE DATA') {
      const section = rowsName(this.database, readable(schema), readable(name));
      const isSorted = this.children.has(tableKey(schema, name)) && copiedColumns(copy) !== undefined;
      if (hasData) this.promised.set(id, { section, copy, isSorted });
      return;
    }
    if (hasData) this.promised.set(id, { section: '', copy: '', isSorted: false });
    const place = placeOf(entry);
    if (place === 'none') return;
    const text = canonical(entry);
    if (place === 'large-objects') return this.largeObjects.definitions.add(hashOf(kind, name, text));
    if (kind === 'TABLE' && inherits(entry.definition)) this.children.add(tableKey(schema, name));
    const title = readable(entryName(this.database, { kind, schema, name }));
    const hash = hashOf(kind, schema, name, text);
    const words = shown(kind, readable(text));
    this.hashes.set(title, [...(this.hashes.get(title) ?? []), hash]);
    if (!this.found.has(title))
      this.found.set(title, { kind: 'definition', hash, ...(words === undefined ? {} : { text: words }) });
  }

  private begins(id: number, isLargeObjects: boolean): boolean {
    const promised = this.promised.get(id);
    this.promised.delete(id);
    this.table = isLargeObjects ? undefined : promised;
    if (!promised || !this.table) return promised !== undefined;
    const { section, copy, isSorted } = this.table;
    const { listener } = this;
    this.rows = undefined;
    if (listener) {
      if (!listener.wants(section)) return true;
      const rows = new CopiedRows(copy, (values) =>
        listener.row(section, rows.columns?.map(readable), values.map(readable)),
      );
      this.rows = rows;
      return true;
    }
    const columns = copiedColumns(copy);
    const facts = isSorted ? columns!.toSorted().join() : copy;
    this.sum.add(Buffer.from(`${facts}\n`, 'latin1'));
    if (isSorted)
      this.rows = new CopiedRows(copy, (values) => this.sum.add(Buffer.from(`${values.join('\t')}\n`, 'latin1')));
    return true;
  }

  private data(bytes: Buffer, from: number, to: number): void {
    if (this.rows) this.rows.data(bytes, from, to);
    else if (this.object) this.object.hash.update(bytes.subarray(from, to));
    else if (!this.listener) this.sum.add(bytes, from, to);
  }

  private ends(): void {
    if (this.object) {
      const hash = this.object.hash.digest('hex');
      const oid = String(this.object.oid);
      this.largeObjects.count++;
      this.largeObjects.contents.add(hashOf(oid, hash));
      this.listener?.row(this.objectsName, ['oid', 'content'], [oid, hash]);
      this.object = undefined;
      return;
    }
    this.rows?.ends();
    this.rows = undefined;
    if (!this.table) return;
    // Names that are no UTF-8 may be shown alike.
    const { section } = this.table;
    const [other, hash] = [this.found.get(section)?.hash, this.sum.end()];
    this.found.set(section, { kind: 'rows', hash: other === undefined ? hash : hashOf(...[other, hash].toSorted()) });
  }
}
