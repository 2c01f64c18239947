import type { Client } from 'pg';
import { noteOf } from '../../catalog/contract/note';
import { BackupError } from '../../task/run/errors';
import type { ServerContext } from '../engine';
import { chooseDatabases } from '../shared/databases';
import { quoteName } from './names';

/** Databases of the server's own: never dumped, never replaced. */
export const SERVERS_OWN: readonly string[] = ['template0', 'template1', 'rdsadmin'];

/** A database of the server, without its own. */
interface Found {
  readonly name: string;
  readonly quoted: string;
  /** Why it cannot be connected to; empty if it can. */
  readonly closed: '' | 'dropped' | 'connections' | 'limit' | 'privilege';
  readonly template: boolean;
}

/**
 * What opens a database again. `dropped`: its DROP was interrupted, and it accepts no connections any more.
 */
const OPENS: Readonly<Record<'dropped' | 'connections' | 'limit', (quoted: string) => string>> = {
  dropped: (quoted) => `DROP DATABASE ${quoted};`,
  connections: (quoted) => `ALTER DATABASE ${quoted} ALLOW_CONNECTIONS true;`,
  limit: (quoted) => `ALTER DATABASE ${quoted} CONNECTION LIMIT -1;`,
};

/**
 * The databases to dump, in the order of the settings or of their names. Notes those that accept no connections.
 *
 * @throws BackupError `configuration` or `privileges`
 */
export async function choosePostgresqlDatabases(client: Client, context: ServerContext): Promise<string[]> {
  const { server, credentials } = context;
  // By name: documented recipes make template1 anew, which then has an OID like any other database.
  const { rows } = await client.query<Found>(
    `SELECT datname AS name, quote_ident(datname) AS quoted, datistemplate AS template,
       CASE WHEN datconnlimit = -2 THEN 'dropped' WHEN NOT datallowconn THEN 'connections'
         WHEN datconnlimit = 0 AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN 'limit'
         WHEN NOT has_database_privilege(oid, 'CONNECT') THEN 'privilege' ELSE '' END AS closed
     FROM pg_catalog.pg_database WHERE datname <> ALL ($1) ORDER BY 1`,
    [SERVERS_OWN],
  );
  const isShut = ({ closed }: Found) => closed === 'dropped' || closed === 'connections';
  const named = server.databases ?? [];
  const chosen = chooseDatabases(
    rows.filter((found) => !isShut(found) || named.includes(found.name)).map(({ name }) => name),
    server,
  );
  const of = (test: (found: Found) => boolean) => rows.filter((found) => test(found));
  const isChosen = ({ name }: Found) => chosen.includes(name);
  refuseClosed(of((found) => isChosen(found) && (isShut(found) || found.closed === 'limit')));
  refuseUnprivileged(
    of((found) => isChosen(found) && found.closed === 'privilege'),
    credentials.username,
  );
  const excluded = server.excludeDatabases ?? [];
  const shut = of((found) => !server.databases && isShut(found) && !excluded.includes(found.name));
  const templates = of((found) => isChosen(found) && found.template);
  const names = (found: readonly Found[]) => found.map(({ name }) => name);
  if (shut.length > 0) context.note(noteOf('databases-closed', names(shut)));
  if (templates.length > 0) context.note(noteOf('template-databases', names(templates)));
  return chosen;
}

function refuseClosed(found: readonly Found[]): void {
  if (found.length === 0) return;
  const statements = found.map(({ quoted, closed }) => OPENS[closed as keyof typeof OPENS](quoted));
  const names = found.map(({ quoted }) => quoted).join(', ');
  throw new BackupError(
    'configuration',
    `database ${names} accepts no connections: leave it out of the backup, or run as an administrator: ${statements.join(' ')}`,
    { kind: 'database-closed', database: names, statements },
  );
}

function refuseUnprivileged(found: readonly Found[], account: string): void {
  if (found.length === 0) return;
  const quoted = found.map((one) => one.quoted);
  const statements = quoted.map((name) => `GRANT CONNECT ON DATABASE ${name} TO ${quoteName(account)};`);
  throw new BackupError(
    'privileges',
    `role ${account} may not connect to ${quoted.join(', ')}. Run as an administrator: ${statements.join(' ')}`,
    { kind: 'privileges-missing', account, privileges: quoted.map((name) => `CONNECT on ${name}`), statements },
  );
}
