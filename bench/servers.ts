import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { postgresqlBinaries } from '../test/servers/postgresql';
import { Authority } from '../test/servers/tls';
import { Daemon, findProgram, freePort, run, temporaryDirectory, unprivileged } from '../test/support/processes';
import { interrupted } from './interrupt';
import { rowChunks, TABLES } from './rows';

export const DATABASE = 'bench';
export const USER = { username: 'backup', password: 'benchmark' };
const MIB = 1024 * 1024;
/** A share of the machine's memory in MiB, at most 6 GiB: enough for 4 GB of rows. */
const memory = (share: number): number => Math.min(6144, Math.floor((os.totalmem() * share) / MIB));

/** A database server as it is run in production: durable, a quarter or more of the memory for its caches, TLS. */
export interface BenchServer {
  readonly engine: 'mariadb' | 'postgresql';
  readonly host: string;
  readonly port: number;
  /** Certificate authority, PEM. */
  readonly pem: string;
  /** For example `10.11`, `15`. */
  readonly version: string;
  /** The full version that the server states. */
  readonly fullVersion: string;
  /** Environment and option file with which every pipeline's dump tool reaches it: over TCP, with verified TLS. */
  readonly tools: { readonly path: string; readonly env: Record<string, string>; readonly optionFile: string };
  /** Replaces the database by one with this many bytes of rows. */
  readonly fill: (bytes: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Streams rows of every table into a command that reads them from its standard input. */
async function load(bytes: number, command: (table: string) => readonly string[], env?: NodeJS.ProcessEnv) {
  for (const table of TABLES) {
    const [file = '', ...args] = command(table.name);
    const child = spawn(file, args, { stdio: ['pipe', 'ignore', 'inherit'], env, signal: interrupted });
    const ended = once(child, 'exit') as Promise<[number | null]>;
    const written = pipeline(rowChunks(table, bytes * table.share), child.stdin);
    const [[code]] = await Promise.all([ended, written]);
    if (code !== 0) throw new Error(`loading table ${table.name} failed: ${file} exited with code ${code}`);
  }
}

const createTables = TABLES.map(({ name, columns }) => `CREATE TABLE ${name} (${columns});`).join('\n');
const createIndexes = TABLES.flatMap(({ name, indexes }) =>
  indexes.map((column) => `CREATE INDEX ${name}_${column} ON ${name} (${column});`),
).join('\n');

/** Starts MariaDB with a binary log, as a server with replicas has. */
export async function startMariadb(): Promise<BenchServer> {
  const program = (name: string) => findProgram([`/usr/sbin/${name}`, `/usr/bin/${name}`], 'mariadb-server');
  const identity = unprivileged('mysql');
  const directory = temporaryDirectory('bench-mariadb', identity);
  const data = path.join(directory, 'data');
  const socket = path.join(directory, 's');
  const authority = await Authority.create(directory);
  const { certificateFile, keyFile } = await authority.issue('localhost', { owner: identity });
  const install = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'];
  await run(program('mariadb-install-db'), install, { ...identity, cwd: directory });
  const port = await freePort();
  const client = [program('mariadb'), '--no-defaults', `--socket=${socket}`, '--user=root', '--local-infile=1'];
  const sql = (text: string) => run(client[0]!, client.slice(1), { input: text });
  const daemon = await Daemon.start(
    program('mariadbd'),
    [
      ...['--no-defaults', `--datadir=${data}`, `--socket=${socket}`, `--pid-file=${directory}/pid`],
      ...['--bind-address=127.0.0.1', `--port=${port}`, '--character-set-server=utf8mb4', '--local-infile=1'],
      ...[`--ssl-ca=${authority.file}`, `--ssl-cert=${certificateFile}`, `--ssl-key=${keyFile}`],
      ...[`--innodb-buffer-pool-size=${memory(0.4)}M`, '--innodb-log-file-size=1G'],
      ...[`--log-bin=${data}/bin`, '--server-id=1', '--binlog-format=ROW'],
    ],
    { identity, logFile: path.join(directory, 'log') },
    () => run(client[0]!, [...client.slice(1), '--execute=SELECT 1']),
  );
  await sql(`CREATE USER ${USER.username}@'%' IDENTIFIED BY '${USER.password}' REQUIRE SSL;
    GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON ${DATABASE}.* TO ${USER.username}@'%';
    GRANT SELECT ON mysql.proc TO ${USER.username}@'%';`);
  const fullVersion = (await run(client[0]!, [...client.slice(1), '-N', '--execute=SELECT VERSION()'])).trim();
  const optionFile = path.join(directory, 'client.cnf');
  const credentials = `user=${USER.username}\npassword=${USER.password}`;
  const tls = `ssl-ca=${authority.file}\nssl-verify-server-cert`;
  fs.writeFileSync(optionFile, `[client]\nhost=localhost\nport=${port}\nprotocol=tcp\n${credentials}\n${tls}\n`, {
    mode: 0o600,
  });
  return {
    engine: 'mariadb',
    host: 'localhost',
    port,
    pem: authority.pem,
    fullVersion,
    version: fullVersion.split('.').slice(0, 2).join('.'),
    tools: { path: path.dirname(program('mariadb-dump')), env: {}, optionFile },
    fill: async (bytes) => {
      await sql(`DROP DATABASE IF EXISTS ${DATABASE}; CREATE DATABASE ${DATABASE}; USE ${DATABASE}; ${createTables}`);
      const fast = 'SET sql_log_bin=0, unique_checks=0, foreign_key_checks=0';
      const from = `LOAD DATA LOCAL INFILE '/dev/stdin' INTO TABLE`;
      // Node.js gives a child a socket as its standard input, which cannot be opened by name: cat makes it a pipe.
      const piped = ['bash', '-c', 'cat | "$@"', 'bash', ...client, DATABASE];
      await load(bytes, (table) => [...piped, `--execute=${fast}; ${from} ${table} CHARACTER SET utf8mb4`]);
      const analyze = `ANALYZE TABLE ${TABLES.map(({ name }) => name).join(', ')};`;
      await sql(`SET sql_log_bin=0; USE ${DATABASE}; ${createIndexes} ${analyze}`);
    },
    stop: async () => {
      await daemon.stop('SIGKILL');
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Starts PostgreSQL. */
export async function startPostgresql(): Promise<BenchServer> {
  const bin = postgresqlBinaries();
  const identity = unprivileged('postgres');
  const directory = temporaryDirectory('bench-postgresql', identity);
  const data = path.join(directory, 'data');
  const authority = await Authority.create(directory);
  const { certificateFile, keyFile } = await authority.issue('localhost', { owner: identity });
  const init = ['-D', data, '-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
  await run(path.join(bin, 'initdb'), init, { ...identity, cwd: directory });
  fs.writeFileSync(path.join(data, 'pg_hba.conf'), 'local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n');
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: directory,
    port,
    ssl: 'on',
    ssl_cert_file: certificateFile,
    ssl_key_file: keyFile,
    shared_buffers: `${memory(0.25)}MB`,
    maintenance_work_mem: '256MB',
    max_wal_size: '8GB',
  };
  const admin = { ...process.env, PGHOST: directory, PGPORT: String(port), PGUSER: 'postgres' };
  const psql = [path.join(bin, 'psql'), '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1'];
  const sql = (text: string, database = 'postgres') =>
    run(psql[0]!, [...psql.slice(1), '-d', database], { input: text, env: admin });
  const daemon = await Daemon.start(
    path.join(bin, 'postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { identity, logFile: path.join(directory, 'log') },
    () => run(path.join(bin, 'pg_isready'), ['-h', directory, '-p', String(port)]),
  );
  await sql(`CREATE ROLE ${USER.username} LOGIN PASSWORD '${USER.password}' BYPASSRLS;
    GRANT pg_read_all_data TO ${USER.username};`);
  const fullVersion = (await sql('SHOW server_version')).trim();
  const passwords = path.join(directory, 'pgpass');
  fs.writeFileSync(passwords, `*:*:*:*:${USER.password}\n`, { mode: 0o600 });
  const connection = { PGHOST: 'localhost', PGPORT: String(port), PGUSER: USER.username, PGPASSFILE: passwords };
  const tls = { PGSSLMODE: 'verify-full', PGSSLROOTCERT: authority.file };
  return {
    engine: 'postgresql',
    host: 'localhost',
    port,
    pem: authority.pem,
    fullVersion,
    version: fullVersion.split('.')[0]!,
    tools: { path: bin, env: { ...connection, ...tls }, optionFile: '' },
    fill: async (bytes) => {
      await sql(`DROP DATABASE IF EXISTS ${DATABASE};`);
      await sql(`CREATE DATABASE ${DATABASE};`);
      await sql(createTables, DATABASE);
      await load(bytes, (table) => [...psql, '-d', DATABASE, '-c', `COPY ${table} FROM STDIN`], admin);
      await sql(createIndexes, DATABASE);
      await sql('VACUUM ANALYZE; CHECKPOINT;', DATABASE);
    },
    stop: async () => {
      await daemon.stop('SIGQUIT');
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}
