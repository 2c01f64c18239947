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
  readonly grantable: boolean;
}

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
  const { rows } = await client.query<Known>(
    `SELECT rolname AS name, pg_has_role(current_user, oid, 'USAGE') AND pg_has_role(current_user, oid, $1) AS usable,
       CASE WHEN $2 THEN pg_has_role(current_user, oid, 'MEMBER WITH ADMIN OPTION') ELSE $3 AND NOT rolsuper END AS grantable
     FROM pg_roles`,
    [administrator.version >= 160000 ? 'SET' : 'MEMBER', administrator.version >= 160000, administrator.createrole],
  );
  const known = new Map(rows.map((row) => [row.name, row]));
  const needed = new Set<string>();
  const need = (name: string): void => {
    if (needed.has(name) || known.has(name)) return;
    needed.add(name);
    for (const { of } of roles.get(name)?.memberships ?? []) need(of);
  };
  const allOwners = new Set([...archives.flatMap((archive) => [...archive.owners]), ...owners]);
  for (const name of allOwners) need(name);
  for (const { mentioned } of archives) for (const name of mentioned) if (roles.has(name)) need(name);
  const missing = [...needed].map((name) => roles.get(name) ?? { name, attributes: '', others: [], memberships: [] });
  const others = administrator.superuser ? [] : [...allOwners].filter((name) => !known.get(name)?.usable);
  const closed = others.filter((name) => known.has(name) && !known.get(name)?.grantable);
  refuse(administrator, [
    ...(missing.length > 0 && !administrator.superuser && !administrator.createrole
      ? [['CREATEROLE', `ALTER ROLE ${quoteName(administrator.name)} CREATEROLE;`] as const]
      : []),
    ...closed.map(
      (name) => [`member of ${name}`, `GRANT ${quoteName(name)} TO ${quoteName(administrator.name)};`] as const,
    ),
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

/** Attributes that only a superuser may give, or only who has them. */
const POWERS = /\b(SUPERUSER|REPLICATION|BYPASSRLS|CREATEDB|CREATEROLE)\b/g;

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

/** Creates the missing roles, in one transaction. Notes what the administrator may not give them. */
export async function createRoles(client: Client, { missing }: RolePlan, note: (note: Note) => void): Promise<void> {
  if (missing.length === 0) return;
  const refused: string[] = [];
  const attempt = async (sql: string): Promise<boolean> => {
    await client.query('SAVEPOINT role');
    try {
      await client.query(sql);
      return true;
    } catch (error) {
      if (!errorCode(error)?.startsWith('42') && !errorCode(error)?.startsWith('22')) throw error;
      await client.query('ROLLBACK TO SAVEPOINT role');
      return false;
    }
  };
  await client.query('BEGIN');
  try {
    for (const { name } of missing) await client.query(`CREATE ROLE ${quoteName(name)}`);
    for (const { name, attributes, others, memberships } of missing) {
      if (attributes !== '' && !(await attempt(attributes))) {
        refused.push(name);
        await attempt(attributes.replace(POWERS, 'NO$1'));
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
}

/** Makes the administrator a member of the roles whose objects it restores. */
export async function joinRoles(client: Client, { version }: Administrator, join: readonly string[]): Promise<void> {
  for (const name of join)
    await client.query(
      `GRANT ${quoteName(name)} TO CURRENT_USER${version >= 160000 ? ' WITH INHERIT TRUE, SET TRUE' : ''}`,
    );
}

/** Undoes what {@link joinRoles} and, if `created` has some, {@link createRoles} did, as far as it can. */
export async function leaveRoles(
  client: Client,
  join: readonly string[],
  created: readonly BackupRole[],
): Promise<void> {
  for (const name of join) await client.query(`REVOKE ${quoteName(name)} FROM CURRENT_USER`).catch(() => undefined);
  for (const { name } of [...created].reverse())
    await client.query(`DROP ROLE IF EXISTS ${quoteName(name)}`).catch(() => undefined);
}

/** Whether an error says that the account may not do it. */
export const isDenied = (error: unknown): boolean => errorCode(error) === SQLSTATE.notPrivileged;
