import type { Client } from 'pg';
import type { TableCount } from '../../catalog/bucket/manifest';
import { noteOf } from '../../catalog/contract/note';
import { BackupError } from '../../task/run/errors';
import { Tool, toolOutput, type ToolCommand } from '../../task/io/tool';
import { writeTrust } from '../../task/io/tls';
import {
  serverContext,
  type DumpFacts,
  type DumpStream,
  type EngineContext,
  type EngineDump,
  type ServerContext,
} from '../engine';
import { PgArchiveInspector } from './archive';
import type { ArchivedTable } from './archive-head';
import { POSTGRESQL_CHECKS } from './checks';
import { DATABASE_TO_ASK, PostgresqlSessions, connectionValue } from './connection';
import { checkCutFiles } from './cut-files';
import { choosePostgresqlDatabases } from './databases';
import { POSTGRESQL_FACTS } from './facts';
import { PostgresqlEvidence } from './evidence/evidence';
import { TableChangedError, countFailure, isAnswer, toolFailure } from './failures';
import { checkInventory, readInventory } from './inventory';
import { LOCK_WAIT_SECONDS, LockWatch } from './lock-watch';
import { quoteName } from './names';
import { countRows, countsOfArchive, type CountedTable } from './row-counts';
import { PgDumpTalk, PgDumpallTalk } from './talk';
import { questionError } from '../shared/connection-error';
import { firstConnection } from '../shared/first-connection';
import { TailInspector } from '../shared/tail-inspector';
import { checkVersions } from '../shared/versions';

const GLOBALS_END = '-- PostgreSQL database cluster dump complete';

/** Dump of PostgreSQL, by `pg_dump` for each database and `pg_dumpall --globals-only` for the roles. */
export class PostgresqlDump implements EngineDump {
  private readonly context: ServerContext;
  private sessions: PostgresqlSessions | undefined;
  private databases: readonly string[] = [];
  private serverVersion = '';
  private toolVersion = '';
  private rolePasswords = false;
  /** Row counts by database, in the order of the databases. */
  private readonly tables = new Map<string, readonly TableCount[]>();
  private readonly tools = new Set<Tool>();
  private closed = false;

  constructor(context: EngineContext) {
    this.context = serverContext(context);
  }

  async preflight(): Promise<void> {
    await this.prepare().catch((error: unknown) => this.failed(error));
  }

  private async prepare(): Promise<void> {
    const { server, scratch, job } = this.context;
    const sessions = new PostgresqlSessions(this.context, writeTrust(server.tls, scratch));
    this.sessions = sessions;
    const client = await firstConnection(() => sessions.connectToAny(), this.context);
    await sessions.learn(client);
    const { rows } = await client.query<{ version: string; secrets: boolean }>(
      `SELECT current_setting('server_version') AS version, has_table_privilege('pg_authid', 'SELECT') AS secrets`,
    );
    this.serverVersion = rows[0]?.version ?? '';
    // Where the server forbids it, as RDS does, roles come without their password hashes, and the manifest says so.
    this.rolePasswords = rows[0]?.secrets ?? false;
    this.toolVersion = /\d[\w.]*/.exec(await toolOutput('pg_dump', ['--version']))?.[0] ?? '';
    checkVersions(job, POSTGRESQL_FACTS, this.serverVersion, this.toolVersion);
    this.databases = await choosePostgresqlDatabases(client, this.context);
    await sessions.disconnect(client);
    for (const database of this.databases) {
      const own = await sessions.connect(database);
      for (const check of POSTGRESQL_CHECKS) await check({ ...this.context, client: own, database, server });
      await sessions.disconnect(own);
    }
  }

  async *streams(): AsyncIterable<DumpStream> {
    if (!this.sessions) throw new Error('a dump without its preflight');
    const evidence = new PostgresqlEvidence(this.context, this.sessions);
    yield this.globals(this.sessions);
    for (const database of this.databases)
      yield await this.database(this.sessions, database, evidence).catch((error: unknown) => this.failed(error));
    const stream = await evidence.stream();
    if (stream) yield stream;
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
    await this.sessions?.close();
  }

