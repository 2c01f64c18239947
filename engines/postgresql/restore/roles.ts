import type { Client } from 'pg';
import { noteOf, type Note } from '../../../catalog/contract/note';
import { BackupError, errorCode } from '../../../task/run/errors';
import { SQLSTATE } from '../connection';
import { quoteName } from '../names';
import type { RestoreArchive } from './archive-contents';
import { statementsOf, words } from '../sql-words';

/** A role, as `pg_dumpall --globals-only` writes it. */
export interface BackupRole {
  readonly name: string;
  /** `ALTER ROLE … WITH …`, with the hash of its password if the backup has it. */
  attributes: string;
  /** Settings and comments. */
  readonly others: string[];
  /** `GRANT … TO …` of the roles that it is a member of. */
  readonly memberships: { readonly of: string; readonly statement: string }[];
}

/** Reads the roles of a backup. */
export function rolesOf(globals: string): Map<string, BackupRole> {
  const roles = new Map<string, BackupRole>();
  for (const statement of statementsOf(globals)) {
    const [verb, kind, ...rest] = words(statement);
    const role = roles.get(rest[0] ?? '');
    if (verb === 'CREATE' && kind === 'ROLE') {
      const name = rest[0] ?? '';
      roles.set(name, { name, attributes: '', others: [], memberships: [] });
    } else if (verb === 'ALTER' && kind === 'ROLE' && role) {
      if (rest[1] === 'WITH') role.attributes = statement;
      else role.others.push(statement);
    } else if (verb === 'COMMENT' && rest[0] === 'ROLE') roles.get(rest[1] ?? '')?.others.push(statement);
    else if (verb === 'GRANT' && rest[0] === 'TO')
      roles.get(rest[1] ?? '')?.memberships.push({ of: kind ?? '', statement });
  }
  return roles;
}

/** What a restore does about roles. */
export interface RolePlan {
  /** Those that the backup needs and the target lacks, with those that they are members of. */
  readonly missing: readonly BackupRole[];
  /** Those that the administrator must be a member of while it restores. */
  readonly join: readonly string[];
}

interface Known {
  readonly name: string;
  readonly usable: boolean;
  /** Whether the administrator can join it for the time of the restore, and leave it without a loss. */
  readonly joinable: boolean;
}

/** Its members follow from the owner of each database: nobody can be made one. */
const FOLLOWS_OWNER = 'pg_database_owner';

/** The administrator, as the server knows it. */
export interface Administrator {
  readonly name: string;
  readonly superuser: boolean;
  readonly createdb: boolean;
  readonly createrole: boolean;
  /** `server_version_num` */
  readonly version: number;
}

/**
 * Plans the roles: those that own something, or that privileges, policies or settings name.
 *
 * @param owners of databases that are replaced
 * @throws BackupError `privileges` if the administrator may not do what is needed
 */
export async function planRoles(
  client: Client,
  administrator: Administrator,
  archives: readonly RestoreArchive[],
  roles: ReadonlyMap<string, BackupRole>,
  owners: readonly string[],
): Promise<RolePlan> {
  const isGranular = administrator.version >= 160000;
  const { rows } = await client.query<Known>(
    `SELECT rolname AS name, pg_has_role(current_user, oid, 'USAGE') AND pg_has_role(current_user, oid, $1) AS usable,
       CASE WHEN $2 THEN pg_has_role(current_user, oid, 'MEMBER WITH ADMIN OPTION') ELSE $3 AND NOT rolsuper END
         AND NOT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles me ON me.oid = m.member
           WHERE m.roleid = r.oid AND me.rolname = current_user AND (NOT $2 OR m.grantor = me.oid)) AS joinable
     FROM pg_roles r`,
    [isGranular ? 'SET' : 'MEMBER', isGranular, administrator.createrole],
  );
  const known = new Map(rows.map((row) => [row.name, row]));
  const needed = new Set<string>();
  const need = (name: string): void => {
    if (needed.has(name) || known.has(name)) return;
    needed.add(name);
    for (const { of } of roles.get(name)?.memberships ?? []) need(of);
  };
  const account = quoteName(administrator.name);
  const statementToJoin = (name: string): string =>
    isGranular
      ? `GRANT ${quoteName(name)} TO ${account} WITH INHERIT TRUE, SET TRUE;`
      : `GRANT ${quoteName(name)} TO ${account}; ALTER ROLE ${account} INHERIT;`;
  const allOwners = new Set([...archives.flatMap((archive) => [...archive.owners]), ...owners]);
  for (const name of allOwners) need(name);
  for (const { mentioned } of archives) for (const name of mentioned) if (roles.has(name)) need(name);
  const missing = [...needed].map((name) => roles.get(name) ?? { name, attributes: '', others: [], memberships: [] });
  const others = administrator.superuser
    ? []
    : [...allOwners].filter((name) => !known.get(name)?.usable && name !== FOLLOWS_OWNER);
  const closed = others.filter((name) => known.has(name) && !known.get(name)?.joinable);
  refuse(administrator, [
    ...(missing.length > 0 && !administrator.superuser && !administrator.createrole
      ? [['CREATEROLE', `ALTER ROLE ${quoteName(administrator.name)} CREATEROLE;`] as const]
      : []),
    ...closed.map((name) => [`member of ${name}`, statementToJoin(name)] as const),
  ]);
  return { missing, join: others };
}

