import type { Manifest } from '../../../catalog/bucket/manifest';
import type { SqlObject } from '../sql-objects';
import type { Choice } from '../../shared/restore-choice';
import type { DumpScan } from './scan';
import { lacks, type Target } from './target';

/**
 * The sequences that must be there before the dump is loaded, since defaults use them before it creates them.
 *
 * @throws BackupError `targetRefused` if one is not in what is restored, and not on the target
 */
export async function sequencesToCreate(
  { query, dialect }: Target,
  scan: DumpScan | undefined,
  { notes = [] }: Manifest,
  { names, tables, single }: Choice,
): Promise<SqlObject[]> {
  if (!dialect.hasSequences) return [];
  const noted = notes.flatMap(({ kind, objects = [] }) => (kind === 'sequences-first' ? objects : []));
  const wanted = scan
    ? usedEarly(scan, single ? tables.map(({ database, name }) => `${database}.${name}`) : undefined)
    : noted;
  const sequences = wanted.map((path): SqlObject => {
    const dot = path.indexOf('.');
    return { kind: 'SEQUENCE', database: path.slice(0, dot), name: path.slice(dot + 1) };
  });
  for (const { database, name } of sequences.filter((one) => !names.has(one.database))) {
    const [there] = await query(
      "SELECT 1 AS yes FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND TABLE_TYPE = 'SEQUENCE'",
      [database, name],
    );
    if (!there)
      lacks(
        `${database}.${name}`,
        `defaults of columns use the sequence ${database}.${name}, which is not in what you restore, and not on the target: restore ${database} as well, or create the sequence first`,
      );
  }
  return sequences.filter(({ database }) => names.has(database));
}

/** Of all tables, or of these. */
function usedEarly({ earlySequences, sequences }: DumpScan, tables: readonly string[] | undefined): string[] {
  if (!tables) return [...earlySequences];
  const used = tables.flatMap((table) => sequences.get(table) ?? []).map(({ database, name }) => `${database}.${name}`);
  return [...new Set(used)].filter((path) => earlySequences.has(path));
}
