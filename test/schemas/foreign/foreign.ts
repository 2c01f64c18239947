import * as fs from 'node:fs';
import * as path from 'node:path';
import { gunzipSync } from 'node:zlib';

const FOLDER = path.resolve(__dirname, '../../../.tools/schemas/usr/share');
const DBCONFIG = 'dbconfig-common/data';

/** Schemas that nobody here wrote, by the kind of engine: where their Debian packages keep them. */
const FILES = {
  mysql: {
    zabbix: ['zabbix-server-mysql/schema.sql.gz', 'zabbix-server-mysql/images.sql.gz'],
    kea: ['kea/scripts/mysql/dhcpdb_create.mysql'],
    icinga: [`${DBCONFIG}/icinga2-ido-mysql/install/mysql`],
    roundcube: [`${DBCONFIG}/roundcube/install/mysql`],
    powerdns: ['pdns-backend-mysql/schema/schema.mysql.sql'],
  },
  postgresql: {
    zabbix: ['zabbix-server-pgsql/schema.sql.gz', 'zabbix-server-pgsql/images.sql.gz'],
    kea: ['kea/scripts/pgsql/dhcpdb_create.pgsql'],
    icinga: [`${DBCONFIG}/icinga2-ido-pgsql/install/pgsql`],
    roundcube: [`${DBCONFIG}/roundcube/install/pgsql`],
    powerdns: ['pdns-backend-pgsql/schema/schema.pgsql.sql'],
  },
  sqlite: {
    zabbix: ['zabbix-proxy-sqlite3/schema.sql.gz'],
    roundcube: [`${DBCONFIG}/roundcube/install/sqlite3`],
    powerdns: ['pdns-backend-sqlite3/schema/schema.sqlite3.sql'],
  },
} as const;

/**
 * Scripts of other people's applications, by application.
 *
 * @throws Error if the set-up has not downloaded them
 */
export function foreignSchemas(engine: keyof typeof FILES): Map<string, string> {
  if (!fs.existsSync(FOLDER)) throw new Error(`${FOLDER} is missing: run npm test, or npm run setup -- --with schemas`);
  const read = (file: string): string => {
    const content = fs.readFileSync(path.join(FOLDER, file));
    return (file.endsWith('.gz') ? gunzipSync(content) : content).toString('utf8');
  };
  return new Map(Object.entries(FILES[engine]).map(([name, files]) => [name, files.map(read).join('\n')]));
}
