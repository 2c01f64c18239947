import { createHash } from 'node:crypto';
import { BSON, type MongoClient } from 'mongodb';
import type { Fingerprint } from './fingerprint';

/** As the bytes have it: an int32 is no int64. */
const EXACT = { promoteValues: false, promoteLongs: false, promoteBuffers: false } as const;
const said = (value: BSON.Document): string => BSON.EJSON.stringify(value, { relaxed: false });

/** All documents of a collection, by their `_id`, as canonical Extended JSON: types and the order of fields count. */
export async function mongodbDocuments(client: MongoClient, database: string, name: string): Promise<string[]> {
  const documents = await client.db(database).collection(name).find({}, EXACT).toArray();
  return documents.map(said).sort();
}

/** All that a copy of a database must hold, whatever the name of the database. */
export async function fingerprintMongodb(client: MongoClient, database: string): Promise<Fingerprint> {
  const found: Record<string, string> = {};
  for (const { name, type, options } of await client.db(database).listCollections({}, { nameOnly: false }).toArray()) {
    if (name.startsWith('system.')) continue;
    found[`${type} ${name}`] = said(options ?? {});
    if (type === 'view') continue;
    const documents = await mongodbDocuments(client, database, name);
    const digest = createHash('sha256').update(documents.join('\n')).digest('hex');
    found[`documents ${name}`] = `${documents.length} ${digest}`;
    for (const { name: index, ...settings } of await client.db(database).collection(name).indexes())
      found[`index ${name}.${index}`] = said(settings);
  }
  return found;
}
