import { LOCK_WAIT_SECONDS } from '../dialect';
import { serverErrorCode } from '../failures';
import { variables } from '../sessions';
import type { Query } from './query';

/** Settings with which the session that loads accepts what the old server accepted; some need a privilege. */
const LOADING: readonly (readonly [name: string, value: string])[] = [
  ['autocommit', '1'],
  ['sql_mode', "''"],
  // A key to a table of another database waits for whoever uses that, and lets all others wait.
  ['lock_wait_timeout', String(LOCK_WAIT_SECONDS)],
  ['wait_timeout', '86400'],
  ['net_read_timeout', '86400'],
  ['max_statement_time', '0'],
  // Wide rows, and rows that violate a CHECK.
  ['innodb_strict_mode', 'OFF'],
  ['check_constraint_checks', 'OFF'],
  ['max_heap_table_size', '68719476736'],
  ['restrict_fk_on_non_standard_key', 'OFF'],
  ['sql_require_primary_key', 'OFF'],
  ['sql_generate_invisible_primary_key', 'OFF'],
  // Definitions name all defaults of timestamps; what they do not name must not be added.
  ['explicit_defaults_for_timestamp', 'ON'],
  // An engine that is missing must not become another one.
  ['enforce_storage_engine', 'NULL'],
];

/** The settings of the loading session that the server has and the account may set. */
export async function loadingSettings(query: Query): Promise<string[]> {
  const settings: string[] = [];
  const known = await variables(
    query,
    LOADING.map(([name]) => name),
  );
  for (const [name, value] of LOADING.filter(([setting]) => known.has(setting))) {
    const setting = `SESSION ${name} = ${value}`;
    const may = await query(`SET ${setting}`).then(
      () => true,
      (error: unknown) => {
        if (serverErrorCode(error) === undefined) throw error;
        return false;
      },
    );
    if (may) settings.push(setting);
  }
  return settings;
}
