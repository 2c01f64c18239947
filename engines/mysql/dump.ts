import type { Connection, RowDataPacket } from 'mysql2/promise';
import { BackupError, errorText } from '../../task/run/errors';
import { Tool, talkOf, toolOutput, type ToolCommand, type ToolFailure } from '../../task/io/tool';
import { writeTrust, type Trust } from '../../task/io/tls';
import { chooseDatabases } from '../shared/databases';
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
import type { MysqlDialect } from './dialect';
import { requireMysqlGrants } from './grants';
import type { MysqlLook } from './look';
import { OLD_NAME } from './names';
import { readPlan, type MysqlPlan } from './plan';
import { startInSnapshot, type StartedDump } from './snapshot';
import { TailInspector } from '../shared/tail-inspector';
import { checkVersions } from '../shared/versions';

const SYSTEM_DATABASES = ['information_schema', 'performance_schema', 'mysql', 'sys'];
/** Created by RDS and Aurora; elsewhere they are the user's own. */
const RDS_DATABASES = ['innodb', 'tmp'];
const END_MARKER = /^-- Dump completed(?: on .*)?$/;
/** `--verbose` talk of both clients; group 1: the table under way. */
const TALK = /^-- (?:Retrieving (?:table|view) structure for table (.+)\.\.\.|(?!error|warning|got error).*)$/i;
/** Error codes stand after the word, or in brackets: `Error 2013: … at row: 1142` has none of these. */
const PRIVILEGE_CODES = /(?:error:? |\()(?:1044|1142|1143|1227|1370)\b/i;
const CHANGED_CODES = /(?:error:? |\()(?:1412|1146)\b/i;

/** Dump of MySQL or MariaDB by its own tool, `mysqldump` or `mariadb-dump`. */
export class MysqlDump implements EngineDump {
  private readonly context: ServerContext;
  private readonly command: string;
  private trust: Trust | undefined;
  private control: Connection | undefined;
  private optionFile = '';
  private serverVersion = '';
  private toolVersion = '';
  private plan: MysqlPlan | undefined;
  private started: StartedDump | undefined;
  private readonly tools = new Set<Tool>();
  private readonly tail = new TailInspector(1024);
  private closed = false;

  constructor(
    context: EngineContext,
    private readonly dialect: MysqlDialect,
  ) {
    this.context = serverContext(context);
    this.command = dialect.facts.server.dumpTool.name;
  }

  async preflight(): Promise<void> {
    const { server, job, scratch } = this.context;
    this.trust = writeTrust(server.tls, scratch);
    this.control = await this.connect();
    const [identity] = await this.query(
      "SELECT VERSION() AS version, CURRENT_USER() AS account, @@basedir LIKE '/rdsdbbin/%' AS rds",
    );
    this.serverVersion = String(identity?.version);
    this.checkEngine();
    this.toolVersion = dumpToolVersion(await toolOutput(this.command, ['--version']));
    checkVersions(job, this.dialect.facts, this.serverVersion, this.toolVersion);
    this.optionFile = writeOptionFile(this.context, this.dialect, this.trust, this.toolVersion);
    const schemata = await this.query('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA ORDER BY 1');
    const own = Number(identity?.rds) === 1 ? [...SYSTEM_DATABASES, ...RDS_DATABASES] : SYSTEM_DATABASES;
    const databases = chooseDatabases(
      this.leaveDirectoriesOut(
        schemata.map(({ name }) => String(name)),
        own,
      ),
      server,
    );
    const grants = await requireMysqlGrants(this.control, this.dialect, {
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
      connect: () => this.connect(),
    };
    this.plan = await readPlan(look, databases);
    for (const check of MYSQL_CHECKS) await check(look, this.plan);
  }

  async *streams(): AsyncIterable<DumpStream> {
    const plan = this.requirePlan();
    this.started = await startInSnapshot({
      tables: plan.tables,
      log: this.context.log,
      hasSnapshotPositions: plan.hasSnapshotPositions,
      connect: () => this.connect(),
      startTool: (withPosition) => this.start(this.toolCommand(plan, withPosition)),
      signal: this.context.signal,
    });
    const { tool } = this.started;
    yield {
      file: `${this.context.job.source}.sql.zst`,
      kind: 'dump',
      format: 'sql',
      databases: plan.databases,
      bytes: tool.stdout,
      inspect: (chunk) => this.tail.see(chunk),
      table: () => tool.table,
      succeeded: async () => {
        await tool.succeeded();
        if (!END_MARKER.test(this.tail.lastLine()))
          throw new BackupError(
            'dumpFailed',
            `${this.command} exited with 0, but its output does not end with "-- Dump completed": the dump is cut short and was discarded`,
            { kind: 'dump-incomplete', object: this.command },
          );
      },
      stop: () => tool.stop(),
    };
  }

  async facts(): Promise<DumpFacts> {
    const plan = this.requirePlan();
    if (!this.started) throw new Error('facts before the dump');
    const { tables, rowCounts, reason } = await this.started.counts().catch((error: unknown) => {
      const said = errorText(error);
      throw new BackupError(
        'dumpFailed',
        `could not count the rows that were dumped: ${said}`,
        { kind: 'count-failed', said },
        { cause: error },
      );
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
    this.control?.destroy();
    this.started?.connections.forEach((connection) => connection.destroy());
    await Promise.all([...this.tools].map((tool) => tool.stop()));
  }

  private start(command: ToolCommand): Tool {
    const tool = new Tool(command).holdOutput();
    this.tools.add(tool);
    if (this.closed) void tool.stop();
    return tool;
  }

  private connect(): Promise<Connection> {
    return connectMysql(this.context, this.trust);
  }

  private async query(sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
    if (!this.control) throw new Error('not connected');
    const [rows] = await this.control.query<RowDataPacket[]>(sql, values);
    return rows;
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

  private toolCommand(plan: MysqlPlan, withPosition: boolean): ToolCommand {
    return {
      command: this.command,
      args: [
        `--defaults-file=${this.optionFile}`,
        ...['--single-transaction', '--quick', '--skip-lock-tables', '--verbose'],
        // A table whose default is a sequence's next value cannot be loaded under LOCK TABLES: MariaDB demands a lock on the
        // sequence too.
        '--skip-add-locks',
        ...['--routines', '--triggers', '--events', '--hex-blob', '--no-tablespaces'],
        ...['--default-character-set=utf8mb4', '--max-allowed-packet=1G', '--net-buffer-length=1M'],
        ...this.dialect.dumpArguments,
        ...(plan.history ? ['--dump-history'] : []),
        ...(withPosition ? ['--master-data=2'] : []),
        ...(this.context.server.extraDumpArguments ?? []),
        // A server's own databases may be called anything, `--where=0` too: after `--`, nothing is an option.
        '--databases',
        '--',
        ...plan.databases,
      ],
      talk: talkOf(TALK),
      classify,
    };
  }
}

/** `mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for …` and `mysqldump  Ver 8.4.3 for Linux …`, 11.x: `… from 11.4.2-MariaDB, …`. */
const dumpToolVersion = (text: string): string =>
  /(?:Distrib|from) ([\w.-]+)/.exec(text)?.[1] ?? /Ver ([\w.-]+)/.exec(text)?.[1] ?? text;

function classify(complaints: string): ToolFailure | undefined {
  if (PRIVILEGE_CODES.test(complaints)) return { exit: 'privileges', kind: 'privileges-missing' };
  if (!CHANGED_CODES.test(complaints)) return undefined;
  const advice = 'a table was changed or dropped during the dump: run it again, or schedule it away from migrations';
  return { exit: 'dumpFailed', kind: 'table-changed', advice };
}
