import type { ServerEngineFacts } from '../engine-facts';
import { MYSQL_ARGUMENTS, MYSQL_NOTES, MYSQL_REASONS, type MysqlNote, type MysqlReason } from '../mysql/facts';

/** Facts of MariaDB. */
export const MARIADB_FACTS: ServerEngineFacts<MysqlReason, MysqlNote> = {
  title: 'MariaDB',
  versions: ['10.6', '10.11', '11.4', '11.8', '12.2', '12.3'],
  image: (version) => `mariadb:${version}`,
  reasons: MYSQL_REASONS,
  notes: MYSQL_NOTES,
  restoreTools: ['mariadb'],
  server: {
    defaultPort: 3306,
    majorVersionParts: 2,
    rdsEngines: ['mariadb'],
    hasSchemas: false,
    dumpTool: { name: 'mariadb-dump', ...MYSQL_ARGUMENTS },
  },
};
