import type { Connection, RowDataPacket } from 'mysql2/promise';
import { BackupError, errorText } from '../../task/run/errors';
import { Tool, toolOutput, type ToolCommand } from '../../task/io/tool';
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
import { NEEDED_SETTINGS, connectMysql, writeOptionFile } from './connection';
import { MYSQL_CHECKS } from './checks';
import { toolFailure } from './failures';
import { toolTalk } from './tool-talk';
import type { MysqlDialect } from './dialect';
import { requireMysqlGrants } from './grants';
import { checkLongestStatement, noteLongStatement, readInventory, requireComplete } from './inventory';
import type { MysqlLook } from './look';
import { holdsNoRows, readPlan, type MysqlPlan } from './plan';
import { Sessions, rowsOf, type Session } from './sessions';
import { OLD_NAME, quoteAccount } from './names';
import { startInSnapshot, type StartedDump } from './snapshot';
import type { SqlObject } from './sql-objects';
import { SqlStream } from './sql-stream';
import { TailInspector } from '../shared/tail-inspector';
import { checkVersions } from '../shared/versions';

const SYSTEM_DATABASES = ['information_schema', 'performance_schema', 'mysql', 'sys'];
/** Created by RDS and Aurora; elsewhere they are the user's own. */
const RDS_DATABASES = ['innodb', 'tmp'];
const END_MARKER = /^-- Dump completed(?: on .*)?$/;

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
  private readonly tail = new TailInspector(1024);
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
    const { server, job, scratch } = this.context;
    this.trust = writeTrust(server.tls, scratch);
    this.control = await this.sessions.begin();
    const [identity] = await this.query(
      "SELECT VERSION() AS version, CURRENT_USER() AS account, @@basedir LIKE '/rdsdbbin/%' AS rds",
    );
    this.serverVersion = String(identity?.version);
    this.checkEngine();
    await this.sessions.tryAll(this.control);
    this.toolVersion = dumpToolVersion(await toolOutput(this.command, ['--version']));
    checkVersions(job, this.dialect.facts, this.serverVersion, this.toolVersion);
    const settings = await this.toolSettings(String(identity?.account));
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
      connect: async () => (await this.sessions.begin()).connection,
    };
    this.plan = await readPlan(look, databases);
    for (const check of MYSQL_CHECKS) await check(look, this.plan);
  }

  async *streams(): AsyncIterable<DumpStream> {
    const plan = this.requirePlan();
    this.started = await startInSnapshot({
      tables: plan.tables.filter((table) => !holdsNoRows(table)),
      log: this.context.log,
      dialect: this.dialect,
      hasSnapshotPositions: plan.hasSnapshotPositions,
      sessions: this.sessions,
      control: this.requireControl(),
      startTool: (withPosition) => this.start(this.toolCommand(plan, withPosition)),
      signal: this.context.signal,
    });
    const { tool, cause } = this.started;
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
        if (!END_MARKER.test(this.tail.lastLine()))
          throw new BackupError(
            'dumpFailed',
            `${this.command} exited with 0, but its output does not end with "-- Dump completed": the dump is cut short and was discarded`,
            { kind: 'dump-incomplete', object: this.command },
          );
        await requireComplete(this.command, this.sql, plan.objects, () => this.inventory(plan.databases));
        noteLongStatement(this.sql, this.context.note);
      },
      stop: () => tool.stop(),
    };
  }

  async facts(): Promise<DumpFacts> {
    const plan = this.requirePlan();
    if (!this.started) throw new Error('facts before the dump');
    const { tables, rowCounts, reason } = await this.started.counts().catch((error: unknown) => {
      if (error instanceof BackupError) throw error;
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
    await Promise.all([...this.tools].map((tool) => tool.stop()));
    await this.sessions.close();
  }

  /** What the tool has to set after its login. */
  private async toolSettings(account: string): Promise<readonly string[]> {
    const wanted = [...(this.givenSetting === undefined ? [] : NEEDED_SETTINGS), ...this.dialect.sessionOfTool];
    if (wanted.length === 0) return [];
    const help = await toolOutput(this.command, ['--no-defaults', '--help']);
    if (help.includes('--init-command=')) return wanted;
    if (this.givenSetting === undefined) return [];
    const statement = `GRANT ${this.dialect.exemptFromInitConnect(this.serverVersion)} ON *.* TO ${quoteAccount(account)};`;
    throw new BackupError(
      'configuration',
      `the server begins sessions with ${this.givenSetting}, by init_connect, skip-character-set-client-handshake or a global setting, which ${this.command} cannot undo: rows, names or texts would be lost or damaged. Change the server, or, if it is init_connect, exempt the user: ${statement}`,
      { kind: 'session-settings', account, statements: [statement] },
    );
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

  private requireControl(): Session {
    if (!this.control) throw new Error('not connected');
    return this.control;
  }

  /** What the server has now, by a connection of its own: one kept idle for as long as the dump takes would be gone by then. */
  private async inventory(databases: readonly string[]): Promise<SqlObject[]> {
    const connection = await this.connect();
    try {
      const query = async (sql: string, values: unknown[] = []) =>
        (await connection.query<RowDataPacket[]>(sql, values))[0];
      return await readInventory(query, this.dialect.hasLibraries(this.serverVersion), databases, new Set());
    } finally {
      connection.destroy();
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

  private toolCommand(plan: MysqlPlan, withPosition: boolean): ToolCommand {
    const talk = toolTalk(plan.tables);
    // The rest of a name with ends of lines, behind which the tool puts dots.
    const brokenNames = new Set(plan.objects.flatMap(({ name }) => `${name}...`.split('\n').slice(1)));
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
      talk: (line) => talk(line) || brokenNames.has(line),
      classify: toolFailure,
    };
  }
}

/** `mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for …` and `mysqldump  Ver 8.4.3 for Linux …`, 11.x: `… from 11.4.2-MariaDB, …`. */
const dumpToolVersion = (text: string): string =>
  /(?:Distrib|from) ([\w.-]+)/.exec(text)?.[1] ?? /Ver ([\w.-]+)/.exec(text)?.[1] ?? text;
