import { writeFileSync } from 'node:fs';
import { connect, isIP, type Socket } from 'node:net';
import { isAbsolute, join } from 'node:path';
import { TLSSocket, checkServerIdentity } from 'node:tls';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import type { ReasonValues } from '../../catalog/contract/failure';
import { errorText } from '../../task/run/errors';
import type { Trust } from '../../task/io/tls';
import { NOT_READY, connectionError, type ConnectionCauses } from '../shared/connection-error';
import type { ServerAddress } from '../../catalog/contract/task';
import type { Credentials } from '../../task/run/credentials';
import { LOCK_WAIT_SECONDS, type MysqlDialect } from './dialect';

/** A server, and the account that we are there. */
export interface MysqlAccess {
  readonly server: ServerAddress;
  readonly credentials: Credentials;
}

/** Whether a server is reached by a socket of this machine. */
const isSocket = ({ host }: ServerAddress): boolean => isAbsolute(host);

const CONNECT_TIMEOUT_MS = 15_000;

/** Sessions of one account that a backup has at once: three of ours, and the dump tool's. */
export const SESSIONS_NEEDED = 4;

const NO_CONNECTION_LEFT = {
  kind: 'no-connection-left',
  advice: 'the server has no connection left: raise max_connections',
} as const;

const ACCOUNT_LIMIT = {
  kind: 'limit-reached',
  advice: `the account may have too few connections: ALTER USER … WITH MAX_USER_CONNECTIONS ${SESSIONS_NEEDED + 1}`,
} as const;

/** https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html */
export const MYSQL_CAUSES: ConnectionCauses = {
  ER_ACCESS_DENIED_ERROR: {
    kind: 'login-refused',
    advice:
      'the server refused user or password: check the secret, the hosts from which the user may connect, and whether it must use TLS (REQUIRE SSL)',
  },
  ER_HOST_NOT_PRIVILEGED: {
    kind: 'address-refused',
    advice:
      "the server admits no connection from the task's address: create the user for '%' or for the address of the subnet",
  },
  ER_CON_COUNT_ERROR: NO_CONNECTION_LEFT,
  ER_TOO_MANY_USER_CONNECTIONS: ACCOUNT_LIMIT,
  ER_USER_LIMIT_REACHED: ACCOUNT_LIMIT,
  ER_SERVER_SHUTDOWN: NOT_READY,
  PROTOCOL_CONNECTION_LOST: NOT_READY,
  ER_DBACCESS_DENIED_ERROR: { kind: 'database-refused', advice: 'the user may not use the database' },
};

/**
 * Opens a connection of ours, beside those of the dump tool. Numbers that do not fit a double arrive as strings.
 *
 * @param given hears a setting of the new session with which the dump tool would read something else than there is
 */
export async function connectMysql(
  context: MysqlAccess,
  trust: Trust | undefined,
  given: (setting: string) => void = () => undefined,
): Promise<Connection> {
  const { server, credentials } = context;
  try {
    const connection = await createConnection({
      ...(isSocket(server) ? { socketPath: server.host } : { host: server.host, port: server.port }),
      user: credentials.username,
      password: credentials.password,
      connectTimeout: CONNECT_TIMEOUT_MS,
      charset: 'utf8mb4',
      supportBigNumbers: true,
      ...(trust
        ? { ssl: { ca: trust.pem, rejectUnauthorized: true, verifyIdentity: true, minVersion: 'TLSv1.2' } }
        : {}),
      ...(trust && isIP(server.host) ? { stream: () => socketToAddress(server) } : {}),
    });
    // A connection that breaks while nothing waits for it must not end the program: the next query fails.
    connection.on('error', () => undefined);
    // A Node.js that no longer reads the host of the socket would compare the certificate with "localhost".
    const { stream } = (connection as unknown as { connection: { stream: Socket } }).connection;
    if (isIP(server.host) && stream instanceof TLSSocket) {
      const fault = checkServerIdentity(server.host, stream.getPeerCertificate());
      if (fault) {
        connection.destroy();
        throw fault;
      }
    }
    await resetSession(connection, given);
    return connection;
  } catch (error) {
    throw connectionError(server, error, MYSQL_CAUSES, refusedValues(errorText(error), credentials.username));
  }
}

/**
 * mysql2 gives Node.js neither a host nor a server name if the host is an address: the certificate is compared with the host of the
 * socket then, which Node.js itself sets for names only, and before the login.
 */
