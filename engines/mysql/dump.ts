import type { Connection, RowDataPacket } from 'mysql2/promise';
import { BackupError } from '../../task/run/errors';
import { Tool, type ToolCommand } from '../../task/io/tool';
import { writeTrust, type Trust } from '../../task/io/tls';
import { chooseDatabases } from '../shared/databases';
import { firstConnection } from '../shared/first-connection';
import {
  serverContext,
  type DumpFacts,
  type DumpStream,
  type EngineContext,
  type EngineDump,
  type ServerContext,
} from '../engine';
import { connectMysql, writeOptionFile } from './connection';
import { MYSQL_CHECKS } from './checks';
import { EndOfDump } from './end-of-dump';
import { countFailure, questionFailure } from './failures';
import type { MysqlDialect } from './dialect';
import { MysqlEvidence } from './evidence/evidence';
import { requireMysqlGrants } from './grants';
import { checkLongestStatement, noteLongStatements, readInventory, requireComplete } from './inventory';
import type { MysqlLook } from './look';
import { holdsNoRows, readPlan, type MysqlPlan } from './plan';
import { Sessions, rowsOf, type Session } from './sessions';
import { OLD_NAME } from './names';
import { startInSnapshot, type StartedDump } from './snapshot';
import type { SqlObject } from './sql-objects';
import { SqlStream } from './sql-stream';
import { readToolVersion, toolCommand, toolSettings } from './tool-command';
import { checkVersions } from '../shared/versions';

const SYSTEM_DATABASES = ['information_schema', 'performance_schema', 'mysql', 'sys'];
/** Created by RDS and Aurora; elsewhere they are the user's own. */
const RDS_DATABASES = ['innodb', 'tmp'];

/** Dump of MySQL or MariaDB by its own tool, `mysqldump` or `mariadb-dump`. */
export class MysqlDump implements EngineDump {
  private readonly context: ServerContext;
  private readonly command: string;
  private trust: Trust | undefined;
  private readonly sessions: Sessions;
  private control: Session | undefined;
  private optionFile = '';
  private serverVersion = '';
  private toolVersion = '';
  /** A setting of new sessions with which the tool would read something else than there is. */
  private givenSetting: string | undefined;
  private plan: MysqlPlan | undefined;
  private started: StartedDump | undefined;
  private readonly tools = new Set<Tool>();
  private readonly tail = new EndOfDump();
  private readonly sql = new SqlStream();
  private closed = false;

  constructor(
    context: EngineContext,
    private readonly dialect: MysqlDialect,
  ) {
    this.context = serverContext(context);
    this.command = dialect.facts.server.dumpTool.name;
    this.sessions = new Sessions(() => this.connect());
  }

  async preflight(): Promise<void> {
    await this.prepare().catch((error: unknown) => this.failed(error));
  }

  private async prepare(): Promise<void> {
    const { server, job, scratch } = this.context;
    this.trust = writeTrust(server.tls, scratch);
    this.control = await firstConnection(() => this.sessions.begin(), this.context);
    const [identity] = await this.query(
      "SELECT VERSION() AS version, CURRENT_USER() AS account, @@basedir LIKE '/rdsdbbin/%' AS rds",
    );
    this.serverVersion = String(identity?.version);
    this.checkEngine();
    await this.sessions.tryAll(this.control);
    this.toolVersion = await readToolVersion(this.command);
    checkVersions(job, this.dialect.facts, this.serverVersion, this.toolVersion);
    const settings = await toolSettings(
      { dialect: this.dialect, serverVersion: this.serverVersion, account: String(identity?.account) },
      this.givenSetting,
    );
    this.optionFile = writeOptionFile(this.context, this.dialect, this.trust, this.toolVersion, settings);
    const schemata = await this.query('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA ORDER BY 1');
    const own = Number(identity?.rds) === 1 ? [...SYSTEM_DATABASES, ...RDS_DATABASES] : SYSTEM_DATABASES;
    const databases = chooseDatabases(
      this.leaveDirectoriesOut(
        schemata.map(({ name }) => String(name)),
        own,
      ),
      server,
    );
    const grants = await requireMysqlGrants(this.control.connection, this.dialect, {
      serverVersion: this.serverVersion,
      databases,
      account: String(identity?.account),
      all: server.databases === undefined,
    });
    const look: MysqlLook = {
      server,
      dialect: this.dialect,
      serverVersion: this.serverVersion,
      toolVersion: this.toolVersion,
      account: String(identity?.account),
      grants,
      log: this.context.log,
      note: this.context.note,
      query: (sql, values) => this.query(sql, values),
    };
    this.plan = await readPlan(look, databases);
    for (const check of MYSQL_CHECKS) await check(look, this.plan);
  }

