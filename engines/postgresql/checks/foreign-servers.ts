import { noteOf } from '../../../catalog/contract/note';
import type { PostgresqlLook } from './check';

const isSuperuser = '(SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)';
const mapping = (user: string, server: string) => `format('%s on server %I', ${user}, ${server})`;

/**
 * Notes the user mappings whose options, such as a password of the other server, pg_dump leaves out: its view of them is empty for
 * all but superusers. The values are not read.
 */
export async function noteUserMappings({ client, database, server, note }: PostgresqlLook): Promise<void> {
  if (server.schemas) return;
  const { rows } = await client.query<{ readable: boolean }>(
    "SELECT has_table_privilege('pg_catalog.pg_user_mapping', 'SELECT') AS readable",
  );
  // A role that may not ask which of them have options names them all.
  const mappings = rows[0]?.readable
    ? `SELECT ${mapping("CASE umuser WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(umuser)) END", 'srvname')} AS object
       FROM pg_catalog.pg_user_mapping m JOIN pg_catalog.pg_foreign_server s ON s.oid = umserver
       WHERE umoptions IS NOT NULL AND NOT ${isSuperuser}`
    : `SELECT ${mapping('usename', 'srvname')} AS object FROM pg_catalog.pg_user_mappings WHERE NOT ${isSuperuser}`;
  const found = await client.query<{ object: string }>(mappings);
  if (found.rows.length > 0)
    note(
      noteOf(
        'user-mapping-options',
        found.rows.map(({ object }) => object),
        database,
      ),
    );
}
