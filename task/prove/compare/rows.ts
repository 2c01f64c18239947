import { hash } from 'node:crypto';
import type { ProofDifference } from '../../../catalog/bucket/verdict';
import type { RowListener } from '../../../engines/engine';

/** Hashes that are held at once, of all tables: some 32 MiB. */
const MOST_HASHES = 400_000;
const HASH_BYTES = 16;

/** One of the two dumps that are compared. */
export type Side = 'backup' | 'restored';

/** Reads the rows of some sections of a dump again. */
export type ReadRows = (side: Side, listener: RowListener) => Promise<void>;

/** The dumps, and what is known of their tables. */
export interface RowSource {
  readonly read: ReadRows;
  /** Columns of the primary key of a section's table, if they are known. */
  readonly keyOf: (section: string) => readonly string[] | undefined;
  /** {@link MOST_HASHES} if left out. */
  readonly mostHashes?: number;
}

/** The rows of a section that two dumps have. */
interface Tally {
  readonly rows: Record<Side, number>;
  /** The same for the same rows in any order, whether or not their hashes are held. */
  readonly sum: Record<Side, bigint>;
  /** Rows that the restored server has, and the backup has not had so far. */
  readonly extra: Map<string, number>;
  /** Rows of the backup that the restored server has not. */
  missing: number;
  /** The first of them. */
  first?: Row;
}

interface Row {
  readonly columns: readonly string[] | undefined;
  readonly values: readonly string[];
}

/**
 * Compares rows that may have come in another order: as multisets of 128-bit hashes.
 *
 * @returns differences; none of a section with the same rows
 */
export async function compareRows(sections: readonly string[], source: RowSource): Promise<ProofDifference[]> {
  if (sections.length === 0) return [];
  const bag = new RowBag(sections, source.mostHashes ?? MOST_HASHES);
  await source.read('restored', bag.listener('restored'));
  await source.read('backup', bag.listener('backup'));
  const places = await placesOf(bag.firsts, source);
  const differences: ProofDifference[] = [];
  for (const [section, tally] of bag.tallies) {
    const { rows, sum } = tally;
    // Sections that differ without a row were read in vain: that is no proof of anything.
    const isRead = rows.backup + rows.restored > 0;
    if (isRead && rows.backup === rows.restored && sum.backup === sum.restored) continue;
    const place = places.get(section);
    const extra = [...tally.extra.values()].reduce((total, count) => total + count, 0);
    differences.push({
      ...{ check: 'sections', object: section, kind: 'rows' },
      ...(rows.backup === rows.restored ? {} : { expected: String(rows.backup), found: String(rows.restored) }),
      ...(bag.isFull || !isRead ? {} : { rows: { differing: Math.max(tally.missing, extra), of: rows.backup } }),
      ...(place ? { first: place } : {}),
    });
  }
  return differences;
}

/** Counts the rows of both dumps: first those of the restored server. */
class RowBag {
  readonly tallies: ReadonlyMap<string, Tally>;
  /** Whether there were too many rows to hold a hash of each. */
  isFull = false;
  private held = 0;

  constructor(
    sections: readonly string[],
    private readonly most: number,
  ) {
    this.tallies = new Map(
      sections.map((section) => [
        section,
        { rows: { backup: 0, restored: 0 }, sum: { backup: 0n, restored: 0n }, extra: new Map(), missing: 0 },
      ]),
    );
  }

  listener(side: Side): RowListener {
    return {
      wants: (section) => this.tallies.has(section),
      row: (section, columns, values) => {
        const tally = this.tallies.get(section);
        if (!tally) return;
        const digest = rowHash(values);
        tally.rows[side]++;
        const number = digest.readBigUInt64LE() | (digest.readBigUInt64LE(8) << 64n);
        tally.sum[side] = BigInt.asUintN(128, tally.sum[side] + number);
        if (this.isFull) return;
        const key = digest.toString('latin1');
        if (side === 'restored') this.hold(tally, key);
        else if (!this.take(tally, key)) {
          tally.missing++;
          tally.first ??= { columns, values: [...values] };
        }
      },
    };
  }

  /** The first row of each section that the restored server has not, if that is known. */
  get firsts(): readonly (readonly [section: string, row: Row])[] {
    if (this.isFull) return [];
    return [...this.tallies].flatMap(([section, { first }]) => (first ? [[section, first] as const] : []));
  }

  private hold({ extra }: Tally, key: string): void {
    extra.set(key, (extra.get(key) ?? 0) + 1);
    if (++this.held <= this.most) return;
    this.isFull = true;
    for (const tally of this.tallies.values()) tally.extra.clear();
  }

  private take({ extra }: Tally, key: string): boolean {
    const count = extra.get(key);
    if (count === undefined) return false;
    if (count === 1) extra.delete(key);
    else extra.set(key, count - 1);
    return true;
  }
}

/** Where values end is part of it: `a`, `bc` is not `ab`, `c`. */
const rowHash = (values: readonly string[]): Buffer =>
  hash('sha256', values.map((value) => `${value.length}:${value}`).join(), 'buffer').subarray(0, HASH_BYTES);

/** The keys of rows of the backup, and the first column in which the row of that key differs on the restored server. */
async function placesOf(
  firsts: RowBag['firsts'],
  { read, keyOf }: RowSource,
): Promise<ReadonlyMap<string, NonNullable<ProofDifference['first']>>> {
  const wanted = new Map(
    firsts.flatMap(([section, row]) => {
      const names = keyOf(section);
      const key = names && valuesOf(row, names);
      return names && key ? [[section, { row, names, key, column: undefined as string | undefined }]] : [];
    }),
  );
  if (wanted.size > 0)
    await read('restored', {
      wants: (section) => wanted.has(section),
      row: (section, columns, values) => {
        const place = wanted.get(section);
        if (!place || place.column !== undefined) return;
        const { row, names, key } = place;
        const found = valuesOf({ columns, values }, names);
        if (found?.every((value, index) => value === key[index]))
          place.column = row.columns?.find((name, index) => values[columns?.indexOf(name) ?? -1] !== row.values[index]);
      },
    });
  return new Map(
    [...wanted].map(([section, { names, key, column }]) => [
      section,
      {
        key: names.map((name, index) => `${name} ${key[index]}`).join(', '),
        ...(column === undefined ? {} : { column }),
      },
    ]),
  );
}

/** The values of some columns; nothing if the dump does not have them apart. */
function valuesOf({ columns, values }: Row, names: readonly string[]): readonly string[] | undefined {
  const found = names.map((name) => values[columns?.indexOf(name) ?? -1]);
  return found.every((value) => value !== undefined) ? found : undefined;
}
