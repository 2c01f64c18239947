import type { Connection, RowDataPacket } from 'mysql2/promise';
import { BackupError, errorText } from '../../task/run/errors';
import { Tool, toolOutput } from '../../task/io/tool';
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
import { MysqlGrants, checkMysqlGrants } from './grants';
import { startInSnapshot, type MysqlTable, type StartedDump } from './snapshot';
import { TailInspector } from '../shared/tail-inspector';
import { checkVersions, compareVersions } from '../shared/versions';

const SYSTEM_DATABASES = ['information_schema', 'performance_schema', 'mysql', 'sys'];
/** Made by RDS and Aurora; elsewhere they are the user's own. */
const RDS_DATABASES = ['innodb', 'tmp'];
const END_MARKER = /^-- Dump completed(?: on .*)?$/;
/** `--verbose` talk of both clients; group 1: the table under way. */
const TALK = /^-- (?:Retrieving (?:table|view) structure for table (.+)\.\.\.|(?!error|warning|got error).*)$/i;
/** `Error 2013: … at row: 1142` is none of them: the code comes after the word, or in brackets. */
const PRIVILEGE_CODES = /(?:error:? |\()(?:1044|1142|1143|1227|1370)\b/i;
const CHANGED_CODES = /(?:error:? |\()(?:1412|1146)\b/i;

interface Facts {
  readonly databases: readonly string[];
  readonly tables: readonly MysqlTable[];
  readonly nonTransactional: readonly string[];
  readonly systemVersioned: boolean;
  readonly binlogPositions: boolean;
}

/** MySQL and MariaDB, by `mysqldump` and `mariadb-dump`. */
export class MysqlDump implements EngineDump {
  private readonly context: ServerContext;
  private readonly command: string;
  private trust: Trust | undefined;
  private control: Connection | undefined;
  private optionFile = '';
  private serverVersion = '';
  private toolVersion = '';
  private facts_: Facts | undefined;
  private started: StartedDump | undefined;
  private tool: Tool | undefined;
  private readonly tail = new TailInspector(1024);
  private closed = false;

  constructor(context: EngineContext) {
    this.context = serverContext(context);
    this.command = this.context.job.engine === 'mysql' ? 'mysqldump' : 'mariadb-dump';
  }

  async preflight(): Promise<void> {
    const { server, job, scratch } = this.context;
    this.trust = writeTrust(server.tls, scratch);
    this.control = await this.connect();
    const [identity] = await this.query(
      "SELECT VERSION() AS version, CURRENT_USER() AS account, @@basedir LIKE '/rdsdbbin/%' AS rds",
    );
    this.serverVersion = String(identity?.version);
    this.checkFlavour();
    this.toolVersion = dumpToolVersion(await toolOutput(this.command, ['--version']));
    checkVersions(job, this.serverVersion, this.toolVersion, 2);
    this.optionFile = writeOptionFile(this.context, this.trust, this.toolVersion);
    const schemata = await this.query('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA ORDER BY 1');
    const own = Number(identity?.rds) === 1 ? [...SYSTEM_DATABASES, ...RDS_DATABASES] : SYSTEM_DATABASES;
    const databases = chooseDatabases(
      schemata.map(({ name }) => String(name)).filter((name) => !own.includes(name)),
      server,
    );
    const grants = await MysqlGrants.read(this.control, job.engine);
    checkMysqlGrants(grants, {
      engine: job.engine,
      serverVersion: this.serverVersion,
      databases,
      account: String(identity?.account),
      all: server.databases === undefined,
    });
    this.facts_ = await this.readFacts(databases);
  }

  async *streams(): AsyncIterable<DumpStream> {
    const facts = this.known();
    this.started = await startInSnapshot({
      tables: facts.tables,
      log: this.context.log,
      binlogPositions: facts.binlogPositions,
      connect: () => this.connect(),
      startTool: (withPosition) => (this.tool = new Tool(this.toolCommand(facts, withPosition)).holdOutput()),
      signal: this.context.signal,
    });
    const { tool } = this.started;
    if (this.closed) await tool.stop();
    yield {
      file: `${this.context.job.source}.sql.zst`,
      kind: 'dump',
      format: 'sql',
      databases: facts.databases,
      bytes: tool.stdout,
      inspect: (chunk) => this.tail.see(chunk),
      table: () => tool.table,
      succeeded: async () => {
        await tool.succeeded().catch((error: unknown) => {
          throw explained(error);
        });
        if (!END_MARKER.test(this.tail.lastLine()))
          throw new BackupError(
            'dumpFailed',
            `${this.command} exited with 0, but its output does not end with "-- Dump completed": the dump is cut short and was thrown away`,
          );
      },
      stop: () => tool.stop(),
    };
  }

  async facts(): Promise<DumpFacts> {
    const facts = this.known();
    if (!this.started) throw new Error('facts before the dump');
    const { tables, rowCounts, reason } = await this.started.counts().catch((error: unknown) => {
      throw new BackupError('dumpFailed', `could not count the rows that were dumped: ${errorText(error)}`, {
        cause: error,
      });
    });
    return {
      serverVersion: this.serverVersion,
      toolVersion: this.toolVersion,
      consistency: {
        snapshot: 'single-transaction',
        rowCounts,
        ...(reason === undefined ? {} : { reason }),
        ...(facts.nonTransactional.length > 0 ? { nonTransactionalTables: [...facts.nonTransactional] } : {}),
      },
      tables,
    };
  }

  async close(): Promise<void> {
    this.closed = true;
    this.control?.destroy();
    this.started?.connections.forEach((connection) => connection.destroy());
    await this.tool?.stop();
  }

  private connect(): Promise<Connection> {
    return connectMysql(this.context, this.trust);
  }

  private async query(sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
    if (!this.control) throw new Error('not connected');
    const [rows] = await this.control.query<RowDataPacket[]>(sql, values);
    return rows;
  }

  private known(): Facts {
    if (!this.facts_) throw new Error('dump before preflight');
    return this.facts_;
  }

  private checkFlavour(): void {
    const { engine } = this.context.job;
    const isMariaDb = /mariadb/i.test(this.serverVersion);
    if (isMariaDb === (engine === 'mariadb')) return;
    const actual = isMariaDb ? 'MariaDB' : 'MySQL';
    throw new BackupError(
      'configuration',
      `the server is ${actual} ${this.serverVersion}, but the backup is set up for ${engine}: use Database.${actual.toLowerCase()}(…)`,
    );
  }

  private async readFacts(databases: readonly string[]): Promise<Facts> {
    const ignored = ignoredTables(this.context.server.extraDumpArguments ?? []);
    const rows = await this.query(
      `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, ENGINE AS engine, TABLE_TYPE AS type FROM information_schema.TABLES
       WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA IN (?) ORDER BY 1, 2`,
      [databases],
    );
    const tables = rows.filter(({ db, name }) => !ignored.has(`${db}.${name}`));
    const nonTransactional = tables
      .filter(({ engine }) => !['InnoDB', 'ROCKSDB'].includes(String(engine)))
      .map(({ db, name }) => `${db}.${name}`);
    if (nonTransactional.length > 0)
      this.context.log.warn(
        'no-snapshot',
        `${nonTransactional.length} tables have an engine without snapshots and are dumped as they are when their turn comes: ${nonTransactional.slice(0, 10).join(', ')}`,
      );
    const systemVersioned = tables.some(({ type }) => type === 'SYSTEM VERSIONED');
    if (systemVersioned && !this.dumpsHistory())
      this.context.log.warn(
        'no-history',
        `the past rows of system-versioned tables are not in the dump: ${this.command} writes them from MariaDB 10.11 on`,
      );
    const isMariaDb = this.context.job.engine === 'mariadb';
    const [binlog] = isMariaDb ? await this.query('SELECT @@log_bin AS on_') : [];
    return {
      databases,
      tables: tables.map(({ db, name }) => ({ database: String(db), name: String(name) })),
      nonTransactional,
      systemVersioned,
      binlogPositions: Number(binlog?.on_ ?? 0) === 1,
    };
  }

  private dumpsHistory(): boolean {
    return compareVersions(this.toolVersion, '10.11') >= 0;
  }

  private toolCommand(facts: Facts, withPosition: boolean) {
    const mysql = this.context.job.engine === 'mysql';
    const history = facts.systemVersioned && this.dumpsHistory();
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
        // With GTIDs, anything else takes a global read lock, which RDS does not allow.
        ...(mysql ? ['--set-gtid-purged=OFF'] : []),
        ...(history ? ['--dump-history'] : []),
        ...(withPosition ? ['--master-data=2'] : []),
        ...(this.context.server.extraDumpArguments ?? []),
        // A server's own databases may be called anything, `--where=0` too: after `--`, nothing is an option.
        '--databases',
        '--',
        ...facts.databases,
      ],
      talk: TALK,
      classify: (stderr: string) => (PRIVILEGE_CODES.test(stderr) ? ('privileges' as const) : undefined),
    };
  }
}

/** Tables that the user told the tool to leave out: `db.table`. */
const ignoredTables = (dumpArguments: readonly string[]): ReadonlySet<string> =>
  new Set(dumpArguments.flatMap((argument) => /^--ignore-table=(.+)$/.exec(argument)?.[1] ?? []));

/** `mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for …` and `mysqldump  Ver 8.4.3 for Linux …`, 11.x: `… from 11.4.2-MariaDB, …`. */
const dumpToolVersion = (text: string): string =>
  /(?:Distrib|from) ([\w.-]+)/.exec(text)?.[1] ?? /Ver ([\w.-]+)/.exec(text)?.[1] ?? text;

function explained(error: unknown): unknown {
  if (!(error instanceof BackupError) || !CHANGED_CODES.test(error.message)) return error;
  return new BackupError(
    'dumpFailed',
    `${error.message} (a table was changed or dropped during the dump: run it again, or schedule it away from migrations)`,
    { cause: error },
  );
}
