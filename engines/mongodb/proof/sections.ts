import { hash } from 'node:crypto';
import { BSON } from 'mongodb';
import { BackupError } from '../../../task/run/errors';
import type { DumpedObject, Left, RowListener, Section, SectionReader } from '../../engine';
import { ArchiveError, ArchiveReader, type ArchiveContents, type ArchivedNamespace } from '../archive/archive-reader';
import { documentOf, fieldsOf } from '../archive/documents';
import { nameOf } from '../archive/names';
import type { CollectionChanges, OplogChanges } from '../archive/oplog-changes';
import { DocumentSum } from './document-sum';
import { normalMetadata } from './metadata';

const TEXT_BYTES = 4096;
/** Keys of documents that an oplog changes, which are held to compare the others: some 32 MiB. */
const MOST_KEYS = 400_000;

/** What the oplog of the tested backup does: the restored server has that done, and its dump has none. */
export interface BackupOplog {
  changes?: OplogChanges;
}

/** Why parts of an archive with an oplog are not compared. */
type Why = 'reshaped' | 'redefined' | 'written-meanwhile' | 'too-many-written';

/**
 * Cuts an archive of `mongodump` into collections, views and indexes, and into the documents of collections. What the oplog of the
 * backup changes is in another state in the archive: of such collections the other documents are compared, as rows.
 */
export class MongodbSections implements SectionReader {
  private readonly reader: ArchiveReader;
  private readonly sums = new Map<string, DocumentSum>();
  private readonly leaves = new Map<Why, Set<string>>();

  /**
   * @param oplog gets what that of the backup does, which is read first
   * @param rows hears of documents: then the sections say nothing
   */
  constructor(
    private readonly oplog: BackupOplog,
    private readonly object: DumpedObject,
    private readonly rows?: RowListener,
    mostKeys = MOST_KEYS,
  ) {
    const listener = {
      wants: (namespace: ArchivedNamespace) => this.isOfUsers(namespace) && (rows?.wants(rowsName(namespace)) ?? true),
      document: (namespace: ArchivedNamespace, bytes: Buffer) =>
        rows ? this.tell(rows, namespace, bytes) : this.sumOf(namespace).add(bytes),
    };
    this.reader = new ArchiveReader(listener, rows ? 0 : mostKeys);
  }

  see(chunk: Buffer): void {
    this.reader.see(chunk);
  }

  get left(): Left[] {
    return [...this.leaves].map(([why, objects]) => ({ why, objects: [...objects] }));
  }

  end(): ReadonlyMap<string, Section> {
    const sections = new Map<string, Section>();
    const define = (name: string, text: string) =>
      sections.set(name, { kind: 'definition', hash: hash('sha256', text), text: text.slice(0, TEXT_BYTES) });
    const { namespaces, changes } = this.read(define);
    if (changes && !this.rows) this.oplog.changes = changes;
    // The dump may have begun before they were there.
    for (const name of this.oplog.changes?.reshaped ?? [])
      if (this.isOfUsers({ database: name.split('.', 1)[0]! })) this.leave('reshaped', `collection ${name}`);
    for (const namespace of namespaces.filter((one) => this.isOfUsers(one))) {
      const { database, collection, type, metadata } = namespace;
      const name = nameOf(namespace);
      const changed = this.oplog.changes?.of(database, collection);
      if (changed?.isReshaped) this.leave('reshaped', rowsName(namespace));
      else {
        if (changed?.isRedefined) this.leave('redefined', rowsName(namespace));
        else {
          const { options, indexes } = normalMetadata(metadata);
          define(type === 'view' ? `view ${name}` : `definition of ${rowsName(namespace)}`, options);
          for (const [index, text] of indexes) define(`index ${name}.${index}`, text);
        }
        const rows = type === 'view' ? undefined : this.rowsOf(namespace, changed, changes !== undefined);
        if (rows !== undefined) sections.set(rowsName(namespace), { kind: 'rows', hash: rows });
      }
    }
    return sections;
  }

  /**
   * The documents of a collection as a section; nothing if they cannot be compared.
   *
   * @param hasOplog whether the archive is the one of the backup
   */
  private rowsOf(namespace: ArchivedNamespace, changed: CollectionChanges | undefined, hasOplog: boolean) {
    const name = rowsName(namespace);
    if (!changed?.isWritten) return this.sumOf(namespace).text;
    if (this.oplog.changes?.isFull) return this.leave('too-many-written', name);
    this.leave('written-meanwhile', name);
    if (this.rows?.wants(name)) this.rows.row(name, undefined, ['(changed)']);
    // Never the same on both sides: then all of them are read one by one.
    return `${hasOplog ? 'before' : 'after'} the oplog`;
  }

  private leave(why: Why, object: string): undefined {
    this.leaves.set(why, (this.leaves.get(why) ?? new Set()).add(object));
  }

  /** What the archive has. What is not read to its end is never equal to what is. */
  private read(define: (name: string, text: string) => void): Pick<ArchiveContents, 'namespaces' | 'changes'> {
    try {
      return this.reader.end();
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      if (error.fault === 'unknown-format') throw tooNew(error);
      define(`archive of ${this.object.databases.join(', ')}`, error.message);
      return { namespaces: this.reader.announced ?? [], changes: undefined };
    }
  }

  /** Whether it is a user's, not the server's own: users, roles, settings. */
  private isOfUsers({ database }: Pick<ArchivedNamespace, 'database'>): boolean {
    return this.object.databases.includes(database);
  }

  private sumOf(namespace: ArchivedNamespace): DocumentSum {
    const name = nameOf(namespace);
    const sum = this.sums.get(name) ?? new DocumentSum();
    this.sums.set(name, sum);
    return sum;
  }

  /** Fields, and behind them the document: bytes that are equal for equal documents. Only the key is a text for people. */
  private tell(rows: RowListener, namespace: ArchivedNamespace, document: Buffer): void {
    const { database, collection } = namespace;
    const fields = fieldsOf(document);
    const key = fields.find(({ name }) => name === '_id');
    if (key && this.oplog.changes?.hasChanged(database, collection, key.bytes)) return;
    const columns = [...fields.map(({ name }) => name), 'document'];
    const values = fields.map((field) => (field === key ? keyText(field.bytes) : field.bytes.toString('latin1')));
    rows.row(rowsName(namespace), columns, [...values, document.toString('latin1')]);
  }
}

const rowsName = (namespace: ArchivedNamespace): string => `collection ${nameOf(namespace)}`;

/** A key may be a text that is no valid UTF-8. */
const TO_SAY = { promoteValues: false, validation: { utf8: false } } as const;
const keyText = (field: Buffer): string =>
  BSON.EJSON.stringify(BSON.deserialize(documentOf([field]), TO_SAY)._id, { relaxed: false });

const tooNew = ({ message }: ArchiveError): BackupError =>
  new BackupError(
    'notTested',
    `the archive is of a newer mongodump than this program reads: ${message}: update cdk-proven-backups`,
    { kind: 'not-supported', said: message },
  );
