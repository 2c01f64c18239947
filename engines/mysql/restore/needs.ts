import { noteOf, type Note } from '../../../catalog/contract/note';
import type { RestoreRequest } from '../../../catalog/contract/task';
import { BackupError } from '../../../task/run/errors';
import type { MysqlDialect } from '../dialect';
import type { MysqlNote } from '../facts';
import { serverErrorCode } from '../failures';
import type { MysqlGrants } from '../grants';
import { quoteAccount } from '../names';
import type { DumpScan, Needs } from './scan';
import { lacks, variables, type Choice, type Query } from './target';

const SHOWN = 5;
/** Each of them lets its user make objects that run as somebody else. */
const MAY_NAME_DEFINERS = ['SUPER', 'SET USER', 'SET_USER_ID', 'SET_ANY_DEFINER'];
const UNKNOWN_COLLATION = 1273;

/** What the target is asked for, and what the restore may do there. */
export interface Target {
  readonly query: Query;
  readonly dialect: MysqlDialect;
  readonly serverVersion: string;
  readonly grants: MysqlGrants;
  /** The connected account: `admin@%`. */
  readonly account: string;
  /** Settings of the session that loads. */
  readonly settings: readonly string[];
}

const some = (objects: readonly string[]): string =>
  `${objects.slice(0, SHOWN).join(', ')}${objects.length > SHOWN ? ` and ${objects.length - SHOWN} more` : ''}`;

/**
 * Refuses a target that lacks what the dump needs, by all that the scan saw.
 *
 * @throws BackupError `targetRefused`
 */
export async function checkNeeds({ query, grants, settings }: Target, scan: DumpScan): Promise<void> {
  const known = await variables(query, [
    ...['max_allowed_packet', 'log_bin', 'log_bin_trust_function_creators'],
    ...['innodb_force_primary_key', 'sql_require_primary_key'],
  ]);
  const engines = await query('SHOW ENGINES');
  const usable = engines.filter(({ Support }) => /^(yes|default)$/i.test(String(Support)));
  requireAll(
    scan.engines,
    new Set(usable.map(({ Engine }) => String(Engine).toLowerCase())),
    'storage engine',
    'install it there',
  );
  const charsets = await query('SELECT CHARACTER_SET_NAME AS name FROM information_schema.CHARACTER_SETS');
  requireAll(scan.charsets, new Set(charsets.map(({ name }) => String(name))), 'character set');
  const collations = new Set<string>();
  for (const name of scan.collations.keys()) if (await knowsCollation(query, name)) collations.add(name.toLowerCase());
  requireAll(scan.collations, collations, 'collation');

  const { bytes, database, table } = scan.longest;
  const limit = Number(known.get('max_allowed_packet'));
  if (bytes > limit)
    lacks(
      'max_allowed_packet',
      `the target takes statements of up to ${limit} bytes, but a row of ${database}.${table ?? ''} needs ${bytes}: SET GLOBAL max_allowed_packet = 1073741824 (on RDS in the parameter group)`,
      ['SET GLOBAL max_allowed_packet = 1073741824;'],
    );
  const isStrict = known.get('log_bin') === 'ON' && known.get('log_bin_trust_function_creators') === 'OFF';
  if (isStrict && !grants.globally('SUPER') && scan.functions.length > 0)
    lacks(
      'log_bin_trust_function_creators',
      `the target writes a binary log, and takes functions and triggers only from an account with SUPER; the backup has ${some(scan.functions)}: SET GLOBAL log_bin_trust_function_creators = ON (on RDS in the parameter group)`,
      ['SET GLOBAL log_bin_trust_function_creators = ON;'],
    );
  const demand = ['innodb_force_primary_key', 'sql_require_primary_key'].find(
    (name) => known.get(name) === 'ON' && !settings.some((setting) => setting.includes(name)),
  );
  if (demand !== undefined && scan.withoutPrimaryKey.length > 0)
    lacks(
      demand,
      `the target refuses tables without a primary key (${demand} is ON), which the backup has: ${some(scan.withoutPrimaryKey)}: SET GLOBAL ${demand} = OFF (on RDS in the parameter group)`,
      [`SET GLOBAL ${demand} = OFF;`],
    );
}

function requireAll(
  needs: Needs,
  known: ReadonlySet<string>,
  what: string,
  remedy = 'restore into a server that has it',
): void {
  for (const [name, objects] of needs)
    if (!known.has(name.toLowerCase()))
      lacks(name, `the target has no ${what} ${name}, which the backup needs for ${some(objects)}: ${remedy}`);
}

