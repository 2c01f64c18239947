import type { Manifest } from '../../../catalog/bucket/manifest';
import { BackupError } from '../../../task/run/errors';
import { serverErrorCode } from '../failures';
import type { Choice } from '../../shared/restore-choice';
import type { Query } from './query';
import type { DumpScan, Needs } from './scan';
import { variables } from '../sessions';
import { lacks, some, type Target } from './target';

const UNKNOWN_COLLATION = 1273;

/**
 * Refuses a target that lacks what the dump needs, by all that the scan saw.
 *
 * @throws BackupError `targetRefused`
 */
export async function checkNeeds(
  { query, grants, settings }: Target,
  scan: DumpScan,
  { notes = [] }: Manifest,
): Promise<void> {
  const known = await variables(query, [
    ...['max_allowed_packet', 'log_bin', 'log_bin_trust_function_creators'],
    ...['innodb_force_primary_key', 'sql_require_primary_key'],
  ]);
  const engines = await query('SHOW ENGINES');
  const usable = engines.filter(({ Support }) => /^(yes|default)$/i.test(String(Support)));
  requireAll(
    scan.engines,
    new Set(usable.map(({ Engine }) => String(Engine).toLowerCase())),
    'storage engine',
    'install it there',
  );
  const charsets = await query('SELECT CHARACTER_SET_NAME AS name FROM information_schema.CHARACTER_SETS');
  requireAll(scan.charsets, new Set(charsets.map(({ name }) => String(name))), 'character set');
  const collations = new Set<string>();
  for (const name of scan.collations.keys()) if (await knowsCollation(query, name)) collations.add(name.toLowerCase());
  requireAll(scan.collations, collations, 'collation');

  const { bytes, database, table } = scan.longest;
  const limit = Number(known.get('max_allowed_packet'));
  if (bytes >= limit)
    lacks(
      'max_allowed_packet',
      `the target takes statements of less than ${limit} bytes, but a row of ${database}.${table ?? ''} needs ${bytes}: SET GLOBAL max_allowed_packet = 1073741824 (on RDS in the parameter group)`,
      ['SET GLOBAL max_allowed_packet = 1073741824;'],
    );
  const isStrict = known.get('log_bin') === 'ON' && known.get('log_bin_trust_function_creators') === 'OFF';
  const undeclared = notes.flatMap(({ kind, objects = [] }) => (kind === 'undeclared-functions' ? objects : []));
  const refused = scan.functions.filter((name) => !grants.globally('SUPER') || undeclared.includes(name));
  if (isStrict && refused.length > 0)
    lacks(
      'log_bin_trust_function_creators',
      `the target writes a binary log, and takes functions and triggers only from an account with SUPER, and only if they are declared DETERMINISTIC, NO SQL or READS SQL DATA; the backup has ${some(refused)}: SET GLOBAL log_bin_trust_function_creators = ON (on RDS in the parameter group)`,
      ['SET GLOBAL log_bin_trust_function_creators = ON;'],
    );
  const demand = ['innodb_force_primary_key', 'sql_require_primary_key'].find(
    (name) => known.get(name) === 'ON' && !settings.some((setting) => setting.includes(name)),
  );
  if (demand !== undefined && scan.withoutPrimaryKey.length > 0)
    lacks(
      demand,
      `the target refuses tables without a primary key (${demand} is ON), which the backup has: ${some(scan.withoutPrimaryKey)}: SET GLOBAL ${demand} = OFF (on RDS in the parameter group)`,
      [`SET GLOBAL ${demand} = OFF;`],
    );
}

function requireAll(
  needs: Needs,
  known: ReadonlySet<string>,
  what: string,
  remedy = 'restore into a server that has it',
): void {
  for (const [name, objects] of needs)
    if (!known.has(name.toLowerCase()))
      lacks(name, `the target has no ${what} ${name}, which the backup needs for ${some(objects)}: ${remedy}`);
}

/** Asks the server itself: it may know a collation by several names. */
async function knowsCollation(query: Query, name: string): Promise<boolean> {
  return query(`SET collation_connection = ${name}`).then(
    () => true,
    (error: unknown) => {
      if (serverErrorCode(error) === undefined) throw error;
      return serverErrorCode(error) !== UNKNOWN_COLLATION;
    },
  );
}

/**
 * Refuses a copy under another name if objects would reach into the original.
 *
 * @throws BackupError `targetRefused`
 */
export function checkRename(scan: DumpScan, { names, single }: Choice): void {
  for (const [database, name] of names) {
    if (name === database || single) continue;
    const objects = scan.namingThemselves(database);
    if (objects.length > 0)
      throw new BackupError(
        'targetRefused',
        `${some(objects)} of ${database} name their database in their text: in ${name}, they would read and change ${database} itself: restore under the name ${database} on another server, or single tables with --tables`,
        { kind: 'name-invalid', object: objects.join(', ') },
      );
  }
}
