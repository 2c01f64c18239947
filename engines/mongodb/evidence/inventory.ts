import { BSON, type Document, type MongoClient } from 'mongodb';
import type { InventoryObject } from '../../../catalog/bucket/evidence';
import type { ServerJob } from '../../../catalog/contract/task';
import { listCollections } from '../collections';

const { EJSON } = BSON;

/** Of a collection: what no server of today makes. */
const NOT_OF_COLLECTION = ['autoIndexId'];
const ID_INDEX = { v: 2, key: { _id: 1 }, name: '_id_' };
/** Of an index: its name, and what the server or the tools add or take by themselves. */
const NOT_OF_INDEX = ['name', 'ns', 'v', 'background', 'textIndexVersion', '2dsphereIndexVersion', 'collation'];
/** What the server says of its collections, views and indexes. Its own collections, users and roles are none that a test restores. */
export async function askInventory(
  client: MongoClient,
  databases: readonly string[],
  server: ServerJob,
): Promise<InventoryObject[]> {
  const objects: InventoryObject[] = [];
  for (const { database, name, type, options } of await listCollections(client, databases, server)) {
    const full = `${database}.${name}`;
    const facts: InventoryObject['facts'] = factsOf(options, NOT_OF_COLLECTION);
    if (type === 'collection') facts.primaryKey = '_id';
    objects.push({ kind: type, name: full, facts });
    if (type === 'view') continue;
    const indexes = await client.db(database).collection(name).indexes();
    // A restore makes it: servers of today have no collections without.
    if (options.autoIndexId === false && !indexes.some((index) => index.name === ID_INDEX.name)) indexes.push(ID_INDEX);
    for (const { name: index, ...settings } of indexes) {
      const facts = { ...factsOf(settings, NOT_OF_INDEX), ...collationOf(settings.collation) };
      objects.push({ kind: 'index', name: `${full}.${index}`, facts });
    }
  }
  return objects;
}

/** Settings as texts of canonical Extended JSON, with the order of their parts, which may mean something. */
const factsOf = (settings: Document, without: readonly string[] = []): Record<string, string> =>
  Object.fromEntries(
    Object.entries(settings)
      .filter(([name, value]) => !without.includes(name) && value !== undefined)
      .map(([name, value]) => [name, EJSON.stringify(value, { relaxed: false })]),
  );

/** A collation without the version of its library, which is that of the server. */
function collationOf(collation: unknown): Record<string, string> {
  if (typeof collation !== 'object' || collation === null) return {};
  return factsOf({ collation: Object.fromEntries(Object.entries(collation).filter(([name]) => name !== 'version')) });
}
