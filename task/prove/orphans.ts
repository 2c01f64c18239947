import type { Manifest } from '../../catalog/bucket/manifest';
import type { ProofDifference } from '../../catalog/bucket/verdict';
import type { Orphans, ScratchCheck } from '../../engines/engine';
import { tableName } from '../restore/selection';
import type { Finding, Findings } from './findings';

/**
 * Judges rows that refer to none. They are the source's own, and left, if both tables came back as they were dumped, with as many
 * rows as were counted in the snapshot of the dump: loading a dump does not check keys, nor did the source.
 */
export function judgeOrphans(
  { orphans = [], ...check }: ScratchCheck,
  { differences }: Pick<Findings, 'differences'>,
  { tables }: Pick<Manifest, 'tables'>,
): Finding {
  const changed = new Set(differences.map(({ object }) => object));
  const counted = new Set(tables.filter(({ rows }) => rows !== undefined).map(tableName));
  const isSame = (table: string) =>
    counted.has(table) && !changed.has(`table ${table}`) && !changed.has(`definition of table ${table}`);
  const own = orphans.filter(({ child, parent }) => isSame(child) && isSame(parent));
  const lost = orphans.filter((one) => !own.includes(one));
  return {
    compared: check.compared,
    differences: [...check.differences, ...lost.map(differenceOf)],
    left: [...check.left, { why: 'orphans-at-source', objects: own.map(({ child }) => `table ${child}`) }],
  };
}

const differenceOf = ({ child, rows }: Orphans): ProofDifference => ({
  ...{ check: 'engine', object: `table ${child}`, kind: 'orphans', found: String(rows), expected: '0' },
});
