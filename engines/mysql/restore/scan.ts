import type { SegmentHandler } from './sql-segments';
import { SqlSegments } from './sql-segments';
import { createdBy, createsTrigger, definerOf, touchedTable, usedDatabase } from '../sql-objects';
import { codeOf, hasForeignKeys, namesWithin, sequencesIn, tableOfTrigger } from './sql-text';

/** Kinds of objects whose text may be anything. */
const WITH_TEXT = ['VIEW', 'TRIGGER', 'EVENT', 'PROCEDURE', 'FUNCTION', 'PACKAGE', 'PACKAGE BODY', 'LIBRARY'];

/** What a target must have, with the objects that need it. */
export type Needs = Map<string, string[]>;

/** Reads what a dump creates, and what that needs, before anything is loaded. */
export class DumpScan implements SegmentHandler {
  readonly segments = new SqlSegments(this);
  /** Accounts, storage engines, collations and character sets. */
  readonly definers: Needs = new Map();
  readonly engines: Needs = new Map();
  readonly collations: Needs = new Map();
  readonly charsets: Needs = new Map();
  /** Functions and triggers, which a server with a binary log does not take from everybody. */
  readonly functions: string[] = [];
  readonly withoutPrimaryKey: string[] = [];
  /** Tables with foreign keys, with some to other databases, and with triggers: `shop.orders`. */
  readonly withForeignKeys: string[] = [];
  readonly withKeysToOthers: string[] = [];
  readonly withTriggers: string[] = [];
  /** Sequences in defaults, by table: `shop.orders`. */
  readonly sequences = new Map<string, { readonly database: string; readonly name: string }[]>();
  /** Sequences that a default uses before the dump creates them: `shop.ids`. */
  readonly earlySequences = new Set<string>();
  private readonly created = new Set<string>();
  /** Names behind the name of the database, by object: `view shop.v`. */
  private readonly naming = new Map<string, readonly string[]>();

  /**
   * @param wants whether something of this database is to be restored
   */
  constructor(private readonly wants: (database: string) => boolean) {}

  see(chunk: Buffer): void {
    this.segments.see(chunk);
  }

  keepsRows(): boolean {
    return false;
  }

  statement(head: string, bytes: Buffer): undefined {
    const { database } = this.segments.sql;
    if (!this.wants(database) || usedDatabase(head) !== undefined || touchedTable(head) !== undefined) return;
    const made = createdBy(head) ?? (createsTrigger(head) ? { kind: 'TRIGGER' as const, name: '?' } : undefined);
    if (!made) {
      this.collect(this.collations, /\bcollation_connection\s*=\s*(\w+)/g, head, database);
      return;
    }
    const path = `${database}.${made.name}`;
    const text = bytes.toString('latin1');
    const definer = definerOf(head)?.account;
    if (definer !== undefined) add(this.definers, definer, path);
    this.created.add(path);
    if (WITH_TEXT.includes(made.kind)) {
      const names = namesWithin(text, database);
      if (names.length > 0) this.naming.set(`${made.kind.toLowerCase()} ${path}`, names);
      if (made.kind === 'FUNCTION' || made.kind === 'TRIGGER') this.functions.push(path);
      if (made.kind === 'TRIGGER') this.withTriggers.push(`${database}.${tableOfTrigger(text)}`);
    } else this.table(text, path);
  }

  /**
   * Objects that name their own database, and would reach into it from a copy: `view shop.v`. A name that is none of the
   * database's objects is a column's, of a table that is called as its database.
   */
  namingThemselves(database: string): string[] {
    const isTable = this.created.has(`${database}.${database}`);
    const reaches = (name: string) => !isTable || this.created.has(`${database}.${name}`);
    return [...this.naming].flatMap(([object, names]) => (names.some(reaches) ? [object] : []));
  }

  private table(text: string, path: string): void {
    const code = codeOf(text);
    this.collect(this.engines, /\n\)[^\n]* ENGINE=(\w+)/g, code, path);
    this.collect(this.collations, /\bCOLLATE[ =](\w+)/g, code, path);
    this.collect(this.charsets, /\b(?:CHARACTER SET |CHARSET=)(\w+)/g, code, path);
    if (!/\bPRIMARY KEY\b/.test(code) && /\bCREATE TABLE\b/.test(code)) this.withoutPrimaryKey.push(path);
    if (hasForeignKeys(text, 'all')) this.withForeignKeys.push(path);
    if (hasForeignKeys(text, 'to-others')) this.withKeysToOthers.push(path);
    const sequences = sequencesIn(text);
    if (sequences.length > 0) this.sequences.set(path, sequences);
    for (const { database, name } of sequences)
      if (!this.created.has(`${database}.${name}`)) this.earlySequences.add(`${database}.${name}`);
  }

  private collect(needs: Needs, pattern: RegExp, code: string, path: string): void {
    for (const [, word = ''] of code.matchAll(pattern)) add(needs, word, path);
  }

  /** The longest statement, and what the dump creates in a database. */
  get longest(): { readonly bytes: number; readonly database: string; readonly table?: string } {
    return this.segments.sql.longest;
  }
}

function add(needs: Needs, what: string, object: string): void {
  const objects = needs.get(what);
  if (objects) objects.push(object);
  else needs.set(what, [object]);
}
