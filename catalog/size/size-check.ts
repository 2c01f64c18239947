/**
 * Decides whether a backup is strange: empty, without a table that the source had so far, or of another size than the
 * backups before it. Pure. Of 15 manifests with 100,000 tables each it keeps the names of two.
 */
import type { SizeLimits } from '../contract/alarms';
import { countOf } from '../units';
import type { LostTables, TableRows, TableWords } from './lost-tables';
import { TableHistory } from './lost-tables';
import { dumpedBytes, type Manifest, type TableCount } from '../bucket/manifest';
import type { StrangeSize } from './size-measures';
import { BYTES, medianOf, rowsKind, SizeMeasure } from './size-measures';

/** Earlier backups that a backup is compared with. */
export const HISTORY = 14;

/** The numbers of a backup that are compared. */
export interface BackupSize {
  readonly id: string;
  /** Engine, and kinds of objects: backups of another kind are not compared. */
  readonly kind: string;
  /** Before compression. */
  readonly bytes: number;
  /** Of all tables whose rows are known; left out if none are. */
  readonly rows?: number;
  readonly tables: TableRows;
  readonly words: TableWords;
}

/** Result of the comparison. */
export interface SizeCheck {
  /** Signed; the further one of bytes and rows. Left out while there is too little history. */
  readonly deviation?: number;
  /** Median of the bytes before compression of the history. */
  readonly usualBytes?: number;
  /** The worst finding. */
  readonly strange?: {
    readonly cause: 'empty' | 'table-lost' | StrangeSize['cause'];
    readonly sentence: string;
    /** The sentence in few words. */
    readonly short: string;
    /** The lost tables, and how far a size is off. */
    readonly items?: readonly string[];
    /** The first of the lost tables. */
    readonly tables?: readonly string[];
  };
  /** Id of the newest backup before a strange one that is not strange itself. */
  readonly lastUsual?: string;
}

/**
 * The numbers of a manifest.
 *
 * @param words of its engine
 */
export function sizeOf({ backupId, engine, objects, repository, tables }: Manifest, words: TableWords): BackupSize {
  const rows = new Map(tables.map((table) => [tableName(table), rowsOf(table)]));
  const known = [...rows.values()].filter((count) => count !== undefined);
  return {
    id: backupId,
    kind: [engine, ...new Set(objects.map(({ kind }) => kind).sort())].join(' '),
    bytes: dumpedBytes({ objects, repository }),
    ...(known.length > 0 && { rows: known.reduce((sum, count) => sum + count, 0) }),
    ...{ tables: rows, words },
  };
}

const tableName = ({ database, schema, name }: TableCount): string =>
  [database, ...(schema === undefined ? [] : [schema]), name].join('.');

/** The larger of the counts before and after the dump. */
function rowsOf({ rows, rowsBefore, rowsAfter }: TableCount): number | undefined {
  if (rows !== undefined || (rowsBefore === undefined && rowsAfter === undefined)) return rows;
  return Math.max(rowsBefore ?? 0, rowsAfter ?? 0);
}

/** The part of an earlier backup that is kept. */
interface Earlier extends Pick<BackupSize, 'id' | 'bytes' | 'rows'> {
  readonly isEmpty: boolean;
}

/** The measures that judge the numbers of a backup. */
interface Measures {
  readonly bytes?: SizeMeasure;
  readonly rows?: SizeMeasure;
}

/** The backups before another one, of the same kind. */
export class SizeHistory {
  /** The newest first. */
  private readonly earlier: Earlier[] = [];
  private readonly tables: TableHistory;

  constructor(private readonly of: BackupSize) {
    this.tables = new TableHistory(of.tables, of.words);
  }

  /** Whether there are enough. */
  get isFull(): boolean {
    return this.earlier.length === HISTORY;
  }

  /**
   * Adds an earlier backup, the newest first. Backups of another kind, and those beyond 14, are ignored.
   *
   * @returns whether it was added
   */
  add({ id, kind, bytes, rows, tables }: BackupSize): boolean {
    if (this.isFull || kind !== this.of.kind) return false;
    this.earlier.push({ id, bytes, rows, isEmpty: isEmpty(tables) });
    this.tables.add(id, tables);
    return true;
  }

