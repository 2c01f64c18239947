import type { Manifest } from '../../../catalog/bucket/manifest';
import { objectsOf } from '../../../catalog/contract/note';
import { BackupError } from '../../../task/run/errors';
import { compareVersions, majorVersion } from '../../shared/versions';
import type { MysqlDialect } from '../dialect';
import type { MysqlGrants } from '../grants';
import { quoteAccount } from '../names';
import type { Choice } from '../../shared/restore-choice';
import type { Query } from './query';
import { variables } from '../sessions';

/** What the statements of a dump need. */
const PRIVILEGES = [
  ...['SELECT', 'INSERT', 'CREATE', 'DROP', 'ALTER', 'INDEX', 'REFERENCES', 'CREATE VIEW', 'SHOW VIEW'],
  ...['CREATE ROUTINE', 'ALTER ROUTINE', 'TRIGGER', 'EVENT'],
];

/** The first of some objects, for a sentence. */
export const some = (objects: readonly string[]): string => objectsOf({ objects });

/** What the target is asked for, and what the restore may do there. */
export interface Target {
  readonly query: Query;
  readonly dialect: MysqlDialect;
  readonly serverVersion: string;
  readonly grants: MysqlGrants;
  /** The connected account: `admin@%`. */
  readonly account: string;
  /** Settings of the session that loads. */
  readonly settings: readonly string[];
}

/**
 * Refuses a server of the other engine, or one that is older than the backup's.
 *
 * @throws BackupError `targetRefused`
 */
export function checkServer({ facts, isOwnVersion, twin }: MysqlDialect, backup: string, target: string): void {
  const refuse = (kind: 'engine-mismatch' | 'target-too-old', sentence: string) => {
    throw new BackupError('targetRefused', sentence, { kind, object: target });
  };
  if (!isOwnVersion(target))
    refuse(
      'engine-mismatch',
      `the target is ${twin.title} ${target}, but the backup is of ${facts.title} ${backup}, whose dumps it cannot load: restore into ${facts.title}`,
    );
  const [have, need] = [target, backup].map((version) => majorVersion(version, facts.server.majorVersionParts));
  if (compareVersions(have!, need!) < 0)
    refuse(
      'target-too-old',
      `the target is ${facts.title} ${have}, older than the ${need} of the backup, whose dumps it cannot load: restore into ${facts.title} ${need} or newer`,
    );
}

const READ_ONLY = ['read_only', 'super_read_only', 'innodb_read_only'];

/**
 * Refuses a server that cannot take what the manifest tells of the backup.
 *
 * @throws BackupError `targetRefused`
 */
export async function checkSettings(query: Query, manifest: Manifest, { names, tables }: Choice): Promise<void> {
  const settings = await variables(query, [...READ_ONLY, 'lower_case_table_names']);
  const on = READ_ONLY.find((name) => settings.get(name) !== undefined && settings.get(name) !== 'OFF');
  if (on !== undefined)
    lacks(
      on,
      `the target is read-only (${on} is ${settings.get(on)}): restore into the server that takes writes, not into a replica or reader of it`,
    );
  const notes = manifest.notes ?? [];
  const wanted = notes
    .flatMap(({ objects = [] }) => objects)
    .find((name) => name.startsWith('lower_case_table_names='));
  const case_ = settings.get('lower_case_table_names');
  const mixed = [...names.values(), ...tables.map(({ name }) => name)].find((name) => name !== name.toLowerCase());
  if (wanted === undefined && case_ !== '0' && mixed !== undefined)
    lacks(
      'lower_case_table_names',
      `the target has lower_case_table_names=${case_}, and would change names of the backup such as ${mixed}: restore into a server that was made with lower_case_table_names=0`,
    );
}

/**
 * Refuses an account that may not create what is to be restored.
 *
 * @throws BackupError `privileges`, with the statements to run
 */
export function checkPrivileges(grants: MysqlGrants, account: string, names: Iterable<string>): void {
  const lacking = [...names].flatMap((name) => {
    const privileges = PRIVILEGES.filter((privilege) => !grants.onDatabase(privilege, name));
    return privileges.length === 0 ? [] : [{ name, privileges }];
  });
  if (lacking.length === 0) return;
  const statements = lacking.map(
    ({ name, privileges }) => `GRANT ${privileges.join(', ')} ON ${grants.nameOf(name)}.* TO ${quoteAccount(account)};`,
  );
  const privileges = [...new Set(lacking.flatMap((one) => one.privileges))];
  throw new BackupError(
    'privileges',
    `user ${account} lacks privileges that the restore needs (${privileges.join(', ')}); nothing was changed. Run as an administrator: ${statements.join(' ')}`,
    { kind: 'privileges-missing', account, privileges, statements },
  );
}

/** @throws BackupError `targetRefused` */
export function lacks(object: string, sentence: string, statements?: readonly string[]): never {
  throw new BackupError('targetRefused', sentence, {
    ...{ kind: 'target-lacks', object },
    ...(statements && { statements }),
  });
}
