/**
 * Whether a backup is strange: empty, without a table that the source has had so far, or of another size than those before
 * it. Pure, and sparing: of 15 manifests with 100,000 tables each it keeps one list of names.
 */
import type { SizeBounds } from './alarms';
import type { Manifest, TableCount } from './manifest';

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
  /** Rows by table, as people name it; `undefined` where they are not known. */
  readonly tables: ReadonlyMap<string, number | undefined>;
}

/** What the comparison found. */
export interface SizeCheck {
  /** Signed; the further one of bytes and rows. Left out while there is too little history. */
  readonly deviation?: number;
  /** Median of the bytes before compression of the history. */
  readonly usualBytes?: number;
  /** The worst of what is strange. */
  readonly strange?: {
    readonly cause: 'empty' | 'table-lost' | 'shrunk' | 'grown';
    readonly sentence: string;
  };
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

/** The backups before one, of the same kind. */
export class SizeHistory {
  private readonly bytes: number[] = [];
  private readonly rows: number[] = [];
  /** Tables of which the backup has no rows, and earlier ones have. */
  private readonly missing = new Map<string, { had: number; readonly last: number; readonly in: string }>();

  constructor(private readonly of: BackupSize) {}

  /** Whether it needs no more. */
  get isFull(): boolean {
    return this.bytes.length === HISTORY;
  }

  /** Takes an earlier backup in, the newest first. Those of another kind are passed over, and those beyond 14. */
  add(earlier: BackupSize): void {
    if (this.isFull || earlier.kind !== this.of.kind) return;
    const id = this.bytes.length === 0 ? 'before' : `of ${earlier.id}`;
    this.bytes.push(earlier.bytes);
    if (earlier.rows !== undefined) this.rows.push(earlier.rows);
    for (const [table, rows] of earlier.tables) {
      if (!rows || this.mayHave(table)) continue;
      const entry = this.missing.get(table);
      if (entry) entry.had++;
      else this.missing.set(table, { had: 1, last: rows, in: id });
    }
  }

  /** Whether the backup has rows of a table, or may have: they were not counted. */
  private mayHave(table: string): boolean {
    const rows = this.of.tables.get(table);
    return rows === undefined ? this.of.tables.has(table) : rows > 0;
  }

  check(bounds: SizeBounds): SizeCheck {
    const enough = this.bytes.length >= bounds.minHistory;
    const measures = enough ? this.measures(bounds) : [];
    const furthest = measures.reduce<Measure | undefined>(
      (far, next) => (far && Math.abs(far.deviation) >= Math.abs(next.deviation) ? far : next),
      undefined,
    );
    const strange = this.emptiness() ?? this.lostTables(bounds) ?? beyond(measures, bounds);
    return {
      ...(furthest && { deviation: furthest.deviation }),
      ...(this.bytes.length > 0 && { usualBytes: median(this.bytes) }),
      ...(strange && { strange }),
    };
  }

  private emptiness(): SizeCheck['strange'] {
    const { tables } = this.of;
    if (tables.size === 0) return { cause: 'empty', sentence: 'it has no tables at all' };
    if ([...tables.values()].some((rows) => rows !== 0)) return undefined;
    return {
      cause: 'empty',
      sentence: tables.size === 1 ? 'its one table is empty' : `all its ${tables.size} tables are empty`,
    };
  }

  private lostTables({ ignoreTables = [] }: SizeBounds): SizeCheck['strange'] {
    const lost = [...this.missing]
      .filter(([, { had }]) => had > this.bytes.length / 2)
      .filter(([table]) => !ignoreTables.some((pattern) => isMeant(pattern, table)))
      .sort(([, a], [, b]) => b.last - a.last);
    if (lost.length === 0) return undefined;
    const named = lost
      .slice(0, NAMED)
      .map(([table, { last, in: where }]) =>
        this.of.tables.has(table)
          ? `table ${table} has 0 rows, and had ${counted(last)} in the backup ${where}`
          : `table ${table} is gone, and had ${counted(last)} rows in the backup ${where}`,
      );
    const more = lost.length > NAMED ? [`and ${lost.length - NAMED} more`] : [];
    return { cause: 'table-lost', sentence: [...named, ...more].join('; ') };
  }

  private measures({ minHistory }: SizeBounds): Measure[] {
    const { bytes, rows } = this.of;
    return [
      measure(bytes, this.bytes, 64 * 1024, (value) => bytesText(value), ' before compression'),
      ...(rows !== undefined && this.rows.length >= minHistory
        ? [measure(rows, this.rows, 20, (value) => `${counted(value)} rows`, '')]
        : []),
    ];
  }
}

/** Tables that a sentence names. */
const NAMED = 3;

/** A number against its history. */
interface Measure {
  readonly deviation: number;
  /** Whether it has been about as low, or as high, at least twice: every weekend, for example. */
  readonly seenTwice: boolean;
  readonly sentence: string;
}

function measure(
  value: number,
  history: readonly number[],
  floor: number,
  text: (value: number) => string,
  what: string,
): Measure {
  const middle = median(history);
  const spread = 1.4826 * median(history.map((earlier) => Math.abs(earlier - middle)));
  const one = Math.max(spread, 0.05 * middle, floor);
  const deviation = (value - middle) / one;
  const sorted = [...history].sort((a, b) => a - b);
  const low = sorted[1] ?? Infinity;
  const high = sorted.at(-2) ?? -Infinity;
  const percent = middle > 0 ? `${signed(Math.round((value / middle - 1) * 100))} %, ` : '';
  return {
    deviation,
    seenTwice: deviation < 0 ? value >= low - one : value <= high + one,
    sentence: `${text(value)}${what}, and the median of the ${history.length} backups before is ${text(middle)} (${percent}${Math.abs(deviation).toFixed(1)} deviations)`,
  };
}

function beyond(measures: readonly Measure[], { shrink, growth }: SizeBounds): SizeCheck['strange'] {
  const strange = measures.filter(({ seenTwice }) => !seenTwice);
  const least = strange.filter(({ deviation }) => deviation < -shrink).sort((a, b) => a.deviation - b.deviation)[0];
  if (least) return { cause: 'shrunk', sentence: least.sentence };
  const most = strange.filter(({ deviation }) => deviation > growth).sort((a, b) => b.deviation - a.deviation)[0];
  return most && { cause: 'grown', sentence: most.sentence };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * Whether a pattern means a table: by its name, by `schema.table`, `database.table` or all three, with `*` for any text.
 */
function isMeant(pattern: string, table: string): boolean {
  const text = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const fits = new RegExp(`^(?:.*\\.)?${text.join('.*')}$`, 's');
  return fits.test(table) || fits.test(table.replace(/^([^.]*)\.[^.]*\.(.*)$/s, '$1.$2'));
}

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB'];

/** `341.9 MB`: thousands, not 1024s, as S3 bills and the console shows. */
function bytesText(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} bytes`;
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length);
  return `${(bytes / 1000 ** power).toFixed(1)} ${UNITS[power - 1]}`;
}

const counted = (value: number): string => Math.round(value).toLocaleString('en-US');
const signed = (value: number): string => (value > 0 ? `+${value}` : String(value));
