import type { RowDataPacket } from 'mysql2/promise';
import { noteOf } from '../../../catalog/contract/note';
import { BackupError } from '../../../task/run/errors';
import type { MysqlNote } from '../facts';
import type { MysqlLook } from '../look';
import { qualified } from '../names';
import type { MysqlPlan } from '../plan';
import { variables } from '../sessions';
import { askIfPossible } from './optional';
import type { MysqlCheck } from './check';

/** `max_heap_table_size` of a server that nobody has changed. */
const MEMORY_BYTES = 16 * 1024 ** 2;

const nameOf = ({ db, name }: RowDataPacket): string => `${db}.${name}`;

/** Refuses tables that the tool leaves out, and notes those whose CREATE TABLE, or whose rows, a target may refuse. */
export const checkTables: MysqlCheck = async (look, plan) => {
  const inS3 = plan.tables.filter(({ engine }) => engine.toUpperCase() === 'S3');
  if (inS3.length > 0 && look.server.extraDumpArguments?.includes('--copy-s3-tables') !== true) {
    const object = inS3.map(({ database, name }) => `${database}.${name}`).join(', ');
    throw new BackupError(
      'dumpFailed',
      `mariadb-dump leaves out tables of the engine S3 (${object}): add --copy-s3-tables to extraDumpArguments, with which a restore writes their rows to the bucket of its own server, or leave them out by --ignore-table=database.table`,
      { kind: 'dump-incomplete', object },
    );
  }
  const dumped = new Set(plan.tables.map(({ database, name }) => `${database}.${name}`));
  const tell = (kind: MysqlNote, rows: readonly RowDataPacket[]): void => {
    const names = [...new Set(rows.map(nameOf))].filter((name) => dumped.has(name));
    if (names.length > 0) look.note(noteOf(kind, names));
  };
  const settings = await variables(look.query, [
    ...['restrict_fk_on_non_standard_key', 'sql_require_primary_key', 'innodb_force_primary_key'],
    'innodb_directories',
  ]);
  const withOption = (option: RegExp) =>
    plan.tables
      .filter(({ options }) => option.test(options))
      .map(({ database, name }) => ({ db: database, name }) as RowDataPacket);
  // ENCRYPTION='Y' of MySQL, `ENCRYPTED`=YES of MariaDB.
  tell('encrypted-tables', withOption(/\bENCRYPT(?:ION|ED)`?\s*=\s*['"]?Y/i));
  tell('data-directories', withOption(/ DIRECTORY=|^DATA DIRECTORY=/));
  await tellEngines(look, plan, tell);
  if (settings.has('restrict_fk_on_non_standard_key'))
    tell(
      'non-unique-parents',
      await askIfPossible(
        look,
        `SELECT CONSTRAINT_SCHEMA AS db, TABLE_NAME AS name FROM information_schema.REFERENTIAL_CONSTRAINTS
         WHERE CONSTRAINT_SCHEMA IN (?) AND UNIQUE_CONSTRAINT_NAME IS NULL`,
        [plan.databases],
      ),
    );
  if ([settings.get('sql_require_primary_key'), settings.get('innodb_force_primary_key')].includes('ON'))
    tell(
      'no-primary-keys',
      await askIfPossible(
        look,
        `SELECT t.TABLE_SCHEMA AS db, t.TABLE_NAME AS name FROM information_schema.TABLES t
         LEFT JOIN information_schema.TABLE_CONSTRAINTS c
           ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME AND c.CONSTRAINT_TYPE = 'PRIMARY KEY'
         WHERE t.TABLE_SCHEMA IN (?) AND c.CONSTRAINT_NAME IS NULL`,
        [plan.databases],
      ),
    );
  await tellPlaces(look, plan, settings.get('innodb_directories') ?? '', tell);
};

type Tell = (kind: MysqlNote, rows: readonly RowDataPacket[]) => void;

/** Engines that are plugins, and what is special of ARCHIVE and MEMORY. */
async function tellEngines(look: MysqlLook, { tables }: MysqlPlan, tell: Tell): Promise<void> {
  const rows = (engines: readonly string[]): RowDataPacket[] =>
    tables
      .filter(({ engine }) => engines.includes(engine.toUpperCase()))
      .map(({ database, name }) => ({ db: database, name }) as RowDataPacket);
  const plugins = await askIfPossible(
    look,
    "SELECT PLUGIN_NAME AS name FROM information_schema.PLUGINS WHERE PLUGIN_TYPE = 'STORAGE ENGINE' AND PLUGIN_LIBRARY IS NOT NULL",
  );
  // MySQL has it built in, and switched off.
  tell('engine-plugins', rows(['FEDERATED', ...plugins.map(({ name }) => String(name).toUpperCase())]));
  const special = rows(['ARCHIVE', 'MEMORY']);
  if (special.length === 0) return;
  const sizes = await askIfPossible(
    look,
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, ENGINE AS engine, AUTO_INCREMENT AS next, DATA_LENGTH + INDEX_LENGTH AS bytes
     FROM information_schema.TABLES WHERE (TABLE_SCHEMA, TABLE_NAME) IN (?)`,
    [special.map(({ db, name }) => [db, name])],
  );
  tell(
    'archive-tables',
    sizes.filter(({ engine, next }) => engine === 'ARCHIVE' && Number(next ?? 0) > 1),
  );
  tell(
    'memory-tables',
    sizes.filter(({ engine, bytes }) => engine === 'MEMORY' && Number(bytes) > MEMORY_BYTES),
  );
}

/**
 * Tablespaces and directories of MySQL, which shows them in no view that needs no PROCESS: tables are asked one by one, only
 * where the server has such places.
 */
async function tellPlaces(look: MysqlLook, { tables }: MysqlPlan, directories: string, tell: Tell): Promise<void> {
  const spaces = await askIfPossible(
    look,
    `SELECT TABLESPACE_NAME AS name FROM information_schema.TABLESPACES_EXTENSIONS
     WHERE TABLESPACE_NAME NOT LIKE '%/%' AND TABLESPACE_NAME NOT LIKE 'innodb\\_%' AND TABLESPACE_NAME <> 'mysql'`,
  );
  if (spaces.length === 0 && directories === '') return;
  const found: Record<'tablespaces' | 'data-directories', RowDataPacket[]> = {
    tablespaces: [],
    'data-directories': [],
  };
  for (const table of tables) {
    const [created] = await askIfPossible(look, `SHOW CREATE TABLE ${qualified(table)}`);
    const [, options = ''] = /\n\) ([^]*)$/.exec(String(created?.['Create Table'])) ?? [];
    const row = { db: table.database, name: table.name } as RowDataPacket;
    if (/ TABLESPACE `(?!innodb_)/.test(options)) found.tablespaces.push(row);
    if (/ DATA DIRECTORY ?=/.test(options)) found['data-directories'].push(row);
  }
  tell('tablespaces', found.tablespaces);
  tell('data-directories', found['data-directories']);
}
