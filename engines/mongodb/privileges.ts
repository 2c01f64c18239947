import type { Document, MongoClient } from 'mongodb';
import type { ServerAddress } from '../../catalog/contract/task';
import { BackupError } from '../../task/run/errors';

/** A privilege of a user, as the server tells it. https://www.mongodb.com/docs/manual/reference/resource-document/ */
interface Privilege {
  readonly resource: {
    readonly db?: string;
    readonly collection?: string;
    readonly cluster?: boolean;
    readonly anyResource?: boolean;
  };
  readonly actions: readonly string[];
}

/** Something that a dump or a restore does. `collection` is empty for all that are not the server's own. */
interface Need {
  readonly action: string;
  readonly db?: string;
  readonly collection?: string;
}

const READS = ['find', 'listCollections', 'listIndexes'];
const readsOf = (db: string): Need[] => READS.map((action) => ({ action, db, collection: '' }));

/** Needs of a dump of all: without the first one, the server lists those databases only that the user may see. */
const WHOLE: readonly Need[] = [
  { action: 'listDatabases' },
  ...readsOf(''),
  ...['system.users', 'system.roles', 'system.version'].map((collection) => ({
    ...{ action: 'find', db: 'admin', collection },
  })),
];
const OPLOG: readonly Need[] = [
  { action: 'find', db: 'local', collection: 'oplog.rs' },
  { action: 'find', db: 'config', collection: 'transactions' },
];

/** What is dumped. */
export interface PrivilegeNeeds {
  readonly databases: readonly string[];
  /** All databases, users and roles. */
  readonly isWhole: boolean;
  readonly hasOplog: boolean;
}

/**
 * Compares the privileges of the user with those that a dump needs.
 *
 * @throws BackupError `privileges`, with the statement that grants what is missing
 */
export const requirePrivileges = (
  client: MongoClient,
  { databases, isWhole, hasOplog }: PrivilegeNeeds,
): Promise<void> =>
  requireAll(client, isWhole ? [...WHOLE, ...(hasOplog ? OPLOG : [])] : databases.flatMap(readsOf), (lacking) =>
    isWhole
      ? [{ role: 'backup', db: 'admin' }]
      : databases.filter((db) => lacking.has(db)).map((db) => ({ role: 'read', db })),
  );

/** Of `mongorestore`; to empty what is replaced; and to count what was loaded, which the role `restore` may not. */
const WRITES = ['createCollection', 'createIndex', 'insert', 'dropCollection', 'remove', ...READS];
/** DocumentDB validates nothing, and has no such action. */
const UNVALIDATED = 'bypassDocumentValidation';
const OF_DOCUMENTDB = /\.docdb(?:-elastic)?\.amazonaws\.com(?:\.cn)?$/;
/** Whether a host is one of Amazon DocumentDB. */
export const isDocumentDb = (host: string): boolean => OF_DOCUMENTDB.test(host);

/**
 * Compares the privileges of the user with those that a restore needs.
 *
 * @param databases on the target
 * @param hasOplog whether an oplog is replayed
 * @throws BackupError `privileges`, with the statement that grants what is missing
 */
export function requireRestorePrivileges(
  client: MongoClient,
  { host }: Pick<ServerAddress, 'host'>,
  databases: readonly string[],
  hasOplog: boolean,
): Promise<void> {
  const actions = [...WRITES, ...(isDocumentDb(host) ? [] : [UNVALIDATED]), ...(hasOplog ? ['update', 'collMod'] : [])];
  const needs = databases.flatMap((db) => actions.map((action) => ({ action, db, collection: '' })));
  return requireAll(client, needs, () => ['restore', 'readWriteAnyDatabase'].map((role) => ({ role, db: 'admin' })));
}

/** @param roles that are advised, by the databases of which something is lacking */
async function requireAll(
  client: MongoClient,
  needs: readonly Need[],
  roles: (lacking: ReadonlySet<string | undefined>) => readonly object[],
): Promise<void> {
  const { authInfo } = (await client.db('admin').command({ connectionStatus: 1, showPrivileges: true })) as {
    readonly authInfo?: Document;
  };
  const [user] = (authInfo?.authenticatedUsers ?? []) as { readonly user: string; readonly db: string }[];
  const privileges = (authInfo?.authenticatedUserPrivileges ?? []) as Privilege[];
  // Without access control everybody may do everything; some servers do not tell privileges, and fail when they are missing.
  if (!user || privileges.length === 0) return;
  const missing = needs.filter((need) => !privileges.some((privilege) => grants(privilege, need)));
  if (missing.length === 0) return;
  const account = `${user.user}@${user.db}`;
  const statements = [grantOf(user, roles(new Set(missing.map(({ db }) => db))))];
  const named = missing.map(nameOf);
  throw new BackupError(
    'privileges',
    `user ${account} lacks ${named.join(', ')}. Run as an administrator: ${statements.join(' ')}`,
    { kind: 'privileges-missing', account, privileges: named, statements },
  );
}

const grantOf = ({ user, db }: { user: string; db: string }, roles: readonly object[]): string =>
  `db.getSiblingDB(${JSON.stringify(db)}).grantRolesToUser(${JSON.stringify(user)}, ${JSON.stringify(roles)})`;

/** `find on shop`, `find on local.oplog.rs`, `listDatabases on the cluster`. */
function nameOf({ action, db, collection }: Need): string {
  if (db === undefined) return `${action} on the cluster`;
  return `${action} on ${[db, collection].filter(Boolean).join('.') || 'all databases'}`;
}

/** Privileges on all databases leave these out. */
const NEVER_ALL = ['local', 'config'];

function grants({ resource, actions }: Privilege, { action, db, collection }: Need): boolean {
  if (!actions.includes(action)) return false;
  if (resource.anyResource === true) return true;
  if (db === undefined) return resource.cluster === true;
  if (resource.db === '' ? NEVER_ALL.includes(db) : resource.db !== db) return false;
  // The server's own collections must be named.
  return resource.collection === collection || (resource.collection === '' && !collection?.startsWith('system.'));
}
