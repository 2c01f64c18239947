/**
 * Whether a backup is strange: empty, without a table that the source has had so far, or of another size than those before
 * it. Pure, and sparing: of 15 manifests with 100,000 tables each it keeps the names of two.
 */
import type { SizeBounds } from '../contract/alarms';
import type { LostTables, TableRows } from './lost-tables';
import { TableHistory } from './lost-tables';
import type { Manifest, TableCount } from '../bucket/manifest';
import type { StrangeSize } from './size-measures';
import { BYTES, medianOf, ROWS, SizeMeasure } from './size-measures';

/** How many earlier backups a backup is compared with. */
export const HISTORY = 14;

/** What is compared of a backup. */
export interface BackupSize {
  readonly id: string;
  /** Backups of another kind say nothing about this one: engine, and what its objects hold. */
  readonly kind: string;
  /** Before compression. */
  readonly bytes: number;
  /** Of all tables whose rows are known; left out if none are. */
  readonly rows?: number;
  readonly tables: TableRows;
}

/** What the comparison found. */
export interface SizeCheck {
  /** Signed; the further one of bytes and rows. Left out while there is too little history. */
  readonly deviation?: number;
  /** Median of the bytes before compression of the history. */
  readonly usualBytes?: number;
  /** The worst of what is strange. */
  readonly strange?: {
    readonly cause: 'empty' | 'table-lost' | StrangeSize['cause'];
    readonly sentence: string;
    /** The tables that are lost, and how far a size is off. */
    readonly items?: readonly string[];
  };
  /** Id of the newest backup before a strange one that is not strange itself. */
  readonly lastUsual?: string;
}

/** What is compared of a backup, by its manifest. */
export function sizeOf({ backupId, engine, objects, tables }: Manifest): BackupSize {
  const rows = new Map(tables.map((table) => [tableName(table), rowsOf(table)]));
  const known = [...rows.values()].filter((count) => count !== undefined);
  return {
    id: backupId,
    kind: [engine, ...new Set(objects.map(({ kind }) => kind).sort())].join(' '),
    bytes: objects.reduce((sum, { uncompressedBytes }) => sum + uncompressedBytes, 0),
    ...(known.length > 0 && { rows: known.reduce((sum, count) => sum + count, 0) }),
    tables: rows,
  };
}

const tableName = ({ database, schema, name }: TableCount): string =>
  [database, ...(schema === undefined ? [] : [schema]), name].join('.');

/** Of counts before and after the dump the larger one: what was there at any time. */
function rowsOf({ rows, rowsBefore, rowsAfter }: TableCount): number | undefined {
  if (rows !== undefined || (rowsBefore === undefined && rowsAfter === undefined)) return rows;
  return Math.max(rowsBefore ?? 0, rowsAfter ?? 0);
}

/** What is kept of an earlier backup. */
interface Earlier extends Pick<BackupSize, 'id' | 'bytes' | 'rows'> {
  readonly isEmpty: boolean;
}

/** How the numbers of a backup are judged. */
interface Measures {
  readonly bytes?: SizeMeasure;
  readonly rows?: SizeMeasure;
}

/** The backups before one, of the same kind. */
export class SizeHistory {
  /** The newest first. */
  private readonly earlier: Earlier[] = [];
  private readonly tables: TableHistory;

  constructor(private readonly of: BackupSize) {
    this.tables = new TableHistory(of.tables);
  }

  /** Whether it needs no more. */
  get isFull(): boolean {
    return this.earlier.length === HISTORY;
  }

  /**
   * Takes an earlier backup in, the newest first. Those of another kind are passed over, and those beyond 14.
   *
   * @returns whether it was taken in
   */
  add({ id, kind, bytes, rows, tables }: BackupSize): boolean {
    if (this.isFull || kind !== this.of.kind) return false;
    this.earlier.push({ id, bytes, rows, isEmpty: emptiness(tables) !== undefined });
    this.tables.add(id, tables);
    return true;
  }

  check(bounds: SizeBounds): SizeCheck {
    const bytes = this.earlier.map((each) => each.bytes);
    const measures = this.measures(bounds);
    const deviations = valuesOf(this.of, measures).map(([measure, value]) => measure.deviation(value));
    const lost = this.tables.lost(bounds);
    const strange = emptyOne(this.of.tables) ?? worst(lost, strangeSize(this.of, measures));
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

  private measures(bounds: SizeBounds): Measures {
    const of = (kind: typeof BYTES, values: readonly number[]) =>
      values.length >= bounds.minHistory ? new SizeMeasure(kind, values, bounds) : undefined;
    return {
      bytes: of(
        BYTES,
        this.earlier.map((each) => each.bytes),
      ),
      rows: of(
        ROWS,
        this.earlier.flatMap(({ rows }) => rows ?? []),
      ),
    };
  }

  /** The newest that is not empty, has what is lost, and is about as large as the others. */
  private lastUsual(measures: Measures, lost?: LostTables): Earlier | undefined {
    return this.earlier.find(
      (each, index) => !each.isEmpty && lost?.hadAll(index) !== false && !strangeSize(each, measures),
    );
  }
}

/** In what way tables are empty, all of them; `undefined` if they are not. */
function emptiness(tables: TableRows): string | undefined {
  if (tables.size === 0) return 'it has no tables at all';
  for (const rows of tables.values()) if (rows !== 0) return undefined;
  return tables.size === 1 ? 'its one table is empty' : `all its ${tables.size} tables are empty`;
}

function emptyOne(tables: TableRows): SizeCheck['strange'] {
  const sentence = emptiness(tables);
  return sentence === undefined ? undefined : { cause: 'empty', sentence };
}

/** A lost table is worse than a size, and hides none. */
function worst(lost: LostTables | undefined, size: StrangeSize | undefined): SizeCheck['strange'] {
  if (!lost) return size;
  const { sentence, items } = lost;
  if (!size) return { cause: 'table-lost', sentence, items };
  return { cause: 'table-lost', sentence: `${sentence}; and ${size.sentence}`, items: [...items, ...size.items] };
}

type Numbers = Pick<BackupSize, 'bytes' | 'rows'>;

const valuesOf = ({ bytes, rows }: Numbers, measures: Measures): [SizeMeasure, number][] => [
  ...(measures.bytes ? [[measures.bytes, bytes] as [SizeMeasure, number]] : []),
  ...(measures.rows && rows !== undefined ? [[measures.rows, rows] as [SizeMeasure, number]] : []),
];

/** What is strange about the size of a backup: smaller is worse than larger, then what is further off. */
function strangeSize(of: Numbers, measures: Measures): StrangeSize | undefined {
  const strange = valuesOf(of, measures).flatMap(([measure, value]) => {
    const found = measure.strange(value);
    return found ? [{ ...found, off: Math.abs(measure.deviation(value)) }] : [];
  });
  strange.sort((a, b) => Number(b.cause === 'shrunk') - Number(a.cause === 'shrunk') || b.off - a.off);
  const [first] = strange;
  if (!first) return undefined;
  const alike = strange.filter(({ cause }) => cause === first.cause);
  return { cause: first.cause, sentence: first.sentence, items: [...new Set(alike.flatMap(({ items }) => items))] };
}