  check(bounds: SizeLimits): SizeCheck {
    const bytes = this.earlier.map((each) => each.bytes);
    const measures = this.measures(bounds);
    const deviations = valuesOf(this.of, measures).map(([measure, value]) => measure.deviation(value));
    const lost = this.tables.lost(bounds);
    const strange = emptyOne(this.of) ?? worst(lost, strangeSize(this.of, measures));
    const lastUsual = strange && this.lastUsual(measures, lost);
    return {
      ...(deviations.length > 0 && {
        deviation: deviations.reduce((far, next) => (Math.abs(far) >= Math.abs(next) ? far : next)),
      }),
      ...(bytes.length > 0 && { usualBytes: medianOf(bytes) }),
      ...(strange && { strange }),
      ...(lastUsual && { lastUsual: lastUsual.id }),
    };
  }

  private measures(bounds: SizeLimits): Measures {
    const of = (kind: typeof BYTES, values: readonly number[]) =>
      values.length >= bounds.minHistory ? new SizeMeasure(kind, values, bounds) : undefined;
    return {
      bytes: of(
        BYTES,
        this.earlier.map((each) => each.bytes),
      ),
      rows: of(
        rowsKind(this.of.words.row),
        this.earlier.flatMap(({ rows }) => rows ?? []),
      ),
    };
  }

  /** The newest backup that is not empty, has the lost tables, and has about the size of the others. */
  private lastUsual(measures: Measures, lost?: LostTables): Earlier | undefined {
    return this.earlier.find(
      (each, index) => !each.isEmpty && lost?.hadAll(index) !== false && !strangeSize(each, measures),
    );
  }
}

const isEmpty = (tables: TableRows): boolean => [...tables.values()].every((rows) => rows === 0);

function emptyOne({ tables, words }: BackupSize): SizeCheck['strange'] {
  if (!isEmpty(tables)) return undefined;
  const { size } = tables;
  const sentence =
    size === 0
      ? `the newest backup has no ${words.table}s`
      : size === 1
        ? `the only ${words.table} of the newest backup is empty`
        : `all ${countOf(size, words.table)} of the newest backup are empty`;
  return { cause: 'empty', sentence, short: sentence };
}

/** A lost table is worse than a strange size; both are told. */
function worst(lost: LostTables | undefined, size: StrangeSize | undefined): SizeCheck['strange'] {
  if (!lost) return size;
  const { sentence, short, items, tables } = lost;
  if (!size) return { cause: 'table-lost', sentence, short, items, tables };
  const both = `${sentence}; ${size.sentence}`;
  return { cause: 'table-lost', sentence: both, short, items: [...items, ...size.items], tables };
}

type Numbers = Pick<BackupSize, 'bytes' | 'rows'>;

const valuesOf = ({ bytes, rows }: Numbers, measures: Measures): [SizeMeasure, number][] => [
  ...(measures.bytes ? [[measures.bytes, bytes] as [SizeMeasure, number]] : []),
  ...(measures.rows && rows !== undefined ? [[measures.rows, rows] as [SizeMeasure, number]] : []),
];

/** The strange number of a backup: smaller is worse than larger, further off is worse than nearer. */
function strangeSize(of: Numbers, measures: Measures): StrangeSize | undefined {
  const strange = valuesOf(of, measures).flatMap(([measure, value]) => {
    const found = measure.strange(value);
    return found ? [{ ...found, off: Math.abs(measure.deviation(value)) }] : [];
  });
  strange.sort((a, b) => Number(b.cause === 'shrunk') - Number(a.cause === 'shrunk') || b.off - a.off);
  const [first] = strange;
  if (!first) return undefined;
  const alike = strange.filter(({ cause }) => cause === first.cause);
  const { cause, sentence, short } = first;
  return { cause, sentence, short, items: [...new Set(alike.flatMap(({ items }) => items))] };
}