const socketToAddress = ({ host, port }: ServerAddress): Socket =>
  Object.assign(connect({ host, port, keepAlive: true, noDelay: true }), { _host: host });

/** Account and database of a refusal, as far as the server names them: `Access denied for user 'a'@'%' to database 'b'`. */
function refusedValues(said: string, username: string): ReasonValues {
  const [, user, host] = /\buser '([^']+)'@'([^']*)'/.exec(said) ?? [];
  const database = /\bto database '([^']+)'/.exec(said)?.[1];
  // A refused login names the address of the client, not the host of an account.
  return database === undefined ? { account: username } : { account: `${user ?? username}@${host ?? '%'}`, database };
}

const LIMITS = ['max_execution_time', 'max_statement_time'];
/** What sessions must begin with: else the dump tool would read other bytes, fewer rows, or those of another time. */
const NEEDED: Readonly<Record<string, string>> = {
  character_set_client: 'utf8mb4',
  character_set_results: 'utf8mb4',
  character_set_connection: 'utf8mb4',
  system_versioning_asof: 'DEFAULT',
};
/** The rows of a SELECT: all. */
const UNLIMITED = '18446744073709551615';
/** Undo what a server sets against {@link NEEDED} and {@link UNLIMITED}; MySQL knows no system_versioning_asof. */
export const NEEDED_SETTINGS = ['NAMES utf8mb4', `SESSION sql_select_limit = ${UNLIMITED}`];

/** Undoes what a server may set for all sessions: the above, modes that change how names are quoted, and time limits. */
async function resetSession(connection: Connection, given: (setting: string) => void): Promise<void> {
  // By itself and first: a limit cuts off the answers to all other questions, those of SHOW too.
  const [[limit]] = await connection.query<RowDataPacket[]>('SELECT CAST(@@sql_select_limit AS CHAR) AS rows_');
  const undo = `SET ${NEEDED_SETTINGS.join(', ')}`;
  if (limit?.rows_ !== UNLIMITED) {
    given(`sql_select_limit=${limit?.rows_}`);
    await connection.query(undo);
  }
  const [rows] = await connection.query<RowDataPacket[]>('SHOW SESSION VARIABLES WHERE Variable_name IN (?)', [
    [...LIMITS, ...Object.keys(NEEDED)],
  ]);
  const variables = rows.map((row) => ({ name: String(row.Variable_name), value: String(row.Value) }));
  const other = variables.find(({ name, value }) => NEEDED[name] !== undefined && NEEDED[name] !== value);
  if (other) {
    given(`${other.name}=${other.value}`);
    await connection.query(undo);
  }
  const unlimited = variables.filter(({ name }) => LIMITS.includes(name)).map(({ name }) => `${name} = 0`);
  const settings = [
    "sql_mode = ''",
    'sql_quote_show_create = 1',
    'sql_big_selects = 1',
    // A question must begin no transaction, which would keep locks.
    'autocommit = 1',
    `lock_wait_timeout = ${LOCK_WAIT_SECONDS}`,
    ...unlimited,
  ];
  await connection.query(`SET ${settings.map((setting) => `SESSION ${setting}`).join(', ')}`);
}

/**
 * Writes the option file of the dump tool: mode 0600, and `--defaults-file`, so that no file of the image interferes.
 * https://dev.mysql.com/doc/refman/8.4/en/option-files.html
 *
 * @param settings what the tool sets after its login; MariaDB's tool cannot
 */
export function writeOptionFile(
  context: MysqlAccess & { readonly scratch: string },
  dialect: MysqlDialect,
  trust: Trust | undefined,
  toolVersion: string,
  settings: readonly string[],
): string {
  const { server, credentials } = context;
  const lines = [
    '[client]',
    ...(isSocket(server)
      ? [`socket=${optionValue(server.host)}`, 'protocol=socket']
      : [`host=${optionValue(server.host)}`, `port=${server.port}`, 'protocol=tcp']),
    `user=${optionValue(credentials.username)}`,
    `password=${optionValue(credentials.password)}`,
    ...(trust ? [`ssl-ca=${optionValue(trust.file)}`] : []),
    ...dialect.tlsOptions(trust !== undefined),
    ...dialect.toolOptions(toolVersion),
    ...(settings.length === 0 ? [] : ['[mysqldump]', `init-command=${optionValue(`SET ${settings.join(', ')}`)}`]),
  ];
  const file = join(context.scratch, 'client.cnf');
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

/** Quoted, as unquoted values end at `#`; backslash sequences are the file's own. */
const optionValue = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
