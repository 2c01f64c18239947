import { MariadbServer } from './mariadb';
import { MysqlServer } from './mysql';
import { PostgresqlServer } from './postgresql';
import type { MysqlFamilyOptions } from './mysql-family';
import type { Version } from './versions';
import { engineOf } from './versions';

export type Server = MysqlServer | MariadbServer | PostgresqlServer;

/**
 * Makes and starts a server of a version, for tests that run on several.
 *
 * @param options `binlog` has a meaning for MySQL and MariaDB only
 */
export function startServer(
  version: Version,
  options: Pick<MysqlFamilyOptions, 'binlog' | 'certificateFor' | 'expiredCertificate'> = {},
): Promise<Server> {
  const engine = engineOf(version);
  if (engine === 'postgresql') return PostgresqlServer.start({ ...options, version });
  return (engine === 'mysql' ? MysqlServer : MariadbServer).start({ ...options, version });
}
