import type { Document, MongoClient } from 'mongodb';
import type { ServerJob } from '../../catalog/contract/task';
import { BackupError } from '../../task/run/errors';
import type { ServerContext } from '../engine';
import { chooseDatabases } from '../shared/databases';

/** The server's own. */
export const SYSTEM_DATABASES: readonly string[] = ['admin', 'config', 'local'];
/** In front of the names of others that a server keeps for itself, which tools of today leave out. */
const INTERNAL = '__mdb_internal';
export const isSystemDatabase = (name: string): boolean => SYSTEM_DATABASES.includes(name) || name.startsWith(INTERNAL);

/** A collection, a view or a time series. */
export interface Collection {
  readonly database: string;
  readonly name: string;
  /** `collection`, `view` or `timeseries`. */
  readonly type: string;
  readonly options: Document;
}

/** What a source names: it decides whether all is dumped at once. */
export const isWhole = ({ databases, excludeDatabases, excludeCollections }: ServerJob): boolean =>
  (databases ?? excludeDatabases ?? excludeCollections) === undefined;

/**
 * The databases to dump, without the server's own. One without collections does not exist: a restored server lacks it.
 *
 * @throws BackupError `configuration`
 */
export async function chooseMongodbDatabases(
  client: MongoClient,
  { server, thrownAway }: Pick<ServerContext, 'server' | 'thrownAway'>,
): Promise<string[]> {
  const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
  const own = databases.map(({ name }) => name).filter((name) => !isSystemDatabase(name));
  return thrownAway ? own.filter((name) => server.databases?.includes(name)) : chooseDatabases(own.sort(), server);
}

/** Collections that a source leaves out, of one database. */
export const excludedOf = ({ excludeCollections = [] }: ServerJob, database: string): string[] =>
  excludeCollections.flatMap((name) => (name.startsWith(`${database}.`) ? name.slice(database.length + 1) : []));

/** Functions of a database: the one collection of this kind that dumps and restores have. */
export const FUNCTIONS = 'system.js';
/** Whether a collection is the server's own: profiles, definitions of views, buckets of time series. */
export const isOwn = (name: string): boolean => name.startsWith('system.') && name !== FUNCTIONS;

/** Collections, views and time series of a database, without the server's own, by their names. */
export async function collectionsIn(client: MongoClient, database: string): Promise<Collection[]> {
  const found = await client.db(database).listCollections({}, { nameOnly: false }).toArray();
  return found
    .filter(({ name }) => !isOwn(name))
    .map(({ name, type = 'collection', options = {} }) => ({ database, name, type, options }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** The collections of databases that a dump must have: without those that are left out. */
export async function listCollections(
  client: MongoClient,
  databases: readonly string[],
  server: ServerJob,
): Promise<Collection[]> {
  const found: Collection[] = [];
  for (const database of databases) {
    const excluded = excludedOf(server, database);
    for (const one of await collectionsIn(client, database)) if (!excluded.includes(one.name)) found.push(one);
  }
  return found;
}

/**
 * Refuses collections that no dump tool can read, or that it would leave out without a word.
 *
 * @throws BackupError `configuration`
 */
export function refuseEncrypted(collections: readonly Collection[]): void {
  const encrypted = collections.filter(({ options }) => options.encryptedFields !== undefined);
  if (encrypted.length === 0) return;
  const names = encrypted.map(({ database, name }) => `${database}.${name}`);
  const helpers = encrypted.flatMap(({ database, name, options }) =>
    ['esc', 'ecoc', 'ecc'].map((part) => {
      const fields = options.encryptedFields as Readonly<Record<string, string | undefined>>;
      return `${database}.${fields[`${part}Collection`] ?? `enxcol_.${name}.${part}`}`;
    }),
  );
  const all = new Set(collections.map(({ database, name }) => `${database}.${name}`));
  const left = [...names, ...helpers.filter((name) => all.has(name))];
  throw new BackupError(
    'configuration',
    `Queryable Encryption is used by ${names.join(', ')}, which mongodump cannot back up: leave out by excludeCollections: ${left.join(', ')}, and back these up by snapshots of the volume`,
    { kind: 'encrypted-collections', object: left.join(', ') },
  );
}
