import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Emulator } from '../test/emulator/emulator';
import type { LocalOptions } from '../test/emulator/local-container';
import { MariadbServer } from '../test/servers/mariadb';
import { PostgresqlServer, postgresqlBinaries } from '../test/servers/postgresql';
import type { Bookshop, DemoEngine } from './bookshop';
import { SCHEMA, insertStatements } from './bookshop';

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
  /** A command that opens the database. */
  readonly look: string;
  stop(): Promise<void>;
}

const NAME = 'bookshop';
const USER = 'backup';
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
      look: `sqlite3 ${shop}`,
      stop: () => Promise.resolve(database.close()),
    };
  },

  async mariadb() {
    const server = await MariadbServer.start();
    const account = `${USER}@'%'`;
    await server.exec(
      `CREATE DATABASE ${NAME}; CREATE USER ${account} IDENTIFIED BY '${PASSWORD}' REQUIRE SSL;
       GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON ${NAME}.* TO ${account};
       GRANT SELECT ON mysql.proc TO ${account};
       GRANT RELOAD ON *.* TO ${account};`,
    );
    await server.exec([SCHEMA, ...insertStatements()].join(''), { database: NAME });
    const version = /(\d+\.\d+)\.\d+-MariaDB/.exec(await server.exec('SELECT VERSION()'))![1]!;
    return {
      bookshop: (emulator) => describe(emulator, { engine: 'mariadb', version }, server),
      local: {},
      ...passwordFault((password) => server.exec(`ALTER USER ${account} IDENTIFIED BY '${password}'`)),
      look: `MYSQL_PWD=${shellQuoted(server.rootPassword)} mariadb -u root -S ${server.socket} ${NAME}`,
      stop: () => server.stop(),
    };
  },

  async postgresql() {
    const server = await PostgresqlServer.start();
    await server.exec(`CREATE ROLE ${USER} LOGIN PASSWORD '${PASSWORD}'; GRANT pg_read_all_data TO ${USER};`);
    await server.exec(`CREATE DATABASE ${NAME}`);
    await server.exec([SCHEMA, ...insertStatements()].join(''), NAME);
    const version = execFileSync(path.join(postgresqlBinaries(), 'postgres'), ['--version'], { encoding: 'utf8' });
    return {
      bookshop: (emulator) =>
        describe(emulator, { engine: 'postgresql', version: /(\d+)\.\d+/.exec(version)![1]! }, server),
      local: { path: [postgresqlBinaries()] },
      ...passwordFault((password) => server.exec(`ALTER ROLE ${USER} PASSWORD '${password}'`)),
      look: `psql -h ${server.directory} -p ${server.port} -U ${server.rootUser} ${NAME}`,
      stop: () => server.stop(),
    };
  },
};

/** The most common fault of all. */
const passwordFault = (setPassword: (password: string) => Promise<unknown>) => ({
  fault: 'changing the password in the database, but not in the secret',
  repair: 'changing it back',
  breakIt: () => setPassword('another one'),
  repairIt: () => setPassword(PASSWORD),
});

/** Puts the account of the backup into Secrets Manager, and says where the server is. */
async function describe(
  emulator: Emulator,
  engine: { engine: 'mariadb' | 'postgresql'; version: string },
  server: MariadbServer | PostgresqlServer,
): Promise<Bookshop> {
  const secret = await new SecretsManagerClient(emulator.client).send(
    new CreateSecretCommand({
      Name: `${NAME}/${USER}`,
      SecretString: JSON.stringify({ username: USER, password: PASSWORD }),
    }),
  );
  const { host, port } = server;
  const certificateAuthority = fs.readFileSync(server.authority.file, 'utf8');
  return { ...engine, host, port, database: NAME, secretArn: secret.ARN!, certificateAuthority };
}
