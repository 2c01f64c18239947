import { noteOf } from '../../../catalog/contract/note';
import type { PostgresqlLook } from './check';

/**
 * Notes tables of an extension whose rows are in the dump, although another extension that requires it may insert the same rows when
 * the restore creates it: jobs of pg_cron, for example.
 */
export async function noteExtensionRows({ client, database, server, note }: PostgresqlLook): Promise<void> {
  if (server.schemas) return;
  // Where a condition marks the user's rows, the extensions' own are not in the dump.
  const { rows: tables } = await client.query<{ table: string; object: string }>(
    `SELECT format('%I.%I', nspname, relname) AS table,
       format('%I.%I of %I, required by %s', nspname, relname, x.extname, string_agg(quote_ident(other.extname), ', ')) AS object
     FROM pg_catalog.pg_extension x CROSS JOIN LATERAL unnest(extconfig, extcondition) AS config (oid, condition)
     JOIN pg_catalog.pg_class c ON c.oid = config.oid JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
     JOIN pg_catalog.pg_depend d ON refclassid = 'pg_catalog.pg_extension'::regclass AND refobjid = x.oid
       AND classid = 'pg_catalog.pg_extension'::regclass
     JOIN pg_catalog.pg_extension other ON other.oid = objid
     WHERE relkind = 'r' AND condition = '' GROUP BY nspname, relname, x.extname ORDER BY 1`,
  );
  const filled: string[] = [];
  for (const { table, object } of tables) {
    const { rows } = await client.query<{ any: boolean }>(`SELECT EXISTS (SELECT FROM ONLY ${table}) AS any`);
    if (rows[0]?.any) filled.push(object);
  }
  if (filled.length > 0) note(noteOf('extension-rows', filled, database));
}
