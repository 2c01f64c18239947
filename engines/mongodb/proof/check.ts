import { MongoServerError, type MongoClient } from 'mongodb';
import type { ProofDifference } from '../../../catalog/bucket/verdict';
import { errorText } from '../../../task/run/errors';
import type { ScratchCheck } from '../../engine';
import { collectionsIn } from '../collections';

/** https://www.mongodb.com/docs/manual/reference/error-codes/ */
const NO_SUCH_COMMAND = 59;
/** The documents, and each index against them. */
const FULL = { full: true };

/**
 * MongoDB's own check of what was loaded: `validate` of each collection, and whether the build of each index is finished.
 *
 * @param databases of the backup
 */
export async function checkScratch(client: MongoClient, databases: readonly string[]): Promise<ScratchCheck> {
  const differences: ProofDifference[] = [];
  const unable: string[] = [];
  let compared = 0;
  for (const database of databases) {
    const db = client.db(database);
    for (const { name, type } of await collectionsIn(client, database)) {
      if (type === 'view') continue;
      const object = `collection ${database}.${name}`;
      const invalid = (said: string) => differences.push({ check: 'engine', object, kind: 'invalid', said });
      const answer = await db.command({ validate: name, ...FULL }).catch((error: unknown) => {
        if (!(error instanceof MongoServerError)) throw error;
        if (error.code === NO_SUCH_COMMAND) unable.push(object);
        else invalid(errorText(error));
        return undefined;
      });
      if (!answer) continue;
      compared++;
      if (answer.valid !== true) invalid([...(answer.errors as string[]), ...(answer.warnings as string[])].join('; '));
      const building = await indexesInProgress(client, database, name);
      if (building.length > 0) invalid(`the build of ${building.join(', ')} is not finished`);
    }
  }
  return { differences, compared, left: [{ why: 'not-supported', objects: unable }] };
}

/** Indexes whose build is not finished: https://www.mongodb.com/docs/manual/reference/operator/aggregation/indexStats/ */
async function indexesInProgress(client: MongoClient, database: string, collection: string): Promise<string[]> {
  const found = await client
    .db(database)
    .collection(collection)
    .aggregate([{ $indexStats: {} }])
    .toArray();
  return found.filter(({ building }) => building === true).map(({ name }) => String(name));
}
