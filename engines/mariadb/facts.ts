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
  // Measured with six keys on four tables: 1.3 for each byte, besides an empty server and its log of 0.5 GiB. Sorting takes room, too.
  proof: { diskPerByte: 1.6, diskBytes: 0.6 * 1024 ** 3, memoryMiB: 1024, tools: ['mariadbd', 'mariadb-install-db'] },
  server: {
    defaultPort: 3306,
    protocols: ['mariadb', 'mysql'],
    majorVersionParts: 2,
    rdsEngines: ['mariadb'],
    dumpTool: { name: 'mariadb-dump', ...MYSQL_ARGUMENTS },
  },
};
