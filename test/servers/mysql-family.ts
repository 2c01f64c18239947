import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import type { Connection } from 'mysql2/promise';
import { createConnection } from 'mysql2/promise';
import { inRoot } from '../support/in-root';
import { Daemon, findProgram, freePort, run, temporaryDirectory, unprivileged } from '../support/processes';
import { makeDataDirectory } from './data-directory';
import { Authority } from './tls';
import type { Version } from './versions';
import { rootOf } from './versions';

/** Options of a server of MySQL or MariaDB. */
export interface MysqlFamilyOptions {
  /** Writes a binary log, as servers with replicas do. */
  readonly binlog?: boolean;
  /** Survives a crash of the machine, as in production, which costs speed. */
  readonly durable?: boolean;
  /** Name or address in its certificate; localhost when left out. */
  readonly certificateFor?: string;
  /** Presents a certificate that ended yesterday. */
  readonly expiredCertificate?: boolean;
  /** More options of the server, as `--sql-mode=ANSI`. */
  readonly extra?: readonly string[];
}

/** How the two engines differ in being started. */
export interface MysqlFamilyEngine {
  /** Its programs, with their paths. */
  readonly server: string;
  readonly client: string;
  /** Options of the client beside those that both know. */
  readonly clientOptions: readonly string[];
  /** The apt package of the server. */
  readonly aptPackage: string;
  /** The command that makes an empty data directory. */
  readonly initialize: (data: string) => readonly string[];
  readonly options: readonly string[];
  /** The statements that give root a password. */
  readonly setRootPassword: (quoted: string) => string;
}

/** Speed only. */
const FAST = [
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-flush-method=nosync',
  '--innodb-doublewrite=0',
  '--sync-binlog=0',
];
const ROOT_USER = 'root';
const ROOT_PASSWORD = 'root of "tests" # \\ \'';

/** A started server, before it becomes one of its class. */
export interface StartedMysql {
  readonly version: Version;
  readonly port: number;
  readonly socket: string;
  readonly authority: Authority;
  readonly directory: string;
  readonly daemon: Daemon;
  readonly client: readonly string[];
}

/** Resolves when a server greets who connects, as it does once it answers. No client is started to ask. */
const greeting = (socket: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const connection = net.connect(socket);
    connection.once('error', reject);
    connection.once('close', () => reject(new Error(`${socket} was closed`)));
    connection.once('data', () => {
      resolve();
      connection.destroy();
    });
  });

/** Makes and starts a server. */
export async function startMysqlFamily(
  version: Version,
  engine: MysqlFamilyEngine,
  options: MysqlFamilyOptions,
): Promise<StartedMysql> {
  const root = rootOf(version);
  findProgram([path.join(root, engine.server)], engine.aptPackage);
  const owner = unprivileged('mysql', root);
  const directory = temporaryDirectory(version, owner);
  fs.chmodSync(directory, 0o755);
  const data = path.join(directory, 'data');
  const authority = await Authority.create(directory);
  const { certificateFor = 'localhost', expiredCertificate: expired } = options;
  const certificate = await authority.issue(certificateFor, { owner, expired });
  const own = (command: readonly string[]) => inRoot(root, owner, command);
  // A starting server removes temporary tables of its folder, whoever they belong to.
  const temporary = `--tmpdir=${directory}`;
  await makeDataDirectory(version, data, (empty) =>
    run(...own([...engine.initialize(empty), temporary]), { cwd: directory }),
  );
  // The id of the server, which it makes anew.
  fs.rmSync(path.join(data, 'auto.cnf'), { force: true });
  const port = await freePort();
  const socket = path.join(directory, 's');
  const client = [engine.client, '--no-defaults', ...engine.clientOptions, `--socket=${socket}`];
  const daemon = await Daemon.start(
    ...own([
      ...[engine.server, '--no-defaults', `--datadir=${data}`, temporary, `--socket=${socket}`],
      `--pid-file=${directory}/pid`,
      ...['--bind-address=127.0.0.1', `--port=${port}`, '--character-set-server=utf8mb4'],
      ...[`--ssl-ca=${authority.file}`, `--ssl-cert=${certificate.certificateFile}`],
      ...[`--ssl-key=${certificate.keyFile}`, '--max-allowed-packet=1G', '--event-scheduler=OFF'],
      // Nothing here outlives a crash of the machine, nor must it.
      ...(options.durable ? [] : FAST),
      ...['--innodb-buffer-pool-size=128M', '--log-bin-trust-function-creators=1', ...engine.options],
      ...(options.binlog ? [`--log-bin=${data}/bin`, '--server-id=1'] : ['--skip-log-bin']),
      ...(options.extra ?? []),
    ]),
    { logFile: path.join(directory, 'log') },
    () => greeting(socket),
  );
  const password = ROOT_PASSWORD.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  await run(...own([...client, '--user=root']), { input: engine.setRootPassword(`'${password}'`) });
  return { version, port, socket, authority, directory, daemon, client };
}

/** A private server of a test of MySQL or MariaDB, on a free port of the loopback address, with TLS. */
export abstract class MysqlFamilyServer {
  readonly version: Version;
  /** The name in the server's certificate, unless another is given. */
  readonly host = 'localhost';
  readonly port: number;
  readonly socket: string;
  readonly rootUser = ROOT_USER;
  readonly rootPassword = ROOT_PASSWORD;
  /** The authority that issued the server's certificate. */
  readonly authority: Authority;

  protected constructor(private readonly started: StartedMysql) {
    this.version = started.version;
    this.port = started.port;
    this.socket = started.socket;
    this.authority = started.authority;
  }

  /** Runs a script by the engine's own client, which knows DELIMITER, and returns tab-separated rows without a heading. */
  exec(sql: NodeJS.ReadableStream | string, options: { database?: string; user?: string; password?: string } = {}) {
    const command = [
      ...this.started.client,
      ...[`--user=${options.user ?? ROOT_USER}`, '--batch', '--skip-column-names'],
      ...['--default-character-set=utf8mb4', '--max-allowed-packet=1G'],
      // Comments and line ends within definitions are part of them.
      ...['--comments', '--binary-mode'],
      ...(options.database === undefined ? [] : [options.database]),
    ];
    const root = rootOf(this.version);
    return run(...inRoot(root, unprivileged('mysql', root), command), {
      env: { ...process.env, MYSQL_PWD: options.password ?? ROOT_PASSWORD },
      input: sql,
    });
  }

  /** A connection as root. Close it with `end()`. */
  connect(database?: string): Promise<Connection> {
    return createConnection({
      ...{ socketPath: this.socket, user: ROOT_USER, password: ROOT_PASSWORD, database },
      ...{ charset: 'utf8mb4_bin', dateStrings: true, supportBigNumbers: true, bigNumberStrings: true },
    });
  }

  /** A file of its data. */
  file(name: string): string {
    return path.join(this.started.directory, 'data', name);
  }

  /** What the server wrote to its error log so far. */
  log(): string {
    return this.started.daemon.log();
  }

  /** Ends the server as a crash would. Its directory stays until {@link stop}. */
  async kill(): Promise<void> {
    await this.started.daemon.stop('SIGKILL');
  }

  /** Ends the server and removes all that it wrote. */
  async stop(): Promise<void> {
    await this.started.daemon.stop('SIGKILL');
    fs.rmSync(this.started.directory, { recursive: true, force: true });
  }
}
