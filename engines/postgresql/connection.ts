import { writeFileSync } from 'node:fs';
import { isIP, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { BackupError, errorCode, errorText } from '../../task/run/errors';
import type { Trust } from '../../task/io/tls';
import { NOT_READY, connectionError, type ConnectionCauses } from '../shared/connection-error';
import type { ServerAddress, ServerJob } from '../../catalog/contract/task';
import type { Credentials } from '../../task/run/credentials';
import type { EngineContext } from '../engine';
import { quoteName } from './names';
import { SETTINGS, WITHOUT_TRIGGERS, optionsOf, setAll, settingsFor, type Settings } from './settings';
import { HeardWarnings } from './talk';

const CONNECT_TIMEOUT_SECONDS = 15;
const FAREWELL_MS = 2000;
/** Name of our sessions and of the tools' in the server's lists. */
export const APPLICATION = 'cdk-proven-backups';
/** A database of the server's own: where to ask about the others, if none is named. */
export const DATABASE_TO_ASK = 'postgres';

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
export const SQLSTATE = {
  ...{ databaseMissing: '3D000', notPrivileged: '42501' },
  /** The database accepts no connections. */
  closed: '55000',
  /** Also of a database whose limit is reached. */
  noConnectionLeft: '53300',
} as const;
/** Answers about the database of a connection, not about its server. */
const ABOUT_DATABASE: readonly string[] = Object.values(SQLSTATE);

const POOLER = {
  kind: 'pooler',
  advice: 'a pooler refuses the settings of the session: give the host and port of the server itself',
} as const;

export const POSTGRESQL_CAUSES: ConnectionCauses = {
  '28P01': { kind: 'login-refused', advice: 'the server refused user or password: check the secret' },
  '28000': {
    kind: 'not-admitted',
    advice: 'the server admits no such connection: check pg_hba.conf for this user, address and TLS',
  },
  [SQLSTATE.databaseMissing]: {
    ...{ kind: 'database-missing', advice: 'the database does not exist' },
    // Somebody dropped it after the run had chosen it: the next choice is without it, or says that it must be there.
    passing: true,
  },
  '08P01': POOLER,
  // RDS Proxy takes no options at all.
  '0A000': POOLER,
  // It shuts down, has crashed, or starts.
  '57P01': NOT_READY,
  '57P02': NOT_READY,
  '57P03': NOT_READY,
  [SQLSTATE.noConnectionLeft]: {
    kind: 'no-connection-left',
    advice: 'the server has no connection left: raise max_connections',
  },
};

/** The server has one SQLSTATE for this and for pg_hba.conf: its words tell which it is. */
const WITHOUT_LOGIN: ConnectionCauses = {
  '28000': {
    kind: 'role-without-login',
    advice: 'the role may not log in: run ALTER ROLE … LOGIN as an administrator',
  },
};

/** What sessions need to know of their run. */
export interface SessionContext extends Pick<EngineContext, 'note' | 'scratch'> {
  readonly server: ServerAddress & Pick<ServerJob, 'databases'>;
  readonly credentials: Credentials;
}

/** All sessions of a run with one server, and what the tools need to open theirs. */
export class PostgresqlSessions {
  readonly heard: HeardWarnings;
  private settings: Settings;
  private readonly clients = new Set<Client>();
  /** Of the first session, and for all after it: behind a name with several addresses are servers with snapshots of their own. */
  private address: string | undefined;

  /** @param adapt changes the settings for what these sessions are to do */
  constructor(
    private readonly context: SessionContext,
    private readonly trust: Trust | undefined,
    private readonly adapt: (settings: Settings) => Settings = (settings) => settings,
  ) {
    this.settings = adapt(SETTINGS);
    this.heard = new HeardWarnings((said) => context.note({ kind: 'server-warning', said }));
    writeFileSync(this.passwordFile, passwordLine(context.credentials.password), { mode: 0o600 });
  }

  /** Asks for the settings that only some servers know: all sessions and tools after this one begin with them. */
  async learn(client: Client): Promise<void> {
    this.settings = this.adapt(await settingsFor(client));
  }

  /** Opens a connection of ours, beside those of the tools. */
  async connect(database: string): Promise<Client> {
    try {
      return await this.open(database, this.settings);
    } catch (error) {
      const { cause } = error as BackupError;
      // Only a function has a context before the session begins: that of a trigger ON login.
      if (!(cause instanceof DatabaseError) || cause.where === undefined) throw error;
      return await this.open(database, { ...this.settings, ...WITHOUT_TRIGGERS }).catch(() => {
        throw loginRefused({ account: this.context.credentials.username, database }, cause);
      });
    }
  }

  private async open(database: string, settings: Settings): Promise<Client> {
    const { server, credentials } = this.context;
    const client = new Client({
      host: this.address ?? server.host,
      port: server.port,
      database,
      user: credentials.username,
      password: credentials.password,
      connectionTimeoutMillis: CONNECT_TIMEOUT_SECONDS * 1000,
      application_name: APPLICATION,
      options: optionsOf(settings),
      ssl: this.trust
        ? {
            ...{ ca: this.trust.pem, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
            ...(this.address !== undefined && { servername: server.host }),
          }
        : false,
    });
    // A connection that breaks while nothing waits for it must not end the program: the next query fails.
    client.on('error', () => undefined);
    client.on('notice', (notice) => this.heard.hear(notice));
    try {
      await client.connect();
      // A pooler may leave out the options of the startup packet.
      await client.query(setAll(settings));
    } catch (error) {
      const values = { account: credentials.username, database };
      if (errorCode(error) === SQLSTATE.notPrivileged) throw connectDenied(values, error);
      const causes = /is not permitted to log in/.test(errorText(error))
        ? { ...POSTGRESQL_CAUSES, ...WITHOUT_LOGIN }
        : POSTGRESQL_CAUSES;
      throw connectionError(server, error, causes, values);
    }
    this.clients.add(client);
    if (isIP(server.host) === 0) this.address ??= addressOf(client);
    return client;
  }

  /** A session in a database to ask about the others: the first one named, else the server's own. */
  connectToAny(): Promise<Client> {
    const [named] = this.context.server.databases ?? [];
    return this.connect(named ?? DATABASE_TO_ASK).catch((error: unknown) => {
      // It does not exist, is closed, or the role may not connect to it: choosing the databases shows which, and what to do.
      const code = errorCode((error as Error).cause) ?? '';
      if (!ABOUT_DATABASE.includes(code) || named === undefined) throw error;
      return this.connect(DATABASE_TO_ASK);
    });
  }

  /** Ends a connection, also one whose statement has not ended. */
  async disconnect(client: Client): Promise<void> {
    this.clients.delete(client);
    // A server that is gone does not answer the farewell.
    await Promise.race([client.end().catch(() => undefined), sleep(FAREWELL_MS, undefined, { ref: false })]);
  }

  /** Ends all connections, but one if that is given. */
  async close(but?: Client): Promise<void> {
    await Promise.all([...this.clients].map((client) => client !== but && this.disconnect(client)));
  }

  /**
   * Environment of the client tools: the password in a file of mode 0600, certificate and host name verified.
   *
   * @param options.hasPatterns leaves the `search_path` to the database: pg_dump, which sets its own before its first
   *   query, resets it to find the tables that an argument of the user means, by statements that do not depend on it
   */
  environment({ hasPatterns = false } = {}): Readonly<Record<string, string>> {
    const { server, credentials } = this.context;
    const { search_path = '', ...others } = this.settings;
    return {
      PGHOST: server.host,
      ...(this.address !== undefined && { PGHOSTADDR: this.address }),
      PGPORT: String(server.port),
      PGUSER: credentials.username,
      PGPASSFILE: this.passwordFile,
      PGCONNECT_TIMEOUT: String(CONNECT_TIMEOUT_SECONDS),
      PGAPPNAME: APPLICATION,
      PGOPTIONS: optionsOf(hasPatterns ? others : { search_path, ...others }),
      // Where the person has a ticket of Kerberos, the tools prefer that to TLS, and verify no certificate:
      // https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-SSLMODE
      PGGSSENCMODE: 'disable',
      ...(this.trust ? { PGSSLMODE: 'verify-full', PGSSLROOTCERT: this.trust.file } : { PGSSLMODE: 'disable' }),
    };
  }

  private get passwordFile(): string {
    return join(this.context.scratch, 'pgpass');
  }
}

/** Where a session goes; none if that is a socket of this machine. */
const addressOf = (client: Client): string | undefined =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream.remoteAddress;

const passwordLine = (password: string): string =>
  `*:*:*:*:${password.replaceAll('\\', '\\\\').replaceAll(':', '\\:')}\n`;

function connectDenied({ account, database }: { account: string; database: string }, cause: unknown): BackupError {
  const statements = [`GRANT CONNECT ON DATABASE ${quoteName(database)} TO ${quoteName(account)};`];
  return new BackupError(
    'privileges',
    `role ${account} may not connect to ${quoteName(database)}. Run as an administrator: ${statements.join(' ')}`,
    { kind: 'privileges-missing', account, database, privileges: [`CONNECT on ${database}`], statements },
    { cause },
  );
}

function loginRefused({ account, database }: { account: string; database: string }, cause: unknown): BackupError {
  const statements = [`GRANT SET ON PARAMETER event_triggers TO ${quoteName(account)};`];
  return new BackupError(
    'privileges',
    `an event trigger ON login of ${quoteName(database)} does not let role ${account} in: ${errorText(cause)}. Make its function return for this role, or let the role go past it. Run as an administrator: ${statements.join(' ')}`,
    { kind: 'privileges-missing', account, database, privileges: ['SET on event_triggers'], statements },
    { cause },
  );
}

/** A value of a connection string. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE */
export const connectionValue = (value: string): string => `'${value.replaceAll(/['\\]/g, '\\$&')}'`;
