import type { Manifest, TableCount } from '../../../catalog/bucket/manifest';
import type { RestoreRequest } from '../../../catalog/contract/task';
import { chosenDatabases, chosenTables } from '../../../task/restore/selection';
import { BackupError } from '../../../task/run/errors';
import { MARKER } from './marker';

const SYSTEM_DATABASES = ['information_schema', 'performance_schema', 'mysql', 'sys'];

/** What is to be restored. */
export interface Choice {
  /** Names on the target, by their name in the backup. */
  readonly names: ReadonlyMap<string, string>;
  readonly tables: readonly TableCount[];
  /** Whether single tables are restored, without what belongs to them. */
  readonly single: boolean;
}

/**
 * Reads what is to be restored, and under which names.
 *
 * @throws BackupError `configuration` if the backup does not have it, or it cannot have the name
 */
export function readChoice(manifest: Manifest, request: RestoreRequest): Choice {
  const single = chosenTables(manifest, request);
  const databases = single ? [...new Set(single.map(({ database }) => database))] : chosenDatabases(manifest, request);
  const { as } = request;
  if (as !== undefined && databases.length !== 1)
    throw invalid(
      as,
      `only what is of one database can get another name, got: ${databases.join(', ')}: restore one database at a time`,
    );
  if (as !== undefined && (as.length > 64 || /[\s/\\.\0]$|[/\\\0]/.test(as)))
    throw invalid(
      as,
      `a database cannot be called ${JSON.stringify(as)}: take up to 64 letters, digits and underscores`,
    );
  const names = new Map(databases.map((database) => [database, as ?? database]));
  const system = [...names.values()].find((name) => SYSTEM_DATABASES.includes(name.toLowerCase()));
  if (system !== undefined)
    throw invalid(
      system,
      `${system} is the server's own database, into which nothing is restored: choose another name`,
    );
  // A database is replaced as a whole.
  if (single && databases.some((database) => database.toLowerCase() === as?.toLowerCase()))
    throw invalid(
      as!,
      `single tables go beside their originals, not into ${as}, which has more than these: choose another name with --as`,
    );
  const tables = single ?? manifest.tables.filter(({ database }) => databases.includes(database));
  return { names, tables: tables.filter(({ name }) => name !== MARKER), single: single !== undefined };
}

const invalid = (object: string, sentence: string): BackupError =>
  new BackupError('configuration', sentence, { kind: 'name-invalid', object });
