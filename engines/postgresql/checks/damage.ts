import { noteOf } from '../../../catalog/contract/note';
import { BackupError } from '../../../task/run/errors';
import type { PostgresqlCheck } from './check';

/** Settings that make reading go on past damage, as if the pages had been empty. */
const HIDING = ['zero_damaged_pages', 'ignore_checksum_failure'];
/** Settings without which damage goes unnoticed. */
const GUARDING = ['data_checksums', 'fsync', 'full_page_writes'];

/**
 * Refuses to make a clean backup of what a server leaves out because it is damaged, and notes where it would not notice.
 *
 * @throws BackupError `dumpFailed`
 */
export const checkDamage: PostgresqlCheck = async ({ client, database, note }) => {
  const { rows } = await client.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY ($1) ORDER BY 1',
    [[...HIDING, ...GUARDING]],
  );
  const hiding = rows.filter(({ name, setting }) => HIDING.includes(name) && setting === 'on').map(({ name }) => name);
  if (hiding.length > 0) {
    const statements = hiding.map(
      (name) =>
        `SELECT setdatabase, setrole, setconfig FROM pg_db_role_setting WHERE setconfig::text LIKE '%${name}%';`,
    );
    throw new BackupError(
      'dumpFailed',
      `${hiding.join(', ')} is on in database ${database}: rows on damaged pages would be missing in the dump without a word. Reset it (ALTER SYSTEM, ALTER DATABASE or ALTER ROLE … RESET), and restore what is damaged from an older backup`,
      { kind: 'damage-hidden', database, object: hiding.join(', '), statements },
    );
  }
  const missing = rows.filter(({ name, setting }) => GUARDING.includes(name) && setting === 'off');
  if (missing.length > 0)
    note(
      noteOf(
        'damage-unnoticed',
        missing.map(({ name }) => `${name} = off`),
      ),
    );
};
