import { databasesOf, type Manifest, type TableCount } from '../../catalog/bucket/manifest';
import { objectsOf } from '../../catalog/contract/note';
import type { RestoreRequest } from '../../catalog/contract/task';
import { BackupError } from '../run/errors';

const SHOWN = 20;

/** `shop.orders`; `shop.public.orders` where databases have schemas. */
export const tableName = ({ database, schema, name }: TableCount): string =>
  [database, schema, name].filter((part) => part !== undefined).join('.');

/**
 * The databases that are to be restored: those of the request, or all of the backup.
 *
 * @throws BackupError `configuration` if the backup has none of a name
 */
export function chosenDatabases({ objects }: Manifest, { databases }: RestoreRequest): readonly string[] {
  const known = databasesOf({ objects });
  const missing = (databases ?? []).filter((name) => !known.includes(name));
  if (missing.length > 0)
    throw new BackupError(
      'configuration',
      `the backup has no database ${missing.map((name) => JSON.stringify(name)).join(', ')}; it has: ${known.join(', ')}`,
      { kind: 'database-unknown', database: missing.join(', ') },
    );
  return databases ?? known;
}

/**
 * The tables that are to be restored; `undefined` if whole databases are. A name may leave out what is clear without it.
 *
 * @throws BackupError `configuration` if the backup has no table of a name, or several
 */
export function chosenTables({ tables }: Manifest, request: RestoreRequest): readonly TableCount[] | undefined {
  return request.tables?.map((name) => {
    const found = tables.filter((table) => `.${tableName(table)}`.endsWith(`.${name}`));
    const [first] = found;
    if (first && found.length === 1) return first;
    const names = (first ? found : tables).map(tableName);
    const shown = objectsOf({ objects: names }, SHOWN);
    throw new BackupError(
      'configuration',
      first ? `table ${name} is ambiguous: say which of ${shown}` : `the backup has no table ${name}; it has: ${shown}`,
      { kind: 'table-unknown', object: name },
    );
  });
}
