import { DatabaseError } from 'pg';
import { noteOf } from '../../../catalog/contract/note';
import type { PostgresqlNote } from '../facts';
import { filterValues } from '../grants';
import { utf8Of } from '../names';
import type { PostgresqlLook } from './check';
import { FUNCTION_NOTES } from './functions';
import { LEFT_OUT_NOTES } from './left-out';
import { RESTORE_NOTES } from './restore-needs';

const QUERIES = Object.entries({ ...LEFT_OUT_NOTES, ...RESTORE_NOTES, ...FUNCTION_NOTES }).map(
  ([kind, sql]) => `SELECT '${kind}' AS kind, object FROM (${sql}) AS q (object)`,
);

/**
 * `own` are the schemas that are dumped, `rel` their relations, `$1` and `$2` the filter; extensions and what they made are in
 * none of them.
 */
const COMMON = `
  own AS (
    SELECT oid, nspname FROM pg_catalog.pg_namespace
    WHERE left(nspname, 3) <> 'pg_' AND nspname <> 'information_schema'
      AND ($1::text[] IS NULL OR nspname = ANY ($1)) AND NOT nspname = ANY ($2::text[])
  ), member AS (
    SELECT classid, objid FROM pg_catalog.pg_depend WHERE refclassid = 'pg_catalog.pg_extension'::regclass AND deptype = 'e'
  ), rel AS (
    SELECT c.*, format('%I.%I', nspname, relname) AS quoted FROM pg_catalog.pg_class c JOIN own ON own.oid = relnamespace
    WHERE relpersistence <> 't' AND NOT EXISTS (SELECT FROM member WHERE classid = 'pg_catalog.pg_class'::regclass AND objid = c.oid)
  )`;

/** Notes what a dump of the database cannot hold, and what its restore needs. A server that refuses the question fails no run. */
export async function noteObjects({ client, database, server, log, note }: PostgresqlLook): Promise<void> {
  const sql = `WITH ${COMMON} SELECT kind, array_agg(${utf8Of('object')}) AS objects FROM (${QUERIES.join(' UNION ALL ')}) o GROUP BY kind ORDER BY kind`;
  const { rows } = await client
    .query<{ kind: PostgresqlNote; objects: Buffer[] }>(sql, filterValues(server))
    .catch((error: unknown) => {
      if (!(error instanceof DatabaseError)) throw error;
      log.info('unanswered', `the server refused a question for notes about database ${database}: ${error.message}`);
      return { rows: [] };
    });
  for (const { kind, objects } of rows) note(noteOf(kind, objects.map(String), database));
}
