import * as fs from 'node:fs';
import * as path from 'node:path';
import { MongoClient } from 'mongodb';
import { Daemon, freePort, run, temporaryDirectory, unprivileged } from '../support/processes';
import { ROOT, mongoTools, mongodCommand } from './mongod';
import { Authority } from './tls';
import { MONGODB, rootOf } from './versions';

/** A user beside the first. FerretDB knows one set of roles: whoever may log in may do everything. */
export interface MongodbUser {
  readonly username: string;
  readonly password: string;
}

/**
 * A private server of a test that speaks MongoDB's protocol, on a free port of the loopback address: FerretDB on PostgreSQL with
 * DocumentDB. It has no replica set, no oplog and no `dbHash`; views, capped and time series collections are plain ones; no document
 * expires.
 */
export class MongodbServer {
  readonly version = MONGODB;
  /** The name in the server's certificate. */
  readonly host = 'localhost';
  readonly rootUser = ROOT.user;
  readonly rootPassword = ROOT.password;

  private constructor(
    readonly port: number,
    /** The authority that issued the server's certificate. */
    readonly authority: Authority,
    readonly directory: string,
    private readonly isTls: boolean,
    private readonly daemon: Daemon,
  ) {}

  /**
   * Makes and starts a server: about a second.
   *
   * @param options.tls connections are encrypted; plain ones are refused
   * @param options.expiredCertificate presents a certificate that ended yesterday
   */
  static async start(
    options: { tls?: boolean; expiredCertificate?: boolean; users?: readonly MongodbUser[] } = {},
  ): Promise<MongodbServer> {
    const { tls = false, expiredCertificate = false, users = [] } = options;
    const owner = unprivileged('postgres', rootOf(MONGODB));
    const directory = temporaryDirectory('mongodb', owner);
    fs.chmodSync(directory, 0o755);
    const authority = await Authority.create(directory);
    const { certificateFile, keyFile } = await authority.issue('localhost', { expired: expiredCertificate });
    const both = path.join(directory, 'server.pem');
    fs.writeFileSync(both, [certificateFile, keyFile].map((file) => fs.readFileSync(file, 'utf8')).join(''));
    const port = await freePort();
    const [command, ...args] = [
      ...(await mongodCommand()),
      ...['--dbpath', directory, '--bind_ip', '127.0.0.1', '--port', String(port), '--unixSocketPrefix', directory],
      // Documents that expire would change what a test compares.
      ...['--setParameter', 'ttlMonitorEnabled=false'],
      ...['--auth', ...(tls ? ['--tlsMode', 'requireTLS', '--tlsCertificateKeyFile', both] : [])],
    ];
    const daemon = await Daemon.start(command!, args, { logFile: path.join(directory, 'log') }, async () => {
      if (!fs.existsSync(socketIn(directory, port))) throw new Error('it does not listen');
    });
    const server = new MongodbServer(port, authority, directory, tls, daemon);
    for (const { username, password } of users) await server.createUser(username, password);
    return server;
  }

  /** Makes a user, who may do everything. */
  async createUser(username: string, password: string): Promise<void> {
    const roles = [
      { role: 'readWriteAnyDatabase', db: 'admin' },
      { role: 'clusterAdmin', db: 'admin' },
    ];
    await this.within((client) => client.db('admin').command({ createUser: username, pwd: password, roles }));
  }

  /** A connection as root. Close it with `close()`. */
  async connect(): Promise<MongoClient> {
    const parts = [this.rootUser, this.rootPassword, socketIn(this.directory, this.port)];
    const [user, password, host] = parts.map(encodeURIComponent);
    return new MongoClient(`mongodb://${user}:${password}@${host}/?directConnection=true`).connect();
  }

  /** Does something in a connection as root. */
  async within<T>(action: (client: MongoClient) => Promise<T>): Promise<T> {
    const client = await this.connect();
    try {
      return await action(client);
    } finally {
      await client.close();
    }
  }

  /** Runs one of MongoDB's own tools as root against this server. */
  tool(name: 'mongodump' | 'mongorestore', args: readonly string[]): Promise<string> {
    const target = [`--host=${this.host}`, `--port=${this.port}`, '--authenticationDatabase=admin'];
    const tls = this.isTls ? ['--ssl', `--sslCAFile=${this.authority.file}`] : [];
    const login = [`--username=${this.rootUser}`, `--password=${this.rootPassword}`];
    return run(path.join(mongoTools(), name), [...target, ...tls, ...login, ...args]);
  }

  /** What the server wrote to its log so far. */
  log(): string {
    return this.daemon.log();
  }

  /** Ends the server as a crash would. Its directory stays until {@link stop}. */
  async kill(): Promise<void> {
    await this.daemon.stop('SIGKILL');
  }

  /** Ends the server and removes all that it wrote. */
  async stop(): Promise<void> {
    await this.daemon.stop('SIGTERM');
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Where root is let in without TLS. */
const socketIn = (directory: string, port: number): string => path.join(directory, `mongodb-${port}.sock`);
