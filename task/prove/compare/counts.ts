import type { Evidence, TableDigest } from '../../../catalog/bucket/evidence';
import { rowBounds, type Manifest, type TableCount } from '../../../catalog/bucket/manifest';
import type { ProofDifference } from '../../../catalog/bucket/verdict';
import type { Left } from '../../../engines/engine';
import { wordsOf } from '../../../engines/facts';
import { tableName } from '../../restore/selection';
import type { Finding } from '../findings';

/** Compares the numbers of rows. Where those of the backup are only bracketed, the restored number must lie between them. */
export function compareCounts(
  { engine, tables }: Pick<Manifest, 'engine' | 'tables'>,
  restored: readonly TableCount[],
): Finding {
  const found = new Map(restored.map((table) => [keyOf(table), table]));
  const differences: ProofDifference[] = [];
  const bracketed: string[] = [];
  const { table: kind } = wordsOf(engine);
  let compared = 0;
  for (const table of tables) {
    const name = tableName(table);
    const [least, most] = rowBounds(table);
    const rows = found.get(keyOf(table))?.rows;
    // One that came or went while it was dumped may be there or not.
    if (most === Infinity) bracketed.push(name);
    else {
      compared++;
      if (least !== most) bracketed.push(name);
      const difference = { check: 'rows', object: `${kind} ${name}` } as const;
      const expected = least === most ? String(least) : `${least} to ${most}`;
      if (rows === undefined) differences.push({ ...difference, kind: 'missing' });
      else if (rows < least || rows > most)
        differences.push({ ...difference, kind: 'rows', expected, found: String(rows) });
    }
  }
  return { differences, compared, left: [{ why: 'bracketed-counts', objects: bracketed }] };
}

/** What people read of `"a.b".c` is the same as of `a."b.c"`. */
const keyOf = ({ database, schema, name }: TableCount): string => JSON.stringify([database, schema, name]);

/** Compares the digests of tables that have one. */
export function compareDigests(backup: Evidence, restored: Evidence): Finding {
  const found = new Map(restored.digests.map((digest) => [digest.table, digest]));
  const differences: ProofDifference[] = [];
  const sampled: string[] = [];
  const left = new Map<string, string[]>();
  const leave = (why: string, table: string) => left.set(why, [...(left.get(why) ?? []), table]);
  for (const digest of backup.digests) {
    const other = found.get(digest.table);
    const why = other ? undefined : restored.undigested.find(({ table }) => table === digest.table)?.why;
    if (why !== undefined) leave(why, digest.table);
    else if (!other || !isSame(digest, other)) differences.push(differenceOf(digest, other));
    if (digest.sample) sampled.push(digest.table);
  }
  for (const { table, why } of backup.undigested) leave(why, table);
  const all: Left[] = [...left].map(([why, objects]) => ({ why, objects }));
  return { differences, compared: 0, left: [...all, { why: 'sample', objects: sampled }] };
}

const isSame = (one: TableDigest, other: TableDigest): boolean =>
  one.digest === other.digest && one.rows === other.rows && JSON.stringify(one.sample) === JSON.stringify(other.sample);

const differenceOf = ({ table, rows }: TableDigest, found: TableDigest | undefined): ProofDifference => ({
  ...{ check: 'rows', object: `table ${table}` },
  ...(found ? { kind: 'changed', fact: 'digest' } : { kind: 'missing' }),
  ...(found && found.rows !== rows ? { expected: String(rows), found: String(found.rows) } : {}),
});
