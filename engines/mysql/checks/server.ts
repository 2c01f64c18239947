import { noteOf } from '../../../catalog/contract/note';
import { BackupError } from '../../../task/run/errors';
import { OLD_NAME, quote } from '../names';
import { variables } from '../sessions';
import { askIfPossible } from './optional';
import type { MysqlCheck } from './check';

/** Settings that are chosen when a server is made, with their usual value. */
const SETTINGS: Readonly<Record<string, string>> = { innodb_page_size: '16384', lower_case_table_names: '0' };

/** Notes what belongs to the server and not to its databases, as far as the account can see it. */
export const checkServer: MysqlCheck = async (look, { databases }) => {
  const unusual = [...(await variables(look.query, Object.keys(SETTINGS)))].filter(
    ([name, value]) => SETTINGS[name] !== value,
  );
  if (unusual.length > 0) {
    const settings = unusual.map(([name, value]) => `${name}=${value}`);
    look.note(noteOf('server-settings', settings));
  }
  const systems = await askIfPossible(
    look,
    `SELECT SRS_ID AS id, SRS_NAME AS name, DEFINITION AS definition FROM information_schema.ST_SPATIAL_REFERENCE_SYSTEMS
     WHERE SRS_ID <> 0 AND (ORGANIZATION IS NULL OR ORGANIZATION <> 'EPSG' OR ORGANIZATION_COORDSYS_ID <> SRS_ID) ORDER BY 1`,
  );
  for (const { id, name, definition } of systems) {
    const text = (value: unknown) => `'${String(value).replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
    const said = `CREATE SPATIAL REFERENCE SYSTEM ${id} NAME ${text(name)} DEFINITION ${text(definition)};`;
    look.note({ ...noteOf('spatial-systems', [String(id)]), said });
  }
  const readOnly = await askIfPossible(
    look,
    `SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA_EXTENSIONS WHERE OPTIONS LIKE '%READ ONLY=1%' AND SCHEMA_NAME IN (?)`,
    [databases],
  );
  if (readOnly.length > 0) {
    const names = readOnly.map(({ name }) => String(name));
    look.note(noteOf('read-only-databases', names));
  }
  const functions = await askIfPossible(look, 'SELECT name FROM mysql.func');
  const servers = await askIfPossible(look, 'SELECT Server_name AS name FROM mysql.servers');
  const objects = [...functions.map(({ name }) => `function ${name}`), ...servers.map(({ name }) => `server ${name}`)];
  if (objects.length > 0) look.note(noteOf('server-objects', objects));
};

/**
 * Refuses names from before MySQL 5.1, which the server shows as `#mysql50#…`: nothing can create them.
 *
 * @throws BackupError `configuration`, with the statements that rename them
 */
export const checkOldNames: MysqlCheck = async (look, { tables }) => {
  const excluded = look.server.excludeDatabases ?? [];
  const rows = await look.query(
    'SELECT DISTINCT TABLE_SCHEMA AS db FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE ?',
    [`${OLD_NAME}%`],
  );
  const databases = look.server.databases
    ? []
    : rows.map(({ db }) => String(db)).filter((db) => !excluded.includes(db));
  const old = tables.filter(({ name }) => name.startsWith(OLD_NAME));
  const statements = [
    ...databases.map((database) => `ALTER DATABASE ${quote(database)} UPGRADE DATA DIRECTORY NAME;`),
    ...old.map(({ database, name }) => {
      const renamed = name.slice(OLD_NAME.length);
      return `RENAME TABLE ${quote(database)}.${quote(name)} TO ${quote(database)}.${quote(renamed)};`;
    }),
  ];
  if (statements.length === 0) return;
  const object = [...databases, ...old.map(({ database, name }) => `${database}.${name}`)].join(', ');
  throw new BackupError(
    'configuration',
    `${object} has a name from before MySQL 5.1, with which no restore can create it. Rename it (${statements.join(' ')}), or leave it out by excludeDatabases or --ignore-table`,
    { kind: 'old-name', object, statements },
  );
};
