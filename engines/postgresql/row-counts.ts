import type { Client } from 'pg';
import type { TableCount } from '../../catalog/bucket/manifest';
import type { ServerJob } from '../../catalog/contract/task';
import { BackupError } from '../../task/run/errors';
import type { ArchivedTable } from './archive-head';
import { USER_RELATIONS, filterValues } from './grants';

/** Rows of one table. */
interface CountedTable {
  readonly table: { readonly schema: string; readonly name: string; readonly rows: number };
  /** Its names in the archive. */
  readonly archived: ArchivedTable;
}

interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly quoted: string;
  /** Names in the database's own encoding. */
  readonly raw_schema: Buffer;
  readonly raw_name: Buffer;
}

/** Counts the rows of all tables to dump, in the snapshot of the client's transaction. */
export async function countRows(client: Client, server: ServerJob): Promise<CountedTable[]> {
  const { rows: relations } = await client.query<Relation>(
    `SELECT n.nspname AS schema, c.relname AS name, format('%I.%I', n.nspname, c.relname) AS quoted,
       convert_to(n.nspname, getdatabaseencoding()) AS raw_schema, convert_to(c.relname, getdatabaseencoding()) AS raw_name
     FROM ${USER_RELATIONS} AND c.relkind = 'r'
       -- A standby has no rows of unlogged tables, and pg_dump leaves them out there.
       AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery()) ORDER BY 1, 2`,
    filterValues(server),
  );
  const counts: CountedTable[] = [];
  for (const { schema, name, quoted, raw_schema, raw_name } of relations) {
    const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM ONLY ${quoted}`);
    const archived = { schema: raw_schema.toString('latin1'), name: raw_name.toString('latin1') };
    counts.push({ table: { schema, name, rows: Number(rows[0]?.n) }, archived });
  }
  return counts;
}

/**
 * The counts of the tables whose data is in the archive. Arguments of the user may leave tables out.
 *
 * @throws BackupError `dumpFailed` if tables are missing although no argument was given
 */
export function countsOfArchive(
  database: string,
  counts: readonly CountedTable[],
  inArchive: readonly ArchivedTable[] | undefined,
  { extraDumpArguments = [] }: ServerJob,
): TableCount[] {
  const key = ({ schema, name }: ArchivedTable) => JSON.stringify([schema, name]);
  const names = inArchive && new Set(inArchive.map(key));
  const archived = counts.filter((count) => names?.has(key(count.archived)) ?? true);
  if (archived.length < counts.length && extraDumpArguments.length === 0)
    throw new BackupError(
      'dumpFailed',
      `pg_dump exited with 0, but left out ${counts.length - archived.length} tables of database ${database} that are in its snapshot: the dump was discarded`,
      { kind: 'dump-incomplete', object: 'pg_dump', database },
    );
  return archived.map(({ table }) => ({ database, ...table }));
}
