import type { MongoClient } from 'mongodb';
import type { TableCount } from '../../../catalog/bucket/manifest';
import type { RestoreDifference } from '../../../catalog/contract/restore';
import { restoredContent, rowDifferences } from '../../../task/restore/content';
import { tableName } from '../../../task/restore/selection';
import type { RestoreCheck } from '../../engine';
import type { ArchiveContents } from '../archive/archive-reader';
import { nameOf } from '../archive/names';
import { collectionsIn } from '../collections';
import { normalMetadata } from '../proof/metadata';
import type { MongodbChoice } from './choice';

/**
 * Compares the target with the manifest and the archives: collections, views, their documents and their indexes.
 *
 * @param archives that were loaded
 */
export async function checkRestored(
  client: MongoClient,
  { names, tables, places }: MongodbChoice,
  archives: readonly ArchiveContents[],
): Promise<RestoreCheck> {
  const differences: RestoreDifference[] = [];
  const there = new Map<string, ReadonlySet<string>>();
  for (const database of names.values())
    there.set(database, new Set((await collectionsIn(client, database)).map(({ name }) => name)));
  /** Types of collections. */
  const archived = new Map<string, string>();
  for (const { namespaces, changes } of archives)
    for (const { database, collection, type, metadata } of namespaces) {
      archived.set(nameOf({ database, collection }), type);
      const to = places(database, collection);
      // What is created or dropped meanwhile, the oplog has done again.
      const { isReshaped, isRedefined } = changes?.of(database, collection) ?? {};
      if (to === undefined || isReshaped) continue;
      const object = `${to}.${collection}`;
      if (!there.get(to)?.has(collection)) differences.push({ object: `${kindOf(type)} ${object}`, kind: 'missing' });
      else if (type !== 'view' && !isRedefined)
        for (const index of await missingIndexes(client, to, collection, metadata))
          differences.push({ object: `index ${object}.${index}`, kind: 'missing' });
    }
  for (const table of tables) {
    const to = names.get(table.database)!;
    const type = archived.get(tableName(table));
    if (type === undefined) differences.push({ object: `collection ${to}.${table.name}`, kind: 'missing' });
    // The archive has the buckets of a time series, of which the server counts the measurements.
    if (!there.get(to)?.has(table.name) || type === 'timeseries') continue;
    const found = await client.db(to).collection(table.name).countDocuments();
    differences.push(...rowDifferences(`${to}.${table.name}`, table, found));
  }
  const isExact = ({ rows }: TableCount): boolean => rows !== undefined;
  const series = tables.filter((table) => isExact(table) && archived.get(tableName(table)) === 'timeseries');
  const { uncompared, ...content } = restoredContent(tables);
  return { differences, ...content, uncompared: [...uncompared, ...series.map(tableName)] };
}

/** As in the sections of a dump. */
const kindOf = (type: string): string => (type === 'view' ? type : 'collection');

/** Indexes that are not there, or whose build is not finished. */
async function missingIndexes(
  client: MongoClient,
  database: string,
  collection: string,
  metadata: string,
): Promise<string[]> {
  const names = [...normalMetadata(metadata).indexes.keys()];
  if (names.length === 0) return [];
  const found: { readonly name: string; readonly buildUUID?: unknown }[] = await client
    .db(database)
    .collection(collection)
    .listIndexes()
    .toArray();
  const built = new Set(found.filter(({ buildUUID }) => buildUUID === undefined).map(({ name }) => name));
  return names.filter((name) => !built.has(name));
}
