import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Emulator } from '../test/emulator/emulator';
import type { LocalOptions } from '../test/emulator/local-container';
import { MariadbServer } from '../test/servers/mariadb';
import { MysqlServer } from '../test/servers/mysql';
import type { MysqlFamilyServer } from '../test/servers/mysql-family';
import { PostgresqlServer, postgresqlBinaries } from '../test/servers/postgresql';
import type { Server } from '../test/servers/start';
import { engineOf, numberOf, rootOf } from '../test/servers/versions';
import type { Bookshop, DemoEngine } from './bookshop';
import { RESTORED, SCHEMA, insertStatements } from './bookshop';

/** A running database with the bookshop in it. */
export interface DemoDatabase {
  /** Facts that the stack needs. */
  bookshop(emulator: Emulator): Promise<Bookshop>;
  /** Settings that the container needs on this machine. */
  readonly local: LocalOptions;
  /** A fault that makes the next backup fail, and its repair, in words. */
  readonly fault: string;
  readonly repair: string;
  breakIt(): Promise<unknown>;
  repairIt(): Promise<unknown>;
  /** Runs statements, as the shop does. */
  exec(sql: string): Promise<unknown>;
  /** The first value that a query gives. */
  value(sql: string): Promise<string>;
  /** The name for restored tables: a database, a schema or a file beside the shop's. */
  readonly as: string;
  /** Statements that make them known as `restored`, and remove them. */
  readonly attach: string;
  readonly detach: string;
  /** A command that opens the database. */
  readonly look: string;
  stop(): Promise<void>;
}

const NAME = 'bookshop';
const USER = 'backup';
const ADMIN = 'admin';
const PASSWORD = 'only for the demo, and "quoted"';

const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Makes the bookshop. */
export const START: Record<DemoEngine, (directory: string) => Promise<DemoDatabase>> = {
  async sqlite(directory) {
    const file = 'shop.db';
    const database = new DatabaseSync(path.join(directory, file));
    const [shop, elsewhere] = [file, 'moved.db'].map((name) => path.join(directory, name)) as [string, string];
    database.exec(`PRAGMA journal_mode = WAL; BEGIN; ${SCHEMA}`);
    for (const statement of insertStatements()) database.exec(statement);
    database.exec('COMMIT');
    // Left open, as by the shop that goes on selling while it is backed up.
    return {
      bookshop: () => Promise.resolve({ engine: 'sqlite', file }),
      local: { dataDirectory: directory },
      fault: `moving ${file} away`,
      repair: 'moving it back',
      breakIt: () => fs.promises.rename(shop, elsewhere),
      repairIt: () => fs.promises.rename(elsewhere, shop),
      exec: (sql) => Promise.resolve(database.exec(sql)),
      value: (sql) => Promise.resolve(String(Object.values(database.prepare(sql).get() ?? {})[0])),
      as: `${RESTORED}.db`,
      attach: `ATTACH '${path.join(directory, RESTORED)}.db' AS ${RESTORED}`,
      detach: `DETACH ${RESTORED}`,
      look: `sqlite3 ${shop}`,
      stop: () => Promise.resolve(database.close()),
    };
  },

  mysql: async () => fillMysqlFamily(await MysqlServer.start(), 'SHOW_ROUTINE ON *.*'),
  mariadb: async () => fillMysqlFamily(await MariadbServer.start(), 'SELECT ON mysql.proc'),

  async postgresql() {
    const server = await PostgresqlServer.start();
    await server.exec(
      `CREATE ROLE ${USER} LOGIN PASSWORD '${PASSWORD}'; GRANT pg_read_all_data TO ${USER};
       CREATE ROLE ${ADMIN} SUPERUSER LOGIN PASSWORD '${PASSWORD}';`,
    );
    await server.exec(`CREATE DATABASE ${NAME}`);
    await server.exec([SCHEMA, ...insertStatements()].join(''), NAME);
    return {
      bookshop: (emulator) => describe(emulator, server),
      local: { path: [postgresqlBinaries()] },
      ...passwordFault((password) => server.exec(`ALTER ROLE ${USER} PASSWORD '${password}'`)),
      ...{ exec: (sql) => server.exec(sql, NAME), value: async (sql) => (await server.exec(sql, NAME)).trim() },
      ...{ as: RESTORED, attach: '', detach: `DROP SCHEMA ${RESTORED} CASCADE` },
      look: `psql -h ${server.directory} -p ${server.port} -U ${server.rootUser} ${NAME}`,
      stop: () => server.stop(),
    };
  },
};

/**
 * Fills a server of MySQL or MariaDB.
 *
 * @param routines the privilege to see the text of routines
 */
async function fillMysqlFamily(server: MysqlFamilyServer, routines: string): Promise<DemoDatabase> {
  const account = `${USER}@'%'`;
  await server.exec(
    `CREATE DATABASE ${NAME}; CREATE USER ${account} IDENTIFIED BY '${PASSWORD}' REQUIRE SSL;
     GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON ${NAME}.* TO ${account};
     GRANT ${routines} TO ${account};
     GRANT RELOAD ON *.* TO ${account};
     CREATE USER ${ADMIN}@'%' IDENTIFIED BY '${PASSWORD}' REQUIRE SSL;
     GRANT ALL ON *.* TO ${ADMIN}@'%';`,
  );
  const shop = { database: NAME };
  await server.exec([SCHEMA, ...insertStatements()].join(''), shop);
  return {
    bookshop: (emulator) => describe(emulator, server),
    local: { version: server.version },
    ...passwordFault((password) => server.exec(`ALTER USER ${account} IDENTIFIED BY '${password}'`)),
    ...{ exec: (sql) => server.exec(sql, shop), value: async (sql) => (await server.exec(sql, shop)).trim() },
    ...{ as: RESTORED, attach: '', detach: `DROP DATABASE ${RESTORED}` },
    look: `MYSQL_PWD=${shellQuoted(server.rootPassword)} ${client(server)} ${NAME}`,
    stop: () => server.stop(),
  };
}

/** MySQL's own client is in its root, which sees no sockets of the system. */
const client = ({ version, socket, port }: MysqlFamilyServer): string =>
  engineOf(version) === 'mysql'
    ? `chroot ${rootOf(version)} mysql -u root -h 127.0.0.1 -P ${port}`
    : `mariadb -u root -S ${socket}`;

/** The most common fault of all. */
const passwordFault = (setPassword: (password: string) => Promise<unknown>) => ({
  fault: 'changing the password in the database, but not in the secret',
  repair: 'changing it back',
  breakIt: () => setPassword('another one'),
  repairIt: () => setPassword(PASSWORD),
});

/** Puts the accounts into Secrets Manager, and says where the server is. */
async function describe(emulator: Emulator, server: Server): Promise<Bookshop> {
  const secrets = new SecretsManagerClient(emulator.client);
  const keep = async (username: string): Promise<string> => {
    const SecretString = JSON.stringify({ username, password: PASSWORD });
    return (await secrets.send(new CreateSecretCommand({ Name: `${NAME}/${username}`, SecretString }))).ARN!;
  };
  const { host, port, version } = server;
  const certificateAuthority = fs.readFileSync(server.authority.file, 'utf8');
  return {
    engine: engineOf(version),
    version: numberOf(version),
    host,
    port,
    database: NAME,
    secretArn: await keep(USER),
    adminSecretArn: await keep(ADMIN),
    certificateAuthority,
  };
}
