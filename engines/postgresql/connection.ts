import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { BackupError, errorCode, errorText } from '../../task/run/errors';
import type { Trust } from '../../task/io/tls';
import { connectionError, type ConnectionCauses } from '../shared/connection-error';
import type { ServerContext } from '../engine';
import { quoteName } from './names';

const CONNECT_TIMEOUT_SECONDS = 15;

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
export const SQLSTATE = { databaseMissing: '3D000', notPrivileged: '42501' } as const;

export const POSTGRESQL_CAUSES: ConnectionCauses = {
  '28P01': { kind: 'login-refused', advice: 'the server refused user or password: check the secret' },
  '28000': {
    kind: 'not-admitted',
    advice: 'the server admits no such connection: check pg_hba.conf for this user, address and TLS',
  },
  [SQLSTATE.databaseMissing]: { kind: 'database-missing', advice: 'the database does not exist' },
  '53300': { kind: 'no-connection-left', advice: 'the server has no connection left: raise max_connections' },
};

/** The server has one SQLSTATE for this and for pg_hba.conf: its words tell which it is. */
const WITHOUT_LOGIN: ConnectionCauses = {
  '28000': {
    kind: 'role-without-login',
    advice: 'the role may not log in: run ALTER ROLE … LOGIN as an administrator',
  },
};

/** Opens a connection of ours, beside those of the dump tools. */
export async function connectPostgresql(
  context: ServerContext,
  database: string,
  trust: Trust | undefined,
  onWarning: (message: string) => void,
): Promise<Client> {
  const { server, credentials } = context;
  const client = new Client({
    host: server.host,
    port: server.port,
    database,
    user: credentials.username,
    password: credentials.password,
    connectionTimeoutMillis: CONNECT_TIMEOUT_SECONDS * 1000,
    application_name: 'cdk-proven-backups',
    ssl: trust ? { ca: trust.pem, rejectUnauthorized: true, minVersion: 'TLSv1.2' } : false,
  });
  // A connection that breaks while nothing waits for it must not end the program: the next query fails.
  client.on('error', () => undefined);
  client.on('notice', ({ severity, message, hint }) => {
    if (severity === 'WARNING') onWarning([message, hint].filter(Boolean).join(': '));
  });
  try {
    await client.connect();
    // These end a session that has to stay open and still for as long as the dump takes.
    await client.query(
      `SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN
         ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`,
    );
    return client;
  } catch (error) {
    const values = { account: credentials.username, database };
    if (errorCode(error) === SQLSTATE.notPrivileged) throw connectDenied(values, error);
    const causes = /is not permitted to log in/.test(errorText(error))
      ? { ...POSTGRESQL_CAUSES, ...WITHOUT_LOGIN }
      : POSTGRESQL_CAUSES;
    throw connectionError(server, error, causes, values);
  }
}

function connectDenied({ account, database }: { account: string; database: string }, cause: unknown): BackupError {
  const statements = [`GRANT CONNECT ON DATABASE ${quoteName(database)} TO ${quoteName(account)};`];
  return new BackupError(
    'privileges',
    `role ${account} may not connect to ${quoteName(database)}. Run as an administrator: ${statements.join(' ')}`,
    { kind: 'privileges-missing', account, database, privileges: [`CONNECT on ${database}`], statements },
    { cause },
  );
}

/** Environment of the client tools: the password in a file of mode 0600, certificate and host name verified. */
export function toolConnection(context: ServerContext, trust: Trust | undefined): Record<string, string> {
  const { server, credentials } = context;
  const escape = (value: string) => value.replaceAll('\\', '\\\\').replaceAll(':', '\\:');
  const file = join(context.scratch, 'pgpass');
  writeFileSync(file, `*:*:*:*:${escape(credentials.password)}\n`, { mode: 0o600 });
  return {
    PGHOST: server.host,
    PGPORT: String(server.port),
    PGUSER: credentials.username,
    PGPASSFILE: file,
    PGCONNECT_TIMEOUT: String(CONNECT_TIMEOUT_SECONDS),
    PGAPPNAME: 'cdk-proven-backups',
    ...(trust ? { PGSSLMODE: 'verify-full', PGSSLROOTCERT: trust.file } : { PGSSLMODE: 'disable' }),
  };
}

/** A value of a connection string. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE */
export const connectionValue = (value: string): string => `'${value.replaceAll(/['\\]/g, '\\$&')}'`;
