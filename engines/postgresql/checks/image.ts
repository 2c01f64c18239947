import { noteOf } from '../../../catalog/contract/note';
import { majorVersion } from '../../shared/versions';
import { findServer } from '../image';
import type { PostgresqlCheck } from './check';

/**
 * Notes extensions of the database that the server of this image cannot create, so that the first backup tells it, and not the
 * first restore test. A dump of some schemas has no extensions.
 */
export const noteImage: PostgresqlCheck = async ({ client, database, server, note }) => {
  if (server.schemas) return;
  const { rows } = await client.query<{ version: string; names: string[] }>(
    `SELECT current_setting('server_version') AS version, array(SELECT extname::text FROM pg_extension ORDER BY 1) AS names`,
  );
  const { version = '', names = [] } = rows[0] ?? {};
  const { extensions } = findServer(majorVersion(version, 1)) ?? {};
  const lacking = names.filter((name) => extensions?.has(name) === false);
  if (lacking.length > 0) note(noteOf('extension-not-in-image', lacking, database));
};
