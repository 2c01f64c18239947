import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MariadbServer } from '../test/servers/mariadb';
import { MysqlServer } from '../test/servers/mysql';
import type { MysqlFamilyServer } from '../test/servers/mysql-family';
import { PostgresqlServer } from '../test/servers/postgresql';
import { engineOf, rootOf } from '../test/servers/versions';
import type { DemoEngine } from './bookshop';
import { RESTORED, SCHEMA, insertStatements } from './bookshop';
import { sqlDeeds, type DemoDatabase } from './deeds';
import { startMongodb } from './mongodb';
import { ADMIN, describe, NAME, PASSWORD, passwordFault, USER } from './server';

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
      ...sqlDeeds({
        exec: (sql) => Promise.resolve(database.exec(sql)),
        value: (sql) => Promise.resolve(String(Object.values(database.prepare(sql).get() ?? {})[0])),
        attach: `ATTACH '${path.join(directory, RESTORED)}.db' AS ${RESTORED}`,
        detach: `DETACH ${RESTORED}`,
      }),
      as: `${RESTORED}.db`,
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
      local: { version: server.version },
      ...passwordFault((password) => server.exec(`ALTER ROLE ${USER} PASSWORD '${password}'`)),
      ...sqlDeeds({
        exec: (sql) => server.exec(sql, NAME),
        value: async (sql) => (await server.exec(sql, NAME)).trim(),
        detach: `DROP SCHEMA ${RESTORED} CASCADE`,
      }),
      as: RESTORED,
      look: `psql -h ${server.directory} -p ${server.port} -U ${server.rootUser} ${NAME}`,
      stop: () => server.stop(),
    };
  },

  mongodb: startMongodb,
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
    ...sqlDeeds({
      exec: (sql) => server.exec(sql, shop),
      value: async (sql) => (await server.exec(sql, shop)).trim(),
      detach: `DROP DATABASE ${RESTORED}`,
    }),
    as: RESTORED,
    look: `MYSQL_PWD=${shellQuoted(server.rootPassword)} ${client(server)} ${NAME}`,
    stop: () => server.stop(),
  };
}

/** MySQL's own client is in its root, which sees no sockets of the system. */
const client = ({ version, socket, port }: MysqlFamilyServer): string =>
  engineOf(version) === 'mysql'
    ? `chroot ${rootOf(version)} mysql -u root -h 127.0.0.1 -P ${port}`
    : `mariadb -u root -S ${socket}`;
