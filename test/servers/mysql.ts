import type { MysqlFamilyEngine, MysqlFamilyOptions } from './mysql-family';
import { MysqlFamilyServer, startMysqlFamily } from './mysql-family';
import type { Version } from './versions';

const ENGINE: MysqlFamilyEngine = {
  server: '/usr/sbin/mysqld',
  client: '/usr/bin/mysql',
  aptPackage: 'mysql-server',
  initialize: (data) => ['/usr/sbin/mysqld', '--no-defaults', '--initialize-insecure', `--datadir=${data}`],
  options: ['--mysqlx=OFF', '--lc-messages-dir=/usr/share/mysql'],
  setRootPassword: (quoted) => `ALTER USER root@localhost IDENTIFIED BY ${quoted};`,
};

/** A MySQL server: MySQL's own. */
export class MysqlServer extends MysqlFamilyServer {
  /** Makes and starts a server: about three seconds. */
  static async start({ version = 'mysql-9.7', ...options }: MysqlFamilyOptions & { version?: Version } = {}) {
    return new MysqlServer(await startMysqlFamily(version, ENGINE, options));
  }
}
