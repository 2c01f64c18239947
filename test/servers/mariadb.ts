import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Connection } from 'mysql2/promise';
import { createConnection } from 'mysql2/promise';
import { Daemon, findProgram, freePort, run, temporaryDirectory, unprivileged } from '../support/processes';
import { Authority } from './tls';

const PACKAGE = 'mariadb-server';
const program = (name: string): string => findProgram([`/usr/sbin/${name}`, `/usr/bin/${name}`], PACKAGE);

/** A private MariaDB server of a test, on a free port of the loopback address, with TLS. */
export class MariadbServer {
  /** The name in the server's certificate. */
  readonly host = 'localhost';
  readonly rootUser = 'root';
  readonly rootPassword = 'root of "tests" # \\ \'';

  private constructor(
    readonly port: number,
    readonly socket: string,
    /** The authority that issued the server's certificate. */
    readonly authority: Authority,
    private readonly directory: string,
    private readonly daemon: Daemon,
  ) {}

  /**
   * Makes and starts a server: about a second.
   *
   * @param options.binlog writes a binary log, as servers with replicas do
   * @param options.expiredCertificate presents a certificate that ended yesterday
   */
  static async start(options: { binlog?: boolean; expiredCertificate?: boolean } = {}): Promise<MariadbServer> {
    const server = program('mariadbd');
    const owner = unprivileged('mysql');
    const directory = temporaryDirectory('mariadb', owner);
    const data = path.join(directory, 'data');
    fs.mkdirSync(data);
    if (owner) fs.chownSync(data, owner.uid, owner.gid);
    const own = { ...owner, cwd: directory };
    const authority = await Authority.create(directory);
    const certificate = await authority.issue('localhost', { owner, expired: options.expiredCertificate });
    const installArgs = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal'];
    await run(program('mariadb-install-db'), [...installArgs, '--skip-test-db'], own);
    const port = await freePort();
    const socket = path.join(directory, 's');
    const client = ['--no-defaults', `--socket=${socket}`, '--user=root'];
    const daemon = await Daemon.start(
      server,
      [
        ...['--no-defaults', `--datadir=${data}`, `--socket=${socket}`, `--pid-file=${directory}/pid`],
        ...['--bind-address=127.0.0.1', `--port=${port}`, '--character-set-server=utf8mb4'],
        ...[`--ssl-ca=${authority.file}`, `--ssl-cert=${certificate.certificateFile}`],
        ...[`--ssl-key=${certificate.keyFile}`, '--max-allowed-packet=1G', '--event-scheduler=OFF'],
        // Speed only: nothing here outlives a crash of the machine, nor must it.
        ...['--innodb-flush-log-at-trx-commit=0', '--innodb-flush-method=nosync', '--innodb-doublewrite=0'],
        ...['--innodb-buffer-pool-size=128M', '--log-bin-trust-function-creators=1'],
        ...(options.binlog ? [`--log-bin=${data}/bin`, '--server-id=1', '--sync-binlog=0'] : ['--skip-log-bin']),
      ],
      { identity: owner, logFile: path.join(directory, 'log') },
      () => run(program('mariadb'), [...client, '--execute=SELECT 1']),
    );
    const started = new MariadbServer(port, socket, authority, directory, daemon);
    const password = started.rootPassword.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
    const sql = ['localhost', '127.0.0.1'].map((host) => `SET PASSWORD FOR root@'${host}' = PASSWORD('${password}');`);
    await run(program('mariadb'), client, { input: sql.join('\n') });
    return started;
  }

  /** Runs a script by the engine's own client, which knows DELIMITER, and returns tab-separated rows without a heading. */
  exec(sql: NodeJS.ReadableStream | string, options: { database?: string; user?: string; password?: string } = {}) {
    return run(
      program('mariadb'),
      [
        ...['--no-defaults', `--socket=${this.socket}`, `--user=${options.user ?? this.rootUser}`, '--batch'],
        ...['--skip-column-names', '--default-character-set=utf8mb4', '--max-allowed-packet=1G', '--binary-mode'],
        ...(options.database === undefined ? [] : [options.database]),
      ],
      { env: { ...process.env, MYSQL_PWD: options.password ?? this.rootPassword }, input: sql },
    );
  }

  /** A connection as root. Close it with `end()`. */
  connect(database?: string): Promise<Connection> {
    return createConnection({
      ...{ socketPath: this.socket, user: this.rootUser, password: this.rootPassword, database },
      ...{ charset: 'utf8mb4_bin', dateStrings: true, supportBigNumbers: true, bigNumberStrings: true },
    });
  }

  /** Ends the server as a crash would. Its directory stays until {@link stop}. */
  async kill(): Promise<void> {
    await this.daemon.stop('SIGKILL');
  }

  /** Ends the server and removes all that it wrote. */
  async stop(): Promise<void> {
    await this.daemon.stop('SIGKILL');
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}
