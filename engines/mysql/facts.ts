import { REFUSED, type DumpToolFacts, type ServerEngineFacts } from '../engine-facts';

/** Reasons of failures that MySQL and MariaDB have besides the common ones. */
export const MYSQL_REASONS = [
  /** The server has no account for the address of the task. */
  'address-refused',
  /** The user holds no privilege on the database. */
  'database-refused',
  /** A table was changed or dropped during the dump. */
  'table-changed',
  /** A masking policy may show masked values to the user. */
  'masked-columns',
  /** A row makes a statement that no server can load. */
  'row-too-long',
  /** A view refers to what is gone, or to what its definer may not use. */
  'view-broken',
  /** The server gives sessions another character set than they ask for. */
  'session-character-set',
] as const;
export type MysqlReason = (typeof MYSQL_REASONS)[number];

/** Notes on backups of MySQL and MariaDB. */
export const MYSQL_NOTES = [
  /** Past rows of system-versioned tables are not in the dump. */
  'no-history',
  /** Rows that a server accepts only with a larger max_allowed_packet than usual. */
  'long-rows',
  /** Columns with masking policies, which the user says exempt the account. */
  'masked-columns',
] as const;
export type MysqlNote = (typeof MYSQL_NOTES)[number];

/** `mysqldump` and `mariadb-dump`. https://dev.mysql.com/doc/refman/8.4/en/mysqldump.html#mysqldump-option-summary */
export const MYSQL_ARGUMENTS: Omit<DumpToolFacts, 'name'> = {
  refusals: [
    { options: ['p', 'password', 'password1', 'u', 'user', 'login-path'], reason: REFUSED.secret },
    {
      options: ['h', 'host', 'P', 'port', 'S', 'socket', 'protocol', 'ssl', 'ssl-', 'defaults-', 'no-defaults'],
      reason: REFUSED.connection,
    },
    {
      options: [
        ...['r', 'result-file', 'T', 'tab', 'dir', 'X', 'xml', 'compact', 'i', 'comments', 'N', 'set-charset'],
        ...['default-character-set', '?', 'help', 'print-defaults', 'V', 'version'],
      ],
      reason: REFUSED.stream,
    },
    {
      options: [
        ...['f', 'force', 'w', 'where', 'd', 'no-data', 'ignore-table-data', 'ignore-error', 'ignore-database'],
        ...['t', 'no-create-info', 'n', 'no-create-db', 'A', 'all-databases', 'B', 'databases', 'tables'],
        ...['triggers', 'routines', 'R', 'events', 'E', 'opt', 'create-options', 'single-transaction'],
      ],
      reason: REFUSED.partial,
    },
  ],
  allowed: ['ignore-table'],
  valued: '#',
  prefixes: /^(?:loose|maximum|enable|disable|skip)-/,
};

/** Facts of MySQL. */
export const MYSQL_FACTS: ServerEngineFacts<MysqlReason, MysqlNote> = {
  title: 'MySQL',
  versions: ['5.7', '8.0', '8.4', '9.6', '9.7'],
  // The Oracle Linux 7 variant of 5.7 has glibc 2.17, on which Node.js 24 (2.28) cannot start.
  image: (version) => (version === '5.7' ? 'mysql:5.7-debian' : `mysql:${version}`),
  withoutArmImage: ['5.7'],
  reasons: MYSQL_REASONS,
  notes: MYSQL_NOTES,
  server: {
    defaultPort: 3306,
    majorVersionParts: 2,
    rdsEngines: ['mysql', 'aurora-mysql'],
    hasSchemas: false,
    dumpTool: { name: 'mysqldump', ...MYSQL_ARGUMENTS },
  },
};
