/** Tables without rows in a backup that had rows in the backups before it. Pure. */
import type { SizeLimits } from '../contract/alarms';
import { countOf } from '../units';

/** Rows by table, as people name it; `undefined` where they were not counted. */
export type TableRows = ReadonlyMap<string, number | undefined>;

/** What people call a table and a row of an engine. */
export interface TableWords {
  readonly table: string;
  readonly row: string;
}

/** Tables that a sentence names. */
const NAMED = 3;
/** Lost tables that a command can name. */
const RESTORED = 10;
/** Lost tables that are told apart later. */
const ITEMS = 50;
/** Characters of a name. */
const NAME_LENGTH = 300;
/** A table with at most this many rows may be a queue, or a lock. */
const FEW = 20;
/** A table with more rows may have been empty this often before. */
const GAPS = 1;
/** If tables vanished this often from one backup to the next, they come and go. */
const HABIT = 3;

/** History of a table without rows in the backup. */
interface Missing {
  /** A bit for each earlier backup, the newest first, that had rows of it, or may have had. */
  had: number;
  /** Rows in the newest backup in which they were counted, and which one that is. */
  last?: number;
  in?: string;
  /** The fewest rows of all backups that had some. */
  least: number;
}

/** The lost tables. */
export interface LostTables {
  readonly sentence: string;
  /** The sentence in few words. */
  readonly short: string;
  readonly items: readonly string[];
  /** The largest of them by their whole names, for a command that restores them. */
  readonly tables: readonly string[];
  /** Whether an earlier backup had them all. */
  hadAll(index: number): boolean;
}

/** The tables of the earlier backups. It keeps only the names of those without rows in the backup. */
export class TableHistory {
  private readonly missing = new Map<string, Missing>();
  private count = 0;
  /** How often a table of a backup is not there in the next. */
  private vanished = 0;
  /** Tables of the backup that was added last. */
  private next?: TableRows;

  constructor(
    private readonly of: TableRows,
    private readonly words: TableWords,
  ) {}

  /** Adds the next older backup. */
  add(id: string, tables: TableRows): void {
    if (this.next && this.vanished < HABIT && lacksOne(this.next, tables)) this.vanished++;
    this.next = tables;
    // Where every backup has tables of other names, those of all would be too many to keep.
    if (this.vanished === HABIT) {
      for (const table of this.missing.keys()) if (this.mayGo(table)) this.missing.delete(table);
    }
    const bit = 1 << this.count++;
    for (const [table, rows] of tables) {
      if (rows === 0 || mayHave(this.of, table)) continue;
      let entry = this.missing.get(table);
      if (!entry) {
        if (this.mayGo(table)) continue;
        this.missing.set(table, (entry = { had: 0, least: Infinity }));
      }
      entry.had |= bit;
      if (rows === undefined) continue;
      entry.least = Math.min(entry.least, rows);
      if (entry.last !== undefined) continue;
      entry.last = rows;
      entry.in = bit === 1 ? 'the backup before it' : `backup ${id}`;
    }
  }

  /** The lost tables; `undefined` if there are none. */
  lost({ ignoreTables = [], minHistory }: SizeLimits): LostTables | undefined {
    const patterns = ignoreTables.map(patternOf);
    const lost = [...this.missing]
      .filter(([, entry]) => this.isLost(entry, minHistory))
      .filter(([table]) => !patterns.some((pattern) => isMeant(pattern, table)))
      .sort(([, a], [, b]) => b.last! - a.last!);
    if (lost.length === 0) return undefined;
    const named = lost.slice(0, NAMED).map(([table, entry]) => this.said(table, entry));
    const more = lost.length > NAMED ? [`and ${lost.length - NAMED} more`] : [];
    const items = lost.slice(0, ITEMS).map(([table]) => shortened(table));
    return {
      sentence: [...named, ...more].join('; '),
      short: this.short(lost),
      items: [...items, ...(lost.length > ITEMS ? ['and more'] : [])],
      tables: lost
        .slice(0, RESTORED)
        .map(([table]) => table)
        .filter(({ length }) => length <= NAME_LENGTH),
      hadAll: (index) => lost.every(([, { had }]) => (had & (1 << index)) !== 0),
    };
  }

  /**
   * A table is lost as long as most of the backups before had rows of it. One that has been empty before, and was filled
   * again, is a queue, unless that happened once only, and to a table with more than a few rows.
   */
  private isLost(entry: Missing, minHistory: number): boolean {
    const { had, last, least } = entry;
    if (last === undefined || bits(had) <= this.count / 2) return false;
    const gaps = this.gaps(entry);
    const isYoung = this.count < minHistory;
    return least > FEW ? gaps <= (isYoung ? 0 : GAPS) : gaps === 0 && !isYoung;
  }

  /** How many backups before did not have it. The newest ones of those are the loss itself, and do not count. */
  private gaps({ had }: Missing): number {
    return this.count - lowestBit(had) - bits(had);
  }

  /** Whether a table that is not there any more is nothing strange. */
  private mayGo(table: string): boolean {
    return this.vanished === HABIT && !this.of.has(table);
  }

  private said(table: string, { last, in: where }: Missing): string {
    return `${this.fate(table)}; ${where} had ${countOf(last!, this.words.row)} of it`;
  }

  private short(lost: readonly (readonly [table: string, entry: Missing])[]): string {
    const [table, { last }] = lost[0]!;
    if (lost.length > 1) return `${countOf(lost.length, this.words.table)} lost, such as ${shortened(table)}`;
    return `${this.fate(table)}, had ${countOf(last!, this.words.row)}`;
  }

  private fate(table: string): string {
    return `${this.words.table} ${shortened(table)} is ${this.of.has(table) ? 'empty' : 'gone'}`;
  }
}

const shortened = (table: string): string => (table.length > NAME_LENGTH ? `${table.slice(0, NAME_LENGTH)}…` : table);

/** Whether there are rows of a table, or may be: they were not counted. */
function mayHave(tables: TableRows, table: string): boolean {
  const rows = tables.get(table);
  return rows === undefined ? tables.has(table) : rows > 0;
}

function lacksOne(tables: TableRows, of: TableRows): boolean {
  for (const table of of.keys()) if (!tables.has(table)) return true;
  return false;
}

function bits(set: number): number {
  let count = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) count++;
  return count;
}

const lowestBit = (set: number): number => 31 - Math.clz32(set & -set);

/** A table is meant by its name, by `schema.table`, `database.table` or all three, with `*` for any text. */
function patternOf(pattern: string): RegExp {
  const text = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^(?:.*\\.)?${text.join('.*')}$`, 's');
}

const isMeant = (pattern: RegExp, table: string): boolean =>
  pattern.test(table) || pattern.test(table.replace(/^([^.]*)\.[^.]*\.(.*)$/s, '$1.$2'));
