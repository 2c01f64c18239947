import { BackupError } from '../../../task/run/errors';
import type { MysqlCheck } from './index';

/** Values of settings by which InnoDB reads damaged pages as if nothing was wrong with them. */
const UNCHECKED: Readonly<Record<string, readonly string[]>> = {
  innodb_checksum_algorithm: ['none', 'strict_none'],
  innodb_checksums: ['OFF'],
  // Percona and old MariaDB: reads on after a damaged page.
  innodb_corrupt_table_action: ['warn', 'salvage'],
};

/** Refuses a server that may leave out what is damaged, and notes one that would not see damage: the copy would look sound. */
export const checkDamage: MysqlCheck = async (look) => {
  const rows = await look.query('SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)', [
    ['innodb_force_recovery', ...Object.keys(UNCHECKED)],
  ]);
  const variables = rows.map((row) => ({ name: String(row.Variable_name), value: String(row.Value) }));
  const recovery = variables.find(({ name }) => name === 'innodb_force_recovery')?.value ?? '0';
  if (recovery !== '0')
    throw new BackupError(
      'dumpFailed',
      `the server runs with innodb_force_recovery=${recovery}: it skips what is damaged, and a dump would look complete. Repair it first; to save what is left, run the dump tool by hand`,
      { kind: 'damage-hidden', object: `innodb_force_recovery=${recovery}` },
    );
  const unchecked = variables.filter(({ name, value }) => UNCHECKED[name]?.includes(value) === true);
  if (unchecked.length > 0)
    look.note({ kind: 'damage-unchecked', objects: unchecked.map(({ name, value }) => `${name}=${value}`) });
};
