import type { RowDataPacket } from 'mysql2/promise';
import type { Manifest, TableCount } from '../../../catalog/bucket/manifest';
import type { RestoreTarget } from '../../../catalog/contract/restore';
import type { RestoreRequest } from '../../../catalog/contract/task';
import { chosenDatabases, chosenTables } from '../../../task/restore/selection';
import { BackupError } from '../../../task/run/errors';
import { majorVersion, compareVersions } from '../../shared/versions';
import type { MysqlDialect } from '../dialect';
import { serverErrorCode } from '../failures';
import type { MysqlGrants } from '../grants';
import { readInventory } from '../inventory';
import { quoteAccount } from '../names';
import { MARKER } from './rewrite';

const SHOWN = 5;
const SYSTEM_DATABASES = ['information_schema', 'performance_schema', 'mysql', 'sys'];
/** What the statements of a dump need. */
const PRIVILEGES = [
  ...['SELECT', 'INSERT', 'CREATE', 'DROP', 'ALTER', 'INDEX', 'REFERENCES', 'CREATE VIEW', 'SHOW VIEW'],
  ...['CREATE ROUTINE', 'ALTER ROUTINE', 'TRIGGER', 'EVENT'],
];

/** How the restore asks the server. */
export type Query = (sql: string, values?: unknown[]) => Promise<RowDataPacket[]>;

/** What is to be restored. */
export interface Choice {
  /** Names on the target, by their name in the backup. */
  readonly names: ReadonlyMap<string, string>;
  readonly tables: readonly TableCount[];
  /** Whether single tables are restored, without what belongs to them. */
  readonly single: boolean;
}

/**
 * Reads what is to be restored, and under which names.
 *
 * @throws BackupError `configuration` if the backup does not have it, or no database can have the name
 */
export function readChoice(manifest: Manifest, request: RestoreRequest): Choice {
  const single = chosenTables(manifest, request);
  const databases = single ? [...new Set(single.map(({ database }) => database))] : chosenDatabases(manifest, request);
  const { as } = request;
  if (as !== undefined && databases.length !== 1)
    throw new BackupError(
      'configuration',
      `only what is of one database can get another name, got: ${databases.join(', ')}: restore one database at a time`,
      { kind: 'name-invalid', object: as },
    );
  if (
    as !== undefined &&
    (as.length > 64 || /[\s/\\.\0]$|[/\\\0]/.test(as) || SYSTEM_DATABASES.includes(as.toLowerCase()))
  )
    throw new BackupError(
      'configuration',
      `a database cannot be called ${JSON.stringify(as)}: take up to 64 letters, digits and underscores`,
      { kind: 'name-invalid', object: as },
    );
  const tables = single ?? manifest.tables.filter(({ database }) => databases.includes(database));
  return {
    names: new Map(databases.map((database) => [database, as ?? database])),
    tables: tables.filter(({ name }) => name !== MARKER),
    single: single !== undefined,
  };
}

/** A database of the target, as it was found. */
export interface FoundDatabase extends RestoreTarget {
  /** Whether an earlier restore left it half done. */
  readonly isOurs: boolean;
  /** The statement that creates it as it is; none for one that is new. */
  readonly created?: string;
}

/** Looks what is there under the names that the restore wants. */
export async function findDatabases(query: Query, { names, tables }: Choice): Promise<FoundDatabase[]> {
  const [setting] = await query("SHOW GLOBAL VARIABLES LIKE 'lower_case_table_names'");
  const fold = (name: string) => (setting?.Value === '0' ? name : name.toLowerCase());
  const schemata = await query('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA');
  const known = new Map(schemata.map(({ name }) => [fold(String(name)), String(name)]));
  const found: FoundDatabase[] = [];
  for (const [database, name] of names) {
    const own = tables.filter((table) => table.database === database);
    const rows = own.reduce((sum, { rows: exact, rowsAfter }) => sum + (exact ?? rowsAfter ?? 0), 0);
    const facts = { database, name, tables: own.length, rows };
    const there = known.get(fold(name));
    if (there === undefined) {
      found.push({ ...facts, state: 'new', isOurs: false });
      continue;
    }
    const objects = await readInventory(query, [there], new Set());
    const [create] = await query('SHOW CREATE DATABASE ??', [there]);
    const isOurs = objects.some(({ kind, name: object }) => kind === 'TABLE' && object === MARKER);
    const isEmpty = isOurs || objects.length === 0;
    found.push({
      ...{ ...facts, isOurs, created: String(create?.['Create Database']), state: isEmpty ? 'empty' : 'exists' },
      ...(isEmpty ? {} : { holds: objects.slice(0, SHOWN).map(({ name: object }) => object) }),
    });
  }
  return found;
}

/**
 * Refuses a server of the other engine, or one that is older than the backup's.
 *
 * @throws BackupError `targetRefused`
 */