/** @throws BackupError `privileges` if anything is missing */
export function refuse(
  { name: account }: Administrator,
  lacks: readonly (readonly [privilege: string, statement: string])[],
): void {
  if (lacks.length === 0) return;
  const [privileges, statements] = [lacks.map(([privilege]) => privilege), lacks.map(([, statement]) => statement)];
  throw new BackupError(
    'privileges',
    `role ${account} lacks privileges that this restore needs (${privileges.join('; ')}). Run as an administrator: ${statements.join(' ')}`,
    { kind: 'privileges-missing', account, privileges, statements },
  );
}

/** Attributes that a role does not have when it is made, and that only who has them may give. */
const POWERS = / (NO)?(?:SUPERUSER|REPLICATION|BYPASSRLS|CREATEDB|CREATEROLE)\b/g;

/** `ALTER ROLE … WITH …` without the powers that it denies: to name one is denied as well to who does not have it. */
function withoutPowers(attributes: string, all: boolean): string {
  const start = attributes.lastIndexOf(' WITH ') + 5;
  const kept = attributes.slice(start).replace(POWERS, (power, no?: string) => (all || no ? '' : power));
  return attributes.slice(0, start) + kept;
}

/**
 * Notes about the roles that a restore creates.
 *
 * @returns what a person must know before it begins
 */
export function roleNotes({ missing }: RolePlan): Note[] {
  const lacksPassword = missing.filter(
    ({ attributes }) => /\bLOGIN\b/.test(attributes) && !/ PASSWORD '/.test(attributes),
  );
  const names = (some: readonly BackupRole[]) => some.map(({ name }) => name);
  return [
    ...(missing.length > 0 ? [noteOf('roles-created', names(missing))] : []),
    ...(lacksPassword.length > 0 ? [noteOf('roles-without-password', names(lacksPassword))] : []),
  ];
}

/** Refusals of the server that concern one statement: it may not, or cannot be. */
const REFUSED = /^(0L|22|42)/;
const EXISTS_ALREADY = /^42710$/;

/**
 * Creates the missing roles, in one transaction. Notes what the administrator may not give them.
 *
 * @returns the names of those that it made: somebody else may have made the others meanwhile, and they stay as they are
 */
export async function createRoles(
  client: Client,
  missing: readonly BackupRole[],
  note: (note: Note) => void,
): Promise<string[]> {
  if (missing.length === 0) return [];
  const refused: string[] = [];
  const attempt = async (sql: string, refusals = REFUSED): Promise<boolean> => {
    await client.query('SAVEPOINT role');
    try {
      await client.query(sql);
      return true;
    } catch (error) {
      if (!refusals.test(errorCode(error) ?? '')) throw error;
      await client.query('ROLLBACK TO SAVEPOINT role');
      return false;
    }
  };
  const made: BackupRole[] = [];
  await client.query('BEGIN');
  try {
    for (const role of missing)
      if (await attempt(`CREATE ROLE ${quoteName(role.name)}`, EXISTS_ALREADY)) made.push(role);
    for (const { name, attributes, others, memberships } of made) {
      if (attributes !== '' && !(await attempt(withoutPowers(attributes, false)))) {
        refused.push(name);
        await attempt(withoutPowers(attributes, true));
      }
      // Without the value, which may be a secret.
      for (const statement of others)
        if (!(await attempt(statement))) refused.push(statement.replace(/ (?:TO|IS) .*/s, ' …'));
      for (const { statement } of memberships)
        if (!(await attempt(statement)) && !(await attempt(statement.replace(/ GRANTED BY .*(?=;$)/, ''))))
          refused.push(statement);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
  if (refused.length > 0) note(noteOf('roles-incomplete', refused));
  return made.map(({ name }) => name);
}

/** Makes the administrator a member of the roles whose objects it restores. */
export async function joinRoles(client: Client, { version }: Administrator, join: readonly string[]): Promise<void> {
  for (const name of join)
    await client.query(
      `GRANT ${quoteName(name)} TO CURRENT_USER${version >= 160000 ? ' WITH INHERIT TRUE, SET TRUE' : ''}`,
    );
}

/** Undoes what {@link joinRoles} and, of those given, {@link createRoles} did, as far as it can. */
export async function leaveRoles(client: Client, join: readonly string[], created: readonly string[]): Promise<void> {
  for (const name of join) await client.query(`REVOKE ${quoteName(name)} FROM CURRENT_USER`).catch(() => undefined);
  for (const name of created.toReversed())
    await client.query(`DROP ROLE IF EXISTS ${quoteName(name)}`).catch(() => undefined);
}

/** Whether an error says that the account may not do it. */
export const isDenied = (error: unknown): boolean => errorCode(error) === SQLSTATE.notPrivileged;
