import type { DataObject, Manifest } from '../../../catalog/bucket/manifest';
import type { RestoreRequest } from '../../../catalog/contract/task';
import { readChoice, type Choice } from '../../shared/restore-choice';
import type { Places } from '../archive/oplog';
import { SYSTEM_DATABASES } from '../collections';

/** What is to be restored. */
export interface MongodbChoice extends Choice {
  /** Where each collection goes. */
  readonly places: Places;
  /** Objects of the backup that are read. */
  readonly objects: readonly DataObject[];
}

/**
 * Reads what is to be restored, and under which names.
 *
 * @throws BackupError `configuration` if the backup does not have it, or it cannot have the name
 */
export function readMongodbChoice(manifest: Manifest, request: RestoreRequest): MongodbChoice {
  const choice = readChoice(manifest, request, {
    system: SYSTEM_DATABASES,
    longest: 63,
    // https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions
    isName: (name) => name !== '' && Buffer.byteLength(name) <= 63 && !/[/\\. "$*<>:|?\0]/.test(name),
  });
  const { names, tables, single } = choice;
  const chosen = new Set(tables.map(({ database, name }) => `${database}.${name}`));
  return {
    ...choice,
    places: (database, collection) =>
      !single || chosen.has(`${database}.${collection}`) ? names.get(database) : undefined,
    objects: manifest.objects.filter(
      ({ kind, databases: own }) => kind === 'dump' && own.some((database) => names.has(database)),
    ),
  };
}
