import { createHash, type Hash } from 'node:crypto';
import type { RowListener, Section, SectionReader } from '../../engine';
import { EndOfDump } from '../end-of-dump';
import {
  createdBy,
  createdDatabase,
  createsTrigger,
  insertedTable,
  usedDatabase,
  type ObjectKind,
} from '../sql-objects';
import { SqlSegments, type Part, type SegmentHandler } from '../restore/sql-segments';
import { asBytes, tableOfTrigger } from '../restore/sql-text';
import { normalForm, withoutComments } from './normal-form';
import { columnsOf, RowSplitter } from './row-values';
import { SessionState } from './session-state';

const TEXT_BYTES = 4096;
const NAME = '`((?:[^`]|``)+)`';
/** `DROP TRIGGER IF EXISTS`, and the place that the tool keeps for a view. */
const DROPS = new RegExp(
  `^(?:/\\*M?!\\d*\\s*)?(?:DROP\\s+(TABLE|VIEW|SEQUENCE|TRIGGER|EVENT|PROCEDURE|FUNCTION|LIBRARY|PACKAGE BODY|PACKAGE)\\s+IF\\s+EXISTS|CREATE\\s+(VIEW))\\s+${NAME}`,
  'i',
);
const ALTERS = new RegExp(`^(?:/\\*M?!\\d*\\s*)?ALTER\\s+TABLE\\s+${NAME}`, 'i');
const SEQUENCE_VALUE = new RegExp(`^(?:DO|SELECT)\\s+SETVAL\\(${NAME}`, 'i');

/** Of a definition: what of it has passed. */
interface Definition {
  readonly hash: Hash;
  text: string;
}

/** Cuts a dump of MySQL or MariaDB into its objects. */
export class MysqlSections implements SectionReader, SegmentHandler {
  private readonly segments = new SqlSegments(this);
  private readonly tail = new EndOfDump();
  private readonly state = new SessionState();
  private readonly definitions = new Map<string, Definition>();
  private readonly rows = new Map<string, Hash>();
  /** The object under way, for statements that name none. */
  private current = 'dump';
  private unnamed = 0;
  /** Statements of rows that have begun and whose bytes have not come yet. */
  private readonly begun: { readonly hash: Hash | undefined; readonly splitter: RowSplitter | undefined }[] = [];
  /** Of the table under way. */
  private columns: readonly string[] = [];

  constructor(private readonly listener: RowListener | undefined) {}

  see(chunk: Buffer): void {
    this.tail.see(chunk);
    for (const part of this.segments.see(chunk)) if (part.isRows) this.seeRows(part);
  }

  end(): ReadonlyMap<string, Section> {
    const sections = new Map<string, Section>();
    for (const [name, { hash, text }] of this.definitions)
      sections.set(name, { kind: 'definition', hash: hash.digest('hex'), text });
    for (const [name, hash] of this.rows) sections.set(name, { kind: 'rows', hash: hash.digest('hex') });
    // What is cut off behind the last object changes nothing else.
    const end = this.tail.isThere ? 'complete' : 'cut short';
    sections.set('end of the dump', { kind: 'definition', hash: end, text: end });
    return sections;
  }

  keepsRows(head: string): boolean {
    const section = `table ${this.segments.sql.database}.${insertedTable(head) ?? ''}`;
    this.current = `definition of ${section}`;
    // Whoever listens wants no hashes.
    const hash = this.listener ? undefined : this.hashOfRows(section);
    this.begun.push({ hash, splitter: this.splitterOf(section) });
    return true;
  }

  statement(head: string, bytes: Buffer): undefined {
    if (/^DELIMITER /.test(head)) return;
    const text = withoutComments(bytes.toString('latin1'));
    if (this.state.take(text) || text === '') return;
    const made = createdBy(head);
    const kind = made?.kind ?? (createsTrigger(head) ? 'TRIGGER' : undefined);
    this.current = this.objectOf(head, made && { kind: made.kind, name: made.name });
    const normal = normalForm(kind, text);
    this.define(this.current, `${kind === undefined ? '' : `${this.state.toString()}\n`}${normal}\n`);
    if (kind === 'TABLE') this.table(made!.name, normal);
    if (kind === 'TRIGGER') this.order(text, made?.name ?? '?');
  }

  /** The section of a statement that is no row. */
  private objectOf(head: string, made: { readonly kind: ObjectKind; readonly name: string } | undefined): string {
    const database = createdDatabase(head)?.name ?? usedDatabase(head);
    if (database !== undefined) return `database ${database}`;
    const named = (kind: string, name: string): string =>
      `${kind === 'TABLE' ? 'definition of table' : kind.toLowerCase()} ${this.segments.sql.database}.${name}`;
    if (made) return named(made.kind, made.name);
    if (createsTrigger(head)) return named('TRIGGER', `?${++this.unnamed}`);
    const [, dropped, view, name] = DROPS.exec(head) ?? [];
    if (name !== undefined) return named((dropped ?? view)!.toUpperCase(), unquoted(name));
    const sequence = SEQUENCE_VALUE.exec(head)?.[1];
    if (sequence !== undefined) return named('SEQUENCE', unquoted(sequence));
    const altered = ALTERS.exec(head)?.[1];
    return altered === undefined ? this.current : named('TABLE', unquoted(altered));
  }

  private define(section: string, text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    const known = this.definitions.get(section);
    const definition = known ?? { hash: createHash('sha256'), text: '' };
    definition.hash.update(bytes);
    if (definition.text.length < TEXT_BYTES)
      definition.text = (definition.text + bytes.toString('utf8')).slice(0, TEXT_BYTES);
    if (!known) this.definitions.set(section, definition);
  }

  /** A table without rows has a section of them too, lest they are missed. */
  private table(name: string, text: string): void {
    this.hashOfRows(`table ${this.segments.sql.database}.${name}`);
    this.columns = this.listener ? columnsOf(text) : [];
  }

  /** The order in which triggers of a table act is the one in which they are made. */
  private order(text: string, name: string): void {
    const table = tableOfTrigger(text);
    if (table === undefined) return;
    this.define(`order of triggers of table ${this.segments.sql.database}.${table}`, `${asBytes(name)}\n`);
  }

  private hashOfRows(section: string): Hash {
    const known = this.rows.get(section);
    if (known) return known;
    const hash = createHash('sha256').update(this.state.toString());
    this.rows.set(section, hash);
    return hash;
  }

  private splitterOf(section: string): RowSplitter | undefined {
    const { listener, columns } = this;
    if (!listener?.wants(section)) return undefined;
    return new RowSplitter((named, values) => listener.row(section, named ?? columns, values));
  }

  private seeRows({ bytes, ends }: Part): void {
    const [first] = this.begun;
    first?.hash?.update(bytes);
    first?.splitter?.see(bytes);
    if (ends) this.begun.shift();
  }
}

const unquoted = (name: string): string => name.replaceAll('``', '`');