export function checkServer({ facts, isOwnVersion, twin }: MysqlDialect, backup: string, target: string): void {
  const refuse = (kind: 'engine-mismatch' | 'target-too-old', sentence: string) => {
    throw new BackupError('targetRefused', sentence, { kind, object: target });
  };
  if (!isOwnVersion(target))
    refuse(
      'engine-mismatch',
      `the target is ${twin.title} ${target}, but the backup is of ${facts.title} ${backup}, whose dumps it cannot load: restore into ${facts.title}`,
    );
  const [have, need] = [target, backup].map((version) => majorVersion(version, facts.server.majorVersionParts));
  if (compareVersions(have!, need!) < 0)
    refuse(
      'target-too-old',
      `the target is ${facts.title} ${have}, older than the ${need} of the backup, whose dumps it cannot load: restore into ${facts.title} ${need} or newer`,
    );
}

const READ_ONLY = ['read_only', 'super_read_only', 'innodb_read_only'];

/**
 * Refuses a server that cannot take what the manifest tells of the backup.
 *
 * @throws BackupError `targetRefused`
 */
export async function checkSettings(query: Query, manifest: Manifest, { names, tables }: Choice): Promise<void> {
  const settings = await variables(query, [...READ_ONLY, 'lower_case_table_names']);
  const on = READ_ONLY.find((name) => settings.get(name) !== undefined && settings.get(name) !== 'OFF');
  if (on !== undefined)
    lacks(
      on,
      `the target is read-only (${on} is ${settings.get(on)}): restore into the server that takes writes, not into a replica or reader of it`,
    );
  const notes = manifest.notes ?? [];
  const wanted = notes
    .flatMap(({ objects = [] }) => objects)
    .find((name) => name.startsWith('lower_case_table_names='));
  const case_ = settings.get('lower_case_table_names');
  const mixed = [...names.values(), ...tables.map(({ name }) => name)].find((name) => name !== name.toLowerCase());
  if (wanted === undefined && case_ !== '0' && mixed !== undefined)
    lacks(
      'lower_case_table_names',
      `the target has lower_case_table_names=${case_}, and would change names of the backup such as ${mixed}: restore into a server that was made with lower_case_table_names=0`,
    );
}

/**
 * Refuses an account that may not create what is to be restored.
 *
 * @throws BackupError `privileges`, with the statements to run
 */
export function checkPrivileges(grants: MysqlGrants, account: string, names: Iterable<string>): void {
  const lacking = [...names].flatMap((name) => {
    const privileges = PRIVILEGES.filter((privilege) => !grants.onDatabase(privilege, name));
    return privileges.length === 0 ? [] : [{ name, privileges }];
  });
  if (lacking.length === 0) return;
  const statements = lacking.map(
    ({ name, privileges }) => `GRANT ${privileges.join(', ')} ON ${grants.nameOf(name)}.* TO ${quoteAccount(account)};`,
  );
  const privileges = [...new Set(lacking.flatMap((one) => one.privileges))];
  throw new BackupError(
    'privileges',
    `user ${account} lacks privileges that the restore needs (${privileges.join(', ')}); nothing was changed. Run as an administrator: ${statements.join(' ')}`,
    { kind: 'privileges-missing', account, privileges, statements },
  );
}

/** Settings with which the session that loads accepts what the old server accepted; some need a privilege. */
const LOADING: readonly (readonly [name: string, value: string])[] = [
  ['autocommit', '1'],
  ['wait_timeout', '86400'],
  ['net_read_timeout', '86400'],
  ['max_statement_time', '0'],
  // Wide rows, and rows that violate a CHECK.
  ['innodb_strict_mode', 'OFF'],
  ['check_constraint_checks', 'OFF'],
  ['max_heap_table_size', '68719476736'],
  ['restrict_fk_on_non_standard_key', 'OFF'],
  ['sql_require_primary_key', 'OFF'],
  ['sql_generate_invisible_primary_key', 'OFF'],
  // An engine that is missing must not become another one.
  ['enforce_storage_engine', 'NULL'],
];

/** The settings of the loading session that the server has and the account may set. */
export async function loadingSettings(query: Query): Promise<string[]> {
  const settings: string[] = [];
  const known = await variables(
    query,
    LOADING.map(([name]) => name),
  );
  for (const [name, value] of LOADING.filter(([setting]) => known.has(setting))) {
    const setting = `SESSION ${name} = ${value}`;
    const may = await query(`SET ${setting}`).then(
      () => true,
      (error: unknown) => {
        if (serverErrorCode(error) === undefined) throw error;
        return false;
      },
    );
    if (may) settings.push(setting);
  }
  return settings;
}

/** Global values of the variables of these names that the server has. */
export async function variables(query: Query, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await query('SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)', [names]);
  return new Map(rows.map((row) => [String(row.Variable_name), String(row.Value)]));
}

/** @throws BackupError `targetRefused` */
export function lacks(object: string, sentence: string, statements?: readonly string[]): never {
  throw new BackupError('targetRefused', sentence, {
    ...{ kind: 'target-lacks', object },
    ...(statements && { statements }),
  });
}
