import type { Client } from 'pg';
import { BackupError } from '../../task/run/errors';
import type { ServerContext } from '../engine';
import { chooseDatabases } from '../shared/databases';
import { quoteName } from './names';

/** `datconnlimit` of a database whose DROP was interrupted: it accepts no connections any more. */
const HALF_DROPPED = -2;

/**
 * The databases to dump, in the order of the settings or of their names.
 *
 * @throws BackupError `configuration` or `privileges`
 */
export async function choosePostgresqlDatabases(
  client: Client,
  { server, credentials }: ServerContext,
): Promise<string[]> {
  const { rows } = await client.query<{ name: string; quoted: string; connectable: boolean }>(
    `SELECT datname AS name, quote_ident(datname) AS quoted, has_database_privilege(oid, 'CONNECT') AS connectable
     FROM pg_database WHERE datallowconn AND NOT datistemplate AND datname <> 'rdsadmin'
       AND datconnlimit <> ${HALF_DROPPED} ORDER BY 1`,
  );
  const chosen = chooseDatabases(
    rows.map(({ name }) => name),
    server,
  );
  const closed = rows
    .filter(({ name, connectable }) => chosen.includes(name) && !connectable)
    .map(({ quoted }) => quoted);
  if (closed.length > 0) {
    const account = credentials.username;
    const statements = closed.map((name) => `GRANT CONNECT ON DATABASE ${name} TO ${quoteName(account)};`);
    throw new BackupError(
      'privileges',
      `role ${account} may not connect to ${closed.join(', ')}. Run as an administrator: ${statements.join(' ')}`,
      { kind: 'privileges-missing', account, privileges: closed.map((name) => `CONNECT on ${name}`), statements },
    );
  }
  return chosen;
}
