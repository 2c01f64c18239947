import type { MongoClient } from 'mongodb';
import { rowsOf } from '../../../catalog/bucket/manifest';
import type { RestoreTarget } from '../../../catalog/contract/restore';
import { BackupError } from '../../../task/run/errors';
import type { Choice } from '../../shared/restore-choice';
import { collectionsIn } from '../collections';

const SHOWN = 5;

/**
 * Refuses names that a database has in other letters: the server would refuse them when the first document comes.
 *
 * @throws BackupError `targetRefused`
 */
export async function requireOneSpelling(client: MongoClient, { names }: Choice): Promise<void> {
  const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
  const there = databases.map(({ name }) => name);
  for (const name of names.values()) {
    const other = there.find((one) => one !== name && one.toLowerCase() === name.toLowerCase());
    if (other === undefined || there.includes(name)) continue;
    throw new BackupError(
      'targetRefused',
      `the target has a database ${other}, beside which MongoDB takes no ${name}: choose another name with --as`,
      { kind: 'name-invalid', object: name },
    );
  }
}

/** Looks what is there under the names that the restore wants. A database without collections does not exist. */
export async function findDatabases(client: MongoClient, { names, tables }: Choice): Promise<RestoreTarget[]> {
  const found: RestoreTarget[] = [];
  for (const [database, name] of names) {
    const own = tables.filter((table) => table.database === database);
    const there = (await collectionsIn(client, name)).map((collection) => collection.name);
    found.push({
      ...{ database, name, tables: own.length, rows: rowsOf({ tables: own }) },
      ...(there.length === 0 ? { state: 'new' } : { state: 'exists', holds: there.slice(0, SHOWN) }),
    });
  }
  return found;
}
