import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { TableCount } from '../../catalog/bucket/manifest';
import { BackupError, errorCode, errorText } from '../../task/run/errors';
import { Tool, talkOf, toolOutput, type ToolCommand, type ToolFailure } from '../../task/io/tool';
import { writeTrust, type Trust } from '../../task/io/tls';
import {
  serverContext,
  type DumpFacts,
  type DumpStream,
  type EngineContext,
  type EngineDump,
  type ServerContext,
} from '../engine';
import { PgArchiveInspector } from './archive';
import { POSTGRESQL_CHECKS } from './checks';
import { SQLSTATE, connectPostgresql, connectionValue, toolConnection } from './connection';
import { choosePostgresqlDatabases } from './databases';
import { POSTGRESQL_FACTS } from './facts';
import { checkInventory, readInventory } from './inventory';
import { quoteName } from './names';
import { countRows, countsOfArchive } from './row-counts';
import { TailInspector } from '../shared/tail-inspector';
import { checkVersions } from '../shared/versions';

/** The server sends it to every session after its system's libraries were updated: the dump is complete all the same. */
const COLLATION =
  'WARNING:  database ".*" has a collation version mismatch|DETAIL:  The database was created using collation version .*|HINT:  Rebuild all objects in this database .*';
/** `--verbose` talk; warnings and errors are none. Group 1: the table under way. */
const TALK = new RegExp(
  `^(?:pg_dump: (?:dumping contents of table "(.+)"|(?!(?:warning|error|fatal|detail|hint):).*)|${COLLATION})$`,
);
const GLOBALS_TALK = new RegExp(`^(?:${COLLATION})$`);
const GLOBALS_END = '-- PostgreSQL database cluster dump complete';
const PRIVILEGE_TEXT = /permission denied|row-level security/;
const LOCK_WAIT = '60s';
const FAREWELL_MS = 2000;
const DATABASE_TO_ASK = 'postgres';

/** Dump of PostgreSQL, by `pg_dump` for each database and `pg_dumpall --globals-only` for the roles. */
export class PostgresqlDump implements EngineDump {
  private readonly context: ServerContext;
  private trust: Trust | undefined;
  private environment: Record<string, string> = {};
  private databases: readonly string[] = [];
  private serverVersion = '';
  private toolVersion = '';
  private rolePasswords = false;
  private readonly clients = new Set<Client>();
  /** Row counts by database, in the order of the databases. */
  private readonly tables = new Map<string, readonly TableCount[]>();
  private readonly tools = new Set<Tool>();
  private closed = false;

  constructor(context: EngineContext) {
    this.context = serverContext(context);
  }

  async preflight(): Promise<void> {
    const { server, scratch, job } = this.context;
    this.trust = writeTrust(server.tls, scratch);
    this.environment = toolConnection(this.context, this.trust);
    const client = await this.connectToAny();
    const { rows } = await client.query<{ version: string; secrets: boolean }>(
      `SELECT current_setting('server_version') AS version, has_table_privilege('pg_authid', 'SELECT') AS secrets`,
    );
    this.serverVersion = rows[0]?.version ?? '';
    // Where the server forbids it, as RDS does, roles come without their password hashes, and the manifest says so.
    this.rolePasswords = rows[0]?.secrets ?? false;
    this.toolVersion = /\d[\w.]*/.exec(await toolOutput('pg_dump', ['--version']))?.[0] ?? '';
    checkVersions(job, POSTGRESQL_FACTS, this.serverVersion, this.toolVersion);
    this.databases = await choosePostgresqlDatabases(client, this.context);
    await this.disconnect(client);
    for (const database of this.databases) {
      const own = await this.connect(database);
      for (const check of POSTGRESQL_CHECKS) await check({ client: own, database, server, note: this.context.note });
      await this.disconnect(own);
    }
  }

  async *streams(): AsyncIterable<DumpStream> {
    yield this.globals();
    for (const database of this.databases) yield* this.database(database);
  }

  facts(): Promise<DumpFacts> {
    return Promise.resolve({
      serverVersion: this.serverVersion,
      toolVersion: this.toolVersion,
      consistency: { snapshot: 'exported-snapshot', rowCounts: 'same-snapshot' },
      tables: this.databases.flatMap((database) => this.tables.get(database) ?? []),
      rolePasswords: this.rolePasswords,
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.tools].map((tool) => tool.stop()));
    await Promise.all([...this.clients].map((client) => this.disconnect(client)));
  }

