import { noteOf } from '../../../catalog/contract/note';
import { BackupError } from '../../../task/run/errors';
import { variables } from '../sessions';
import type { MysqlCheck } from './check';

/** Values of settings by which InnoDB reads damaged pages as if nothing was wrong with them. */
const UNCHECKED: Readonly<Record<string, readonly string[]>> = {
  innodb_checksum_algorithm: ['none', 'strict_none'],
  innodb_checksums: ['OFF'],
  // Percona and old MariaDB: reads on after a damaged page.
  innodb_corrupt_table_action: ['warn', 'salvage'],
};

/** Refuses a server that may leave out what is damaged, and notes one that would not see damage: the copy would look sound. */
export const checkDamage: MysqlCheck = async (look) => {
  const values = await variables(look.query, ['innodb_force_recovery', ...Object.keys(UNCHECKED)]);
  const recovery = values.get('innodb_force_recovery') ?? '0';
  if (recovery !== '0')
    throw new BackupError(
      'dumpFailed',
      `the server runs with innodb_force_recovery=${recovery}: it skips what is damaged, and a dump would look complete. Repair it first; to save what is left, run the dump tool by hand`,
      { kind: 'damage-hidden', object: `innodb_force_recovery=${recovery}` },
    );
  const unchecked = [...values].filter(([name, value]) => UNCHECKED[name]?.includes(value) === true);
  if (unchecked.length > 0)
    look.note(
      noteOf(
        'damage-unchecked',
        unchecked.map(([name, value]) => `${name}=${value}`),
      ),
    );
};
