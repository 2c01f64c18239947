import * as fs from 'node:fs';
import * as path from 'node:path';
import { Client } from 'pg';
import { inRoot } from '../support/in-root';
import { Daemon, findProgram, freePort, run, temporaryDirectory, unprivileged } from '../support/processes';
import { makeDataDirectory } from './data-directory';
import { Authority } from './tls';
import type { Version } from './versions';
import { numberOf, rootOf } from './versions';

/** The folder, in the root of a version, of `initdb`, `postgres`, `pg_dump`, `pg_restore` and `psql`. */
export function postgresqlBinaries(version: Version = 'postgresql-15'): string {
  const folder = `/usr/lib/postgresql/${numberOf(version)}/bin`;
  findProgram([path.join(rootOf(version), folder, 'postgres')], version);
  return folder;
}

/** A private PostgreSQL server of a test, on a free port of the loopback address, with TLS. */
export class PostgresqlServer {
  /** The name in the server's certificate. */
  readonly host = 'localhost';
  readonly rootUser = 'postgres';
  readonly rootPassword = 'root of "tests" # \\ \' :';

  private constructor(
    readonly version: Version,
    readonly port: number,
    /** The authority that issued the server's certificate. */
    readonly authority: Authority,
    /** Also the folder of the socket, where root needs no password. */
    readonly directory: string,
    private readonly daemon: Daemon,
  ) {}

  /**
   * Makes and starts a server: about a second.
   *
   * @param options.standbyOf copies this server, and follows it
   * @param options.certificateFor name or address in its certificate; localhost when left out
   * @param options.expiredCertificate presents a certificate that ended yesterday
   * @param options.settings more settings of the server
   */
  static async start(
    options: {
      version?: Version;
      standbyOf?: PostgresqlServer;
      certificateFor?: string;
      expiredCertificate?: boolean;
      settings?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<PostgresqlServer> {
    const { standbyOf, version = standbyOf?.version ?? 'postgresql-15' } = options;
    const { certificateFor = 'localhost', expiredCertificate: expired } = options;
    const root = rootOf(version);
    const bin = postgresqlBinaries(version);
    const owner = unprivileged('postgres', root);
    const own = (command: readonly string[]) => inRoot(root, owner, command);
    const directory = temporaryDirectory(version, owner);
    const data = path.join(directory, 'data');
    const authority = await Authority.create(directory);
    const certificate = await authority.issue(certificateFor, { owner, expired });
    const make = (name: string, ...args: string[]) =>
      run(...own([path.join(bin, name), ...args, '--no-sync']), { cwd: directory });
    if (standbyOf) {
      const of = ['-h', standbyOf.directory, '-p', String(standbyOf.port)];
      await make('pg_basebackup', '-R', '-c', 'fast', '-U', 'postgres', ...of, '-D', data);
    } else {
      const options = ['-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--locale=C.UTF-8'];
      await makeDataDirectory(version, data, (empty) => make('initdb', ...options, '-D', empty));
    }
    fs.writeFileSync(
      path.join(data, 'pg_hba.conf'),
      'local all,replication all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n',
    );
    const port = await freePort();
    const settings = {
      ...{ listen_addresses: '127.0.0.1', unix_socket_directories: directory, port, ssl: 'on' },
      ...{ ssl_cert_file: certificate.certificateFile, ssl_key_file: certificate.keyFile },
      // Speed only: nothing here outlives a crash of the machine, nor must it.
      ...{ fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_wal_size: '4GB' },
      ...{ wal_level: 'logical', shared_buffers: '64MB', maintenance_work_mem: '128MB' },
      ...options.settings,
    };
    const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const daemon = await Daemon.start(
      ...own([path.join(bin, 'postgres'), '-D', data, ...given]),
      { logFile: path.join(directory, 'log') },
      async () => {
        // The server notes there whether it answers: no client is started to ask.
        if (!/^ready *$/m.test(fs.readFileSync(path.join(data, 'postmaster.pid'), 'utf8')))
          throw new Error('it is not ready');
      },
    );
    const started = new PostgresqlServer(version, port, authority, directory, daemon);
    if (standbyOf) return started;
    const password = started.rootPassword.replaceAll("'", "''");
    await started.exec(`SET standard_conforming_strings = on; ALTER ROLE postgres PASSWORD '${password}'`);
    return started;
  }

  /** Runs one of the engine's own programs (`psql`, `pg_dump`, `pg_restore` …) as root against this server. */
  tool(
    name: string,
    args: readonly string[],
    input?: NodeJS.ReadableStream | string,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const root = rootOf(this.version);
    const command = [path.join(postgresqlBinaries(this.version), name), ...args];
    return run(...inRoot(root, unprivileged('postgres', root), command), {
      env: { ...process.env, PGHOST: this.directory, PGPORT: String(this.port), PGUSER: this.rootUser, ...environment },
      input,
    });
  }

  /** Runs a script by `psql`, which stops at the first error, and returns unaligned rows without a heading. */
  exec(sql: NodeJS.ReadableStream | string, database = 'postgres'): Promise<string> {
    return this.tool('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', database, '-f', '-'], sql);
  }

  /** A connection as root. Close it with `end()`. */
  async connect(database = 'postgres'): Promise<Client> {
    const client = new Client({ host: this.directory, port: this.port, user: this.rootUser, database });
    await client.connect();
    return client;
  }

  /** Ends the server as a crash would. Its directory stays until {@link stop}. */
  async kill(): Promise<void> {
    // SIGQUIT is PostgreSQL's own "crash now": SIGKILL of the parent would leave its children and their memory behind.
    await this.daemon.stop('SIGQUIT');
  }

  /** Ends the server and removes all that it wrote. */
  async stop(): Promise<void> {
    await this.daemon.stop('SIGQUIT');
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}