  async *streams(): AsyncIterable<DumpStream> {
    const plan = this.requirePlan();
    const { log, digests } = this.context;
    const query: MysqlLook['query'] = (sql, values) => this.query(sql, values);
    const evidence = await MysqlEvidence.begin(query, { ...{ digests, plan, log }, dialect: this.dialect });
    const starting = startInSnapshot({
      tables: plan.tables.filter((table) => !holdsNoRows(table)),
      log,
      dialect: this.dialect,
      digests: evidence?.digests,
      hasSnapshotPositions: plan.hasSnapshotPositions,
      sessions: this.sessions,
      control: this.requireControl(),
      startTool: (withPosition) =>
        this.start(
          toolCommand(this.dialect, this.context.server, plan, this.optionFile, withPosition, () => this.sql.database),
        ),
      signal: this.context.signal,
    });
    this.started = await starting.catch((error: unknown) => this.failed(error));
    const { tool, cause, settled } = this.started;
    yield {
      file: `${this.context.job.source}.sql.zst`,
      kind: 'dump',
      format: 'sql',
      databases: plan.databases,
      bytes: tool.stdout,
      inspect: (chunk) => {
        this.tail.see(chunk);
        this.sql.see(chunk);
        checkLongestStatement(this.sql);
      },
      table: () => tool.table,
      succeeded: async () => {
        await tool.succeeded().catch((error: unknown) => {
          throw cause() ?? error;
        });
        if (!this.tail.isThere)
          throw new BackupError(
            'dumpFailed',
            `${this.command} exited with 0, but its output does not end with "-- Dump completed": the dump is cut short and was discarded`,
            { kind: 'dump-incomplete', object: this.command },
          );
        await requireComplete(this.command, this.sql, plan.objects, () => this.inventory(plan.databases));
        noteLongStatements(this.sql, this.context.note);
      },
      stop: () => tool.stop(),
    };
    await Promise.all([tool.exited, settled]);
    const stream = await evidence?.end((ask) => this.withSession(ask));
    if (stream) yield stream;
  }

  async facts(): Promise<DumpFacts> {
    const plan = this.requirePlan();
    if (!this.started) throw new Error('facts before the dump');
    const { tables, rowCounts, reason } = await this.started.counts().catch((error: unknown) => {
      throw countFailure(error);
    });
    return {
      serverVersion: this.serverVersion,
      toolVersion: this.toolVersion,
      consistency: {
        snapshot: 'single-transaction',
        rowCounts,
        ...(reason === undefined ? {} : { reason }),
        ...(plan.nonTransactional.length > 0 ? { nonTransactionalTables: [...plan.nonTransactional] } : {}),
      },
      tables,
    };
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.tools].map((tool) => tool.stop()));
    await this.sessions.close();
  }

  private start(command: ToolCommand): Tool {
    const tool = new Tool(command).holdOutput();
    this.tools.add(tool);
    if (this.closed) void tool.stop();
    return tool;
  }

  private connect(): Promise<Connection> {
    return connectMysql(this.context, this.trust, (setting) => (this.givenSetting = setting));
  }

  private async query(sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
    return await rowsOf(this.requireControl(), sql, values);
  }

  private failed(error: unknown): never {
    throw questionFailure(this.context.server, error);
  }

  private requireControl(): Session {
    if (!this.control) throw new Error('not connected');
    return this.control;
  }

  /** What the server has now, by a connection of its own: one kept idle for as long as the dump takes would be gone by then. */
  private async inventory(databases: readonly string[]): Promise<SqlObject[]> {
    return this.withSession((query) => readInventory(query, databases, new Set()).catch((error) => this.failed(error)));
  }

  private async withSession<T>(ask: (query: MysqlLook['query']) => Promise<T>): Promise<T> {
    const session = await this.sessions.begin();
    try {
      return await ask((sql, values) => rowsOf(session, sql, values));
    } finally {
      await this.sessions.end(session);
    }
  }

  private requirePlan(): MysqlPlan {
    if (!this.plan) throw new Error('dump before preflight');
    return this.plan;
  }

  private checkEngine(): void {
    const { twin, isOwnVersion } = this.dialect;
    if (isOwnVersion(this.serverVersion)) return;
    throw new BackupError(
      'configuration',
      `the server is ${twin.title} ${this.serverVersion}, but the backup is set up for ${this.dialect.facts.title}: use Database.${twin.factory}(…)`,
      { kind: 'engine-mismatch', object: `${twin.title} ${this.serverVersion}` },
    );
  }

  /** The names of databases: MariaDB also shows directories as such that are none, as every ext4 volume has one. */
  private leaveDirectoriesOut(names: readonly string[], own: readonly string[]): string[] {
    const directories = names.filter((name) => name.startsWith(OLD_NAME));
    if (directories.length > 0)
      this.context.log.info(
        'not-a-database',
        `directories that are no databases are left out: ${directories.join(', ')}`,
      );
    return names.filter((name) => !own.includes(name) && !directories.includes(name));
  }
}
