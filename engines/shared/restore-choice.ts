import type { Manifest, TableCount } from '../../catalog/bucket/manifest';
import type { RestoreRequest } from '../../catalog/contract/task';
import { chosenDatabases, chosenTables } from '../../task/restore/selection';
import { BackupError } from '../../task/run/errors';
import { wordsOf } from '../facts';

/** What is to be restored. */
export interface Choice {
  /** Names of databases on the target, by their name in the backup. */
  readonly names: ReadonlyMap<string, string>;
  readonly tables: readonly TableCount[];
  /** Whether single tables are restored, without what belongs to them. */
  readonly single: boolean;
}

/** Names that databases of a server may have. */
export interface NameRules {
  /** The server's own, in small letters. */
  readonly system: readonly string[];
  /** Characters or bytes. */
  readonly longest: number;
  readonly isName: (name: string) => boolean;
}

/**
 * Reads which databases or tables are to be restored, and under which names.
 *
 * @throws BackupError `configuration` if the backup does not have them, or they cannot have the name
 */
export function readChoice(manifest: Manifest, request: RestoreRequest, rules: NameRules): Choice {
  const single = chosenTables(manifest, request);
  const databases = single ? [...new Set(single.map(({ database }) => database))] : chosenDatabases(manifest, request);
  const { as } = request;
  if (as !== undefined && databases.length !== 1)
    throw invalid(
      as,
      `only what is of one database can get another name, got: ${databases.join(', ')}: restore one database at a time`,
    );
  if (as !== undefined && !rules.isName(as))
    throw invalid(
      as,
      `a database cannot be called ${JSON.stringify(as)}: take up to ${rules.longest} letters, digits and underscores`,
    );
  const names = new Map(databases.map((database) => [database, as ?? database]));
  const system = [...names.values()].find((name) => rules.system.includes(name.toLowerCase()));
  if (system !== undefined)
    throw invalid(
      system,
      `${system} is the server's own database, into which nothing is restored: choose another name`,
    );
  // A database is replaced as a whole.
  if (single && as !== undefined && databases[0]!.toLowerCase() === as.toLowerCase())
    throw invalid(
      as,
      `single ${wordsOf(manifest.engine).table}s go beside their originals, not into ${as}, which has more than these: choose another name with --as`,
    );
  return { names, tables: single ?? manifest.tables.filter(({ database }) => names.has(database)), single: !!single };
}

const invalid = (object: string, sentence: string): BackupError =>
  new BackupError('configuration', sentence, { kind: 'name-invalid', object });
