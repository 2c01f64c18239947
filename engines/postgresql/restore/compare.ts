import type { Client } from 'pg';
import type { TableCount } from '../../../catalog/bucket/manifest';
import type { RestoreDifference } from '../../../catalog/contract/restore';
import type { ServerJob } from '../../../catalog/contract/task';
import { rowDifferences } from '../../../task/restore/content';
import { tableName } from '../../../task/restore/selection';
import { readInventory } from '../inventory';
import { entryKey } from '../archive-head';
import { quoteName, utf8Of } from '../names';
import type { RestoreArchive } from './archive-contents';
import { countRows } from '../row-counts';

/** Kinds of objects that must be there after a restore. */
const KINDS = new Set([
  ...['TABLE', 'FOREIGN TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SEQUENCE', 'FUNCTION', 'PROCEDURE', 'AGGREGATE', 'INDEX'],
  ...['CONSTRAINT', 'FK CONSTRAINT', 'POLICY', 'ROW SECURITY'],
]);

/** A database to compare with its backup. */
export interface Compared {
  /** Its name in the backup. */
  readonly database: string;
  readonly archive: RestoreArchive;
  readonly tables: readonly TableCount[];
  readonly server: ServerJob;
  /** Whether rows were loaded without a look at the foreign keys that existed before them. */
  readonly uncheckedKeys: boolean;
}

/** Difference of a table's rows; none if they are as in the manifest. */
export function rowDifference(table: TableCount, found: number | undefined): RestoreDifference[] {
  const object = tableName(table);
  if (found === undefined) return [{ object, kind: 'missing' }];
  return rowDifferences(object, table, found);
}

/**
 * Compares a restored database with its backup.
 *
 * @param counter a session in it
 * @param observer another one
 */
export async function compare(
  counter: Client,
  observer: Client,
  { database, archive, tables, server, uncheckedKeys }: Compared,
): Promise<RestoreDifference[]> {
  await counter.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const counts = await countRows({ counter, observer }, database, server, undefined);
  const inventory = await readInventory(counter, database, server);
  await counter.query('COMMIT');
  const found = new Map(counts.map(({ table }) => [JSON.stringify([table.schema, table.name]), table.rows]));
  const differences = tables.flatMap((table) =>
    rowDifference(table, found.get(JSON.stringify([table.schema, table.name]))),
  );
  const notNull = new Set(await notNullKeys(counter));
  for (const [key, n] of archive.entries) {
    const [kind = '', schema = '', name = ''] = key.split('\0');
    if (!KINDS.has(kind) || (inventory.entries.get(key) ?? 0) >= n || schema === '' || notNull.has(key)) continue;
    const words = Buffer.from([schema, name].filter(Boolean).join('.'), 'latin1').toString('utf8');
    differences.push({ object: `${kind.toLowerCase()} ${words} of ${database}`, kind: 'missing' });
  }
  const { rows: indexes } = await counter.query<{ name: Buffer }>(
    `SELECT ${utf8Of('indexrelid::regclass::text')} AS name FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE NOT indisvalid AND relkind = 'i'`,
  );
  differences.push(
    ...indexes.map(({ name }) => ({ object: `${database}.${name.toString('utf8')}`, kind: 'invalid' as const })),
  );
  if (uncheckedKeys) differences.push(...(await orphans(counter, database)));
  return differences;
}

/** Keys of `NOT NULL … NOT VALID`, which version 18 dumps by themselves; an inventory has constraints with an index only. */
async function notNullKeys(client: Client): Promise<string[]> {
  const bytes = (name: string) => `convert_to(${name}, getdatabaseencoding())`;
  const { rows } = await client.query<{ schema: Buffer; name: Buffer }>(
    `SELECT ${bytes('nspname')} AS schema, ${bytes("relname || ' ' || conname")} AS name FROM pg_constraint
     JOIN pg_class c ON c.oid = conrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE contype = 'n' AND NOT convalidated`,
  );
  return rows.map(({ schema, name }) => entryKey('CONSTRAINT', schema.toString('latin1'), name.toString('latin1')));
}

/** Rows of the tables of extensions that refer to none. */
async function orphans(client: Client, database: string): Promise<RestoreDifference[]> {
  const { rows } = await client.query<{ name: string; from: string; to: string; columns: [string, string][] }>(
    `SELECT quote_ident(conname) || ' on ' || conrelid::regclass AS name, conrelid::regclass::text AS "from", confrelid::regclass::text AS "to",
       (SELECT jsonb_agg(jsonb_build_array(a.attname, b.attname)) FROM unnest(conkey, confkey) AS k (a, b)
        JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.a JOIN pg_attribute b ON b.attrelid = confrelid AND b.attnum = k.b) AS columns
     FROM pg_constraint k JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = conrelid AND d.deptype = 'e' WHERE contype = 'f'`,
  );
  const differences: RestoreDifference[] = [];
  for (const { name, from, to, columns } of rows) {
    const equal = columns.map(([a, b]) => `f.${quoteName(a)} = t.${quoteName(b)}`).join(' AND ');
    const given = columns.map(([a]) => `f.${quoteName(a)} IS NOT NULL`).join(' AND ');
    const { rows: counted } = await client.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM ${from} f WHERE ${given} AND NOT EXISTS (SELECT FROM ${to} t WHERE ${equal})`,
    );
    const found = counted[0]?.n ?? 0;
    if (found > 0) differences.push({ object: `${name} of ${database}`, kind: 'orphans', expected: 0, found });
  }
  return differences;
}
