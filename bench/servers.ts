import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Readable } from 'node:stream';
import { MariadbServer } from '../test/servers/mariadb';
import { MysqlServer } from '../test/servers/mysql';
import type { MysqlFamilyOptions, MysqlFamilyServer } from '../test/servers/mysql-family';
import { postgresqlBinaries } from '../test/servers/postgresql';
import { Authority } from '../test/servers/tls';
import type { Version } from '../test/servers/versions';
import { numberOf, rootOf } from '../test/servers/versions';
import { inRoot, quoted } from '../test/support/in-root';
import { Daemon, freePort, run, temporaryDirectory, unprivileged } from '../test/support/processes';
import { interrupted } from './interrupt';
import { startMongodb } from './mongodb';
import { rowsOf, statementsAfter, statementsBefore, TABLES } from './rows';
import { ADMIN, DATABASE, USER, type BenchServer } from './server';

const MIB = 1024 * 1024;
/** A share of the machine's memory in MiB, at most 6 GiB: enough for 4 GB of rows. */
const memory = (share: number): number => Math.min(6144, Math.floor((os.totalmem() * share) / MIB));

/** What MySQL and MariaDB do not share. */
interface Family {
  readonly engine: 'mariadb' | 'mysql';
  readonly start: (options: MysqlFamilyOptions) => Promise<MysqlFamilyServer>;
  readonly redoLog: string;
  /** What reads the bodies of routines. */
  readonly routineGrant: string;
  /** Line of the option file that checks the name in the certificate. */
  readonly verify: string;
  readonly tools: readonly string[];
}

/** Starts a server with a binary log, as one with replicas has. */
async function startFamily(family: Family): Promise<BenchServer> {
  const server = await family.start({
    binlog: true,
    durable: true,
    extra: ['--local-infile=1', `--innodb-buffer-pool-size=${memory(0.4)}M`, family.redoLog],
  });
  await server.exec(`CREATE USER ${USER.username}@'%' IDENTIFIED BY '${USER.password}' REQUIRE SSL;
    GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON ${DATABASE}.* TO ${USER.username}@'%';
    GRANT ${family.routineGrant} TO ${USER.username}@'%';
    CREATE USER ${ADMIN.username}@'%' IDENTIFIED BY '${ADMIN.password}' REQUIRE SSL;
    GRANT ALL ON *.* TO ${ADMIN.username}@'%';`);
  const directory = temporaryDirectory('bench-tools');
  const tls = `ssl-ca=${server.authority.file}\n${family.verify}`;
  const optionFileOf = ({ username, password }: typeof USER): string => {
    const file = path.join(directory, `${username}.cnf`);
    const address = `host=${server.host}\nport=${server.port}\nprotocol=tcp`;
    fs.writeFileSync(file, `[client]\n${address}\nuser=${username}\npassword=${password}\n${tls}\n`, { mode: 0o600 });
    return file;
  };
  return {
    engine: family.engine,
    host: server.host,
    port: server.port,
    pem: server.authority.pem,
    fullVersion: (await server.exec('SELECT VERSION()')).trim(),
    version: numberOf(server.version),
    tools: { path: toolFolder(server.version, directory, family.tools), env: {}, optionFile: optionFileOf(USER) },
    admin: { env: {}, optionFile: optionFileOf(ADMIN) },
    drop: () => server.exec(`DROP DATABASE IF EXISTS ${DATABASE}`),
    fill: async (load) => {
      await server.exec(`DROP DATABASE IF EXISTS ${DATABASE}; CREATE DATABASE ${DATABASE};`);
      const connection = await server.connect(DATABASE);
      const query = (sql: string, chunks: Iterable<Buffer> = []) => {
        interrupted.throwIfAborted();
        return connection.query({ sql, infileStreamFactory: () => Readable.from(chunks, { signal: interrupted }) });
      };
      try {
        await query('SET sql_log_bin=0, unique_checks=0, foreign_key_checks=0');
        for (const statement of statementsBefore(load)) await query(statement);
        for (const { name, chunks } of rowsOf(load))
          await query(`LOAD DATA LOCAL INFILE 'rows' INTO TABLE ${name} CHARACTER SET utf8mb4`, chunks);
        for (const statement of statementsAfter(load)) await query(statement);
        if (load.unit === 'GB') await query(`ANALYZE TABLE ${TABLES.map(({ name }) => name).join(', ')}`);
      } finally {
        connection.destroy();
      }
    },
    stop: async () => {
      await server.stop();
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}

/**
 * The folder that a version's tools are found in on PATH. A tool of another root is entered by a script of its name: this
 * program and the pipes that it is compared with start the same one.
 */
function toolFolder(version: Version, directory: string, tools: readonly string[]): string {
  const root = rootOf(version);
  if (root === '/') return '/usr/bin';
  for (const tool of tools) {
    const [command, args] = inRoot(root, { uid: 0, gid: 0 }, [`/usr/bin/${tool}`]);
    const script = `#!/bin/sh\nexec ${[command, ...args].map(quoted).join(' ')} "$@"\n`;
    fs.writeFileSync(path.join(directory, tool), script, { mode: 0o755 });
  }
  return directory;
}

/** Starts the machine's own MariaDB. */
export const startMariadb = (): Promise<BenchServer> =>
  startFamily({
    engine: 'mariadb',
    start: (options) => MariadbServer.start(options),
    redoLog: '--innodb-log-file-size=1G',
    routineGrant: 'SELECT ON mysql.proc',
    verify: 'ssl-verify-server-cert',
    tools: ['mariadb-dump', 'mariadb'],
  });

/** Starts MySQL in its root; rejects with the reason if it is not installed. */
export const startMysql = (): Promise<BenchServer> =>
  startFamily({
    engine: 'mysql',
    start: (options) => MysqlServer.start(options),
    redoLog: '--innodb-redo-log-capacity=1G',
    routineGrant: 'SHOW_ROUTINE ON *.*',
    verify: 'ssl-mode=VERIFY_IDENTITY',
    tools: ['mysqldump', 'mysql'],
  });

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
    GRANT pg_read_all_data TO ${USER.username};
    CREATE ROLE ${ADMIN.username} LOGIN SUPERUSER PASSWORD '${ADMIN.password}';`);
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
    admin: { env: { ...connection, PGUSER: ADMIN.username, ...tls }, optionFile: '' },
    drop: () => sql(`DROP DATABASE IF EXISTS ${DATABASE};`),
    fill: async (load) => {
      await sql(`DROP DATABASE IF EXISTS ${DATABASE};`);
      await sql(`CREATE DATABASE ${DATABASE};`);
      await sql(statementsBefore(load).join(';\n'), DATABASE);
      for (const { name, chunks } of rowsOf(load)) {
        const copy = [...psql.slice(1), '-d', DATABASE, '-c', `COPY ${name} FROM STDIN`];
        await run(psql[0]!, copy, { input: Readable.from(chunks), env: admin, signal: interrupted });
      }
      await sql(statementsAfter(load).join(';\n'), DATABASE);
      await sql('VACUUM ANALYZE; CHECKPOINT;', DATABASE);
    },
    stop: async () => {
      await daemon.stop('SIGQUIT');
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Starts a server of an engine. */
export const STARTERS: Readonly<Record<string, () => Promise<BenchServer>>> = {
  mariadb: startMariadb,
  mongodb: startMongodb,
  mysql: startMysql,
  postgresql: startPostgresql,
};
