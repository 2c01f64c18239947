/** How to repair failures of MariaDB: as those of MySQL. Pure: handlers read it. */
import { loadBy, MYSQL_ADVICE } from '../mysql/advice';

export const MARIADB_ADVICE: typeof MYSQL_ADVICE = {
  ...MYSQL_ADVICE,
  // Wide rows, and rows that violate a CHECK.
  restore: loadBy('mariadb', " --init-command='SET SESSION innodb_strict_mode=OFF, check_constraint_checks=OFF'"),
};
