import type { MysqlFamilyEngine, MysqlFamilyOptions } from './mysql-family';
import { MysqlFamilyServer, startMysqlFamily } from './mysql-family';
import type { Version } from './versions';

const ENGINE: MysqlFamilyEngine = {
  server: '/usr/sbin/mariadbd',
  client: '/usr/bin/mariadb',
  aptPackage: 'mariadb-server',
  initialize: (data) => [
    ...[
      '/usr/bin/mariadb-install-db',
      '--no-defaults',
      `--datadir=${data}`,
      '--auth-root-authentication-method=normal',
    ],
    '--skip-test-db',
  ],
  options: [],
  setRootPassword: (quoted) =>
    ['localhost', '127.0.0.1'].map((host) => `SET PASSWORD FOR root@'${host}' = PASSWORD(${quoted});`).join('\n'),
};

/** A MariaDB server. */
export class MariadbServer extends MysqlFamilyServer {
  /** Makes and starts a server: about a second. */
  static async start({ version = 'mariadb-10.11', ...options }: MysqlFamilyOptions & { version?: Version } = {}) {
    return new MariadbServer(await startMysqlFamily(version, ENGINE, options));
  }
}
