/** Reasons of failures that MySQL and MariaDB have beside the common ones. */
export const MYSQL_REASONS = [
  /** The server has no account for the address of the task. */
  'address-refused',
  /** The user holds no privilege on the database. */
  'database-refused',
  /** A table was changed or dropped during the dump. */
  'table-changed',
] as const;