  private globals(): DumpStream {
    const tail = new TailInspector(1024);
    const args = [
      '--globals-only',
      // Names of roles are bytes without an encoding: asked in a database of another one, they would be converted wrongly.
      '--encoding=SQL_ASCII',
      // The tool reads connection parameters out of a name with `=` in it, another host too: quoted, it is a name.
      `--database=dbname=${connectionValue(this.databases[0] ?? DATABASE_TO_ASK)}`,
      ...(this.rolePasswords ? [] : ['--no-role-passwords']),
    ];
    const tool = this.start({
      command: 'pg_dumpall',
      args,
      env: this.environment,
      talk: talkOf(GLOBALS_TALK),
      classify,
    });
    return {
      file: 'globals.sql.zst',
      kind: 'globals',
      format: 'sql',
      databases: [],
      bytes: tool.stdout,
      inspect: (chunk) => tail.see(chunk),
      table: () => 'roles',
      succeeded: async () => {
        await tool.succeeded();
        if (!tail.text().includes(GLOBALS_END))
          throw new BackupError(
            'dumpFailed',
            `pg_dumpall exited with 0, but its output does not end with "${GLOBALS_END}": the dump is cut short and was discarded`,
            { kind: 'dump-incomplete', object: 'pg_dumpall' },
          );
      },
      stop: () => tool.stop(),
    };
  }

  /** One database: a session exports its snapshot, and counts the rows in it while pg_dump reads. */
  private async *database(database: string): AsyncIterable<DumpStream> {
    const client = await this.connect(database);
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows } = await client.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
    const archive = new PgArchiveInspector();
    const tool = this.start({
      command: 'pg_dump',
      args: this.dumpArguments(rows[0]?.id ?? ''),
      env: { ...this.environment, PGDATABASE: database },
      talk: talkOf(TALK),
      classify,
    });
    const counting = countRows(client, this.context.server).catch((error: unknown) => {
      const said = errorText(error);
      throw new BackupError(
        'dumpFailed',
        `could not count the rows of database ${database}: ${said}`,
        { kind: 'count-failed', database, said },
        { cause: error },
      );
    });
    counting.catch(() => undefined);
    const inventory = counting.then(() => readInventory(client, database, this.context.server));
    inventory.catch(() => undefined);
    yield {
      // Percent-encoded, for a database may be called anything.
      file: `${encodeURIComponent(database)}.dump.zst`,
      kind: 'dump',
      format: 'pg-custom',
      databases: [database],
      bytes: tool.stdout,
      inspect: (chunk) => archive.see(chunk),
      table: () => tool.table,
      succeeded: async () => {
        await tool.succeeded();
        archive.verify();
        const counts = countsOfArchive(database, await counting, archive.tables, this.context.server);
        checkInventory(database, await inventory, archive, this.context.server);
        this.tables.set(database, counts);
        await this.disconnect(client);
      },
      stop: () => tool.stop(),
    };
  }

  private dumpArguments(snapshot: string): string[] {
    const { schemas = [], excludeSchemas = [], extraDumpArguments = [] } = this.context.server;
    return [
      ...[
        '--format=custom',
        '--compress=0',
        '--create',
        '--verbose',
        `--lock-wait-timeout=${LOCK_WAIT}`,
        `--snapshot=${snapshot}`,
      ],
      ...schemas.map((schema) => `--schema=${quoteName(schema)}`),
      ...excludeSchemas.map((schema) => `--exclude-schema=${quoteName(schema)}`),
      ...extraDumpArguments,
    ];
  }

  private start(command: ToolCommand): Tool {
    const tool = new Tool(command).holdOutput();
    this.tools.add(tool);
    if (this.closed) void tool.stop();
    return tool;
  }

  /** A database to ask about the others: the first one named, else the server's own. */
  private connectToAny(): Promise<Client> {
    return this.connect(this.context.server.databases?.[0] ?? DATABASE_TO_ASK).catch((error: unknown) => {
      // It does not exist, or the role may not connect to it: choosing the databases shows which, and what to do.
      const code = errorCode((error as Error).cause) ?? '';
      const isAnswered: boolean = [SQLSTATE.databaseMissing, SQLSTATE.notPrivileged].some((known) => known === code);
      if (!isAnswered || !this.context.server.databases) throw error;
      return this.connect(DATABASE_TO_ASK);
    });
  }

  private async connect(database: string): Promise<Client> {
    const client = await connectPostgresql(this.context, database, this.trust, (said) =>
      this.context.note({ kind: 'server-warning', said }),
    );
    this.clients.add(client);
    return client;
  }

  private async disconnect(client: Client): Promise<void> {
    this.clients.delete(client);
    // A server that is gone does not answer the farewell.
    await Promise.race([client.end().catch(() => undefined), sleep(FAREWELL_MS, undefined, { ref: false })]);
  }
}

const classify = (complaints: string): ToolFailure | undefined =>
  PRIVILEGE_TEXT.test(complaints) ? { exit: 'privileges', kind: 'privileges-missing' } : undefined;
