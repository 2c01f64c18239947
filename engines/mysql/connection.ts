import { writeFileSync } from 'node:fs';
import { isIP, type Socket } from 'node:net';
import { join } from 'node:path';
import { TLSSocket, checkServerIdentity } from 'node:tls';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { connectionError } from '../shared/connection-error';
import type { ServerContext } from '../engine';
import type { Trust } from '../../task/io/tls';
import { compareVersions } from '../shared/versions';

const CONNECT_TIMEOUT_MS = 15_000;

const ADVICE = {
  ER_ACCESS_DENIED_ERROR:
    'the server refused user or password: check the secret, and the hosts from which the user may connect',
  ER_HOST_NOT_PRIVILEGED:
    "the server admits no connection from the task's address: create the user for '%' or for the address of the subnet",
  ER_CON_COUNT_ERROR: 'the server has no connection left: raise max_connections',
  ER_DBACCESS_DENIED_ERROR: 'the user may not use the database',
};

/** Opens a connection of ours, beside those of the dump tool. Numbers that do not fit a double arrive as strings. */
export async function connectMysql(context: ServerContext, trust: Trust | undefined): Promise<Connection> {
  const { server, credentials } = context;
  try {
    const connection = await createConnection({
      host: server.host,
      port: server.port,
      user: credentials.username,
      password: credentials.password,
      connectTimeout: CONNECT_TIMEOUT_MS,
      charset: 'utf8mb4',
      supportBigNumbers: true,
      ...(trust
        ? { ssl: { ca: trust.pem, rejectUnauthorized: true, verifyIdentity: true, minVersion: 'TLSv1.2' } }
        : {}),
    });
    // A connection that breaks while nobody waits for it must not end the program: the next query tells.
    connection.on('error', () => undefined);
    // mysql2 compares the certificate with "localhost" when the host is an address.
    const { stream } = (connection as unknown as { connection: { stream: Socket } }).connection;
    if (isIP(server.host) && stream instanceof TLSSocket) {
      const fault = checkServerIdentity(server.host, stream.getPeerCertificate());
      if (fault) {
        connection.destroy();
        throw fault;
      }
    }
    await settle(connection);
    return connection;
  } catch (error) {
    throw connectionError(server, error, ADVICE);
  }
}

/** Undoes what a server may set for all sessions: modes that change how names are quoted, and limits of time. */
async function settle(connection: Connection): Promise<void> {
  const [limits] = await connection.query<RowDataPacket[]>(
    "SHOW SESSION VARIABLES WHERE Variable_name IN ('max_execution_time', 'max_statement_time')",
  );
  const unlimited = limits.map((row) => `${String(row.Variable_name)} = 0`);
  const settings = ["sql_mode = ''", 'sql_quote_show_create = 1', ...unlimited];
  await connection.query(`SET ${settings.map((setting) => `SESSION ${setting}`).join(', ')}`);
}

/**
 * Writes the option file of the dump tool: mode 0600, and `--defaults-file`, so that no file of the image interferes.
 * Each client knows its own way to demand a verified certificate.
 * https://dev.mysql.com/doc/refman/8.4/en/option-files.html
 */
export function writeOptionFile(context: ServerContext, trust: Trust | undefined, toolVersion: string): string {
  const { server, credentials, job } = context;
  const mysql = job.engine === 'mysql';
  const verified = trust && [
    `ssl-ca=${optionValue(trust.file)}`,
    mysql ? 'ssl-mode=VERIFY_IDENTITY' : 'ssl-verify-server-cert',
  ];
  const lines = [
    '[client]',
    `host=${optionValue(server.host)}`,
    `port=${server.port}`,
    'protocol=tcp',
    `user=${optionValue(credentials.username)}`,
    `password=${optionValue(credentials.password)}`,
    ...(verified ?? [mysql ? 'ssl-mode=DISABLED' : 'skip-ssl']),
    // Since 8.0 the tool asks for statistics that older servers lack. Older tools complain of the option itself.
    ...(mysql && compareVersions(toolVersion, '8.0') >= 0 ? ['[mysqldump]', 'column-statistics=0'] : []),
  ];
  const file = join(context.scratch, 'client.cnf');
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

/** Quoted, as unquoted values end at `#`; backslash sequences are the file's own. */
const optionValue = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