/** Asks the server itself: it may know a collation by several names. */
async function knowsCollation(query: Query, name: string): Promise<boolean> {
  return query(`SET collation_connection = ${name}`).then(
    () => true,
    (error: unknown) => {
      if (serverErrorCode(error) === undefined) throw error;
      return serverErrorCode(error) !== UNKNOWN_COLLATION;
    },
  );
}

/**
 * Refuses a copy under another name if objects would reach into the original.
 *
 * @throws BackupError `targetRefused`
 */
export function checkRename(scan: DumpScan, { names, single }: Choice): void {
  for (const [database, name] of names) {
    if (name === database || single) continue;
    const objects = scan.namingThemselves(database);
    if (objects.length > 0)
      throw new BackupError(
        'targetRefused',
        `${some(objects)} of ${database} name their database in their text: in ${name}, they would read and change ${database} itself: restore under the name ${database} on another server, or single tables with --tables`,
        { kind: 'name-invalid', object: objects.join(', ') },
      );
  }
}

/** Definers of the dump, and what becomes of those that are missing. */
export interface Definers {
  /** Accounts to create. */
  readonly create: readonly string[];
  /** The account in the place of a definer; undefined leaves it. */
  readonly replacement: (account: string) => string | undefined;
  /** Whether objects run as accounts that are missing, or have no rights yet. */
  readonly powerless: boolean;
}

/**
 * Decides about definers that the target does not have.
 *
 * @param found definers of the dump; undefined if nobody has looked
 * @throws BackupError `privileges` if the account may not make objects that run as others
 */
export async function decideDefiners(
  target: Target,
  found: Needs | undefined,
  wanted: RestoreRequest['definers'],
  note: (note: Note<MysqlNote>) => void,
): Promise<Definers> {
  const { query, grants, account } = target;
  const known = await accounts(query, 'mysql.user');
  const mayName = MAY_NAME_DEFINERS.some((privilege) => grants.globally(privilege));
  const system = grants.globally('SYSTEM_USER')
    ? undefined
    : await accounts(query, "mysql.global_grants WHERE PRIV = 'SYSTEM_USER'");
  const mayBe = (definer: string) => definer === account || (mayName && !system?.has(definer));
  const instead = wanted && 'account' in wanted ? withHost(wanted.account) : undefined;
  const isMissing = (definer: string) => known !== undefined && !known.has(definer);
  // Whoever may not name another takes its place as well.
  const replacement = (definer: string) =>
    instead !== undefined && (isMissing(definer) || !mayBe(definer)) ? instead : undefined;
  const all = [...(found?.keys() ?? [])];
  const refused = all.map((definer) => replacement(definer) ?? definer).filter((definer) => !mayBe(definer));
  if (refused.length > 0) throw definersRefused(target, [...new Set(refused)], mayName);
  const missing = all.filter(isMissing);
  if (known === undefined && instead === undefined && all.some((definer) => definer !== account))
    note(noteOf('definers-unchecked', all));
  if (missing.length === 0 || instead !== undefined) return { create: [], replacement, powerless: false };
  if (wanted) return { create: missing, replacement, powerless: true };
  note(noteOf('definers-missing', missing));
  return { create: [], replacement, powerless: true };
}

function definersRefused(
  { dialect, serverVersion, account }: Target,
  others: readonly string[],
  mayName: boolean,
): BackupError {
  // MySQL lets nobody else make objects that run as an account with SYSTEM_USER.
  const privileges = mayName ? 'SYSTEM_USER' : dialect.nameDefiners(serverVersion);
  const statement = `GRANT ${privileges} ON *.* TO ${quoteAccount(account)};`;
  return new BackupError(
    'privileges',
    `user ${account} may not create objects that run as ${some(others)}; nothing was changed. Restore with --definer ${account}, so that they run as this user, or run as an administrator: ${statement}`,
    {
      ...{ kind: 'privileges-missing', account, object: others.join(', ') },
      ...{ privileges: privileges.split(', '), statements: [statement] },
    },
  );
}

const withHost = (account: string): string => (account.includes('@') ? account : `${account}@%`);

/** Accounts and roles of a table of the server; undefined if there is none, or if ours may not read it. */
async function accounts(query: Query, table: string): Promise<ReadonlySet<string> | undefined> {
  try {
    const rows = await query(`SELECT User AS user, Host AS host FROM ${table}`);
    return new Set(rows.map(({ user, host }) => (String(host) === '' ? String(user) : `${user}@${host}`)));
  } catch (error) {
    if (serverErrorCode(error) === undefined) throw error;
    return undefined;
  }
}