  private globals(sessions: PostgresqlSessions): DumpStream {
    const tail = new TailInspector(1024);
    const args = [
      '--globals-only',
      // Names of roles are bytes without an encoding: asked in a database of another one, they would be converted wrongly.
      '--encoding=SQL_ASCII',
      // The tool reads connection parameters out of a name with `=` in it, another host too: quoted, it is a name.
      `--database=dbname=${connectionValue(this.databases[0] ?? DATABASE_TO_ASK)}`,
      ...(this.rolePasswords ? [] : ['--no-role-passwords']),
    ];
    const talk = new PgDumpallTalk(sessions.heard);
    const env = sessions.environment();
    const tool = this.start({ command: 'pg_dumpall', args, env, talk: talk.judge, classify: toolFailure });
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
        if (talk.orphans.size > 0) this.context.note(noteOf('orphaned-grants', [...talk.orphans]));
      },
      stop: () => tool.stop(),
    };
  }

  /**
   * One database: a session exports its snapshot, and counts the rows in it as soon as pg_dump has its locks: it never waits
   * for one itself, and what it reads cannot be replaced meanwhile.
   */
  private async database(
    sessions: PostgresqlSessions,
    database: string,
    evidence: PostgresqlEvidence,
  ): Promise<DumpStream> {
    const client = await sessions.connect(database);
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows } = await client.query<{ id: string; encoding: string }>(
      'SELECT pg_export_snapshot() AS id, getdatabaseencoding() AS encoding',
    );
    const own = await evidence.begin(client, database);
    const archive = new PgArchiveInspector();
    const talk = new PgDumpTalk(sessions.heard);
    const hasPatterns = (this.context.server.extraDumpArguments ?? []).length > 0;
    const tool = this.start({
      command: 'pg_dump',
      args: this.dumpArguments(rows[0]?.id ?? ''),
      // Names are bytes in it, as the session has them that counts.
      env: {
        ...sessions.environment({ hasPatterns }),
        PGDATABASE: database,
        PGCLIENTENCODING: rows[0]?.encoding ?? '',
      },
      talk: talk.judge,
      classify: toolFailure,
    });
    let chunks = 0;
    const watch = new LockWatch(sessions, database, () => `${chunks} ${tool.table ?? ''}`);
    const counting = tool.started
      .then(() => (hasPatterns ? listed(tool, archive) : undefined))
      .then((tables) => this.count(sessions, database, client, tables, (...asked) => own.take(tool, ...asked)))
      .catch((error: unknown) => uncounted(tool, database, error));
    // What fails later is a consequence.
    const outcome = Promise.race([Promise.all([counting, tool.succeeded()]), watch.overdue]).finally(() =>
      watch.stop(),
    );
    outcome.catch(() => tool.stop());
    return {
      // Percent-encoded, for a database may be called anything.
      file: `${encodeURIComponent(database)}.dump.zst`,
      kind: 'dump',
      format: 'pg-custom',
      databases: [database],
      bytes: tool.stdout,
      inspect: (chunk) => {
        chunks++;
        archive.see(chunk);
      },
      table: () => tool.table,
      succeeded: async () => {
        const [{ counts, inventory }] = await outcome.catch((error: unknown) => {
          throw watch.explain(error);
        });
        archive.verify();
        const missing = checkInventory(database, inventory, archive, this.context.server);
        if (missing.length > 0) this.context.note(noteOf('missing-objects', missing, database));
        this.tables.set(database, countsOfArchive(database, counts, archive.tables, this.context.server));
        if (talk.circular.size > 0) this.context.note(noteOf('circular-keys', [...talk.circular], database));
      },
      stop: () => tool.stop(),
    };
  }

  /**
   * Counts rows and objects, and ends the transaction: it must not keep dead rows from VACUUM any longer than pg_dump does.
   *
   * @param tables those of the archive; all, if that is not known
   * @param takeEvidence asks more, in the same transaction
   */
  private async count(
    sessions: PostgresqlSessions,
    database: string,
    counter: Client,
    tables: readonly ArchivedTable[] | undefined,
    takeEvidence: (counts: readonly CountedTable[], observer: Client | undefined) => Promise<void>,
  ) {
    const observer = await sessions.connect(database).catch(() => undefined);
    try {
      const counts = await countRows({ counter, observer }, database, this.context.server, tables);
      await checkCutFiles({ counter, observer }, database, counts, this.context.note);
      const inventory = await readInventory(counter, database, this.context.server);
      await takeEvidence(counts, observer);
      return { counts, inventory };
    } finally {
      await Promise.all([counter, observer].map((client) => client && sessions.disconnect(client)));
    }
  }

  private dumpArguments(snapshot: string): string[] {
    const { schemas = [], excludeSchemas = [], extraDumpArguments = [] } = this.context.server;
    return [
      ...[
        '--format=custom',
        '--compress=0',
        '--create',
        '--verbose',
        `--lock-wait-timeout=${LOCK_WAIT_SECONDS}s`,
        `--snapshot=${snapshot}`,
      ],
      ...schemas.map((schema) => `--schema=${quoteName(schema)}`),
      ...excludeSchemas.map((schema) => `--exclude-schema=${quoteName(schema)}`),
      ...extraDumpArguments,
    ];
  }

  private failed(error: unknown): never {
    throw questionError(this.context.server, error);
  }

  private start(command: ToolCommand): Tool {
    const tool = new Tool(command).holdOutput();
    this.tools.add(tool);
    if (this.closed) void tool.stop();
    return tool;
  }
}

/** The tables of an archive, as soon as it lists them, which is before their rows. */
async function listed(tool: Tool, archive: PgArchiveInspector): Promise<readonly ArchivedTable[] | undefined> {
  await Promise.race([archive.listed, tool.succeeded().then(() => archive.verify())]);
  return archive.tables;
}

/** A session that broke is rarely the only one: what the tool says of it comes first. */
async function uncounted(tool: Tool, database: string, error: unknown): Promise<never> {
  const cause = error instanceof BackupError ? error.cause : error;
  if (!isAnswer(cause) && !(cause instanceof TableChangedError)) await tool.succeeded();
  if (error instanceof BackupError) throw error;
  throw countFailure(error, `could not count the rows of database ${database}`, { database });
}
