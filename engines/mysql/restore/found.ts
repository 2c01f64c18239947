import { rowsOf } from '../../../catalog/bucket/manifest';
import type { RestoreTarget } from '../../../catalog/contract/restore';
import { readInventory } from '../inventory';
import { identifier } from '../names';
import type { Choice } from '../../shared/restore-choice';
import { isHalfRestored } from './marker';
import type { Query } from './query';

const SHOWN = 5;

/** A database of the target, as it was found. */
export interface FoundDatabase extends RestoreTarget {
  /** Whether an earlier restore left it half done. */
  readonly isOurs: boolean;
  /** The statement that creates it as it is; none for one that is new. */
  readonly created?: string;
}

/**
 * Looks what is there under the names that the restore wants.
 *
 * @param account the one that restores
 */
export async function findDatabases(
  query: Query,
  { names, tables }: Choice,
  account: string,
): Promise<FoundDatabase[]> {
  const [setting] = await query("SHOW GLOBAL VARIABLES LIKE 'lower_case_table_names'");
  const fold = (name: string) => (setting?.Value === '0' ? name : name.toLowerCase());
  const schemata = await query('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA');
  const known = new Map(schemata.map(({ name }) => [fold(String(name)), String(name)]));
  const found: FoundDatabase[] = [];
  for (const [database, name] of names) {
    const own = tables.filter((table) => table.database === database);
    const rows = rowsOf({ tables: own });
    const facts = { database, name, tables: own.length, rows };
    const there = known.get(fold(name));
    if (there === undefined) {
      found.push({ ...facts, state: 'new', isOurs: false });
      continue;
    }
    const objects = await readInventory(query, [there], new Set());
    const [create] = await query('SHOW CREATE DATABASE ?', [identifier(there)]);
    const isOurs = await isHalfRestored(query, there, account);
    const isEmpty = isOurs || objects.length === 0;
    found.push({
      ...{ ...facts, isOurs, created: String(create?.['Create Database']), state: isEmpty ? 'empty' : 'exists' },
      ...(isEmpty ? {} : { holds: objects.slice(0, SHOWN).map(({ name: object }) => object) }),
    });
  }
  return found;
}
