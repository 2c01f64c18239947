import { noteOf, type Note } from '../../../catalog/contract/note';
import type { RestoreRequest } from '../../../catalog/contract/task';
import { BackupError } from '../../../task/run/errors';
import type { MysqlNote } from '../facts';
import { serverErrorCode } from '../failures';
import { quoteAccount } from '../names';
import type { Query } from './query';
import type { Needs } from './scan';
import { some, type Target } from './target';

/** Each of them lets its user make objects that run as somebody else. */
const MAY_NAME_DEFINERS = ['SUPER', 'SET USER', 'SET_USER_ID', 'SET_ANY_DEFINER'];

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
