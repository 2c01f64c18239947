import { REFUSED, type DumpToolFacts, type ServerEngineFacts } from '../engine-facts';

/** Reasons of failures that MySQL and MariaDB have besides the common ones. */
export const MYSQL_REASONS = [
  /** The server has no account for the address of the task. */
  'address-refused',
  /** The user holds no privilege on the database. */
  'database-refused',
  /** A table was changed or dropped during the dump. */
  'table-changed',
  /** Another session keeps a lock on a table that the dump waits for. */
  'table-locked',
  /** The server cannot read a table. */
  'table-unreadable',
  /** The files of a table are damaged. */
  'table-damaged',
  /** A limit of the account, or of all statements of the server. */
  'limit-reached',
  /** A masking policy may show masked values to the user. */
  'masked-columns',
  /** A row makes a statement that no server can load. */
  'row-too-long',
  /** A view refers to what is gone, or to what its definer may not use. */
  'view-broken',
  /** The server begins sessions with settings that would damage the dump. */
  'session-settings',
  /** The server skips what is damaged. */
  'damage-hidden',
  /** A database or table has a name from before MySQL 5.1. */
  'old-name',
  /** The dump tools would search a delimiter for an event's text for ever. */
  'endless-event',
] as const;
export type MysqlReason = (typeof MYSQL_REASONS)[number];

/** Notes on backups of MySQL and MariaDB. */
export const MYSQL_NOTES = [
  /** Past rows of system-versioned tables are not in the dump. */
  'no-history',
  /** Tables of engines that hold no rows of their own: MERGE, FEDERATED and the like. */
  'rows-elsewhere',
  /** Rows that a server accepts only with a larger max_allowed_packet than usual. */
  'long-rows',
  /** Settings by which the server reads damaged pages without a word. */
  'damage-unchecked',
  /** Columns with masking policies, which the user says exempt the account. */
  'masked-columns',
  /** Tables with transaction-precise history, for which the history of all is left out. */
  'transaction-precise-history',
  /** Sequences that must be there before the dump is loaded. */
  'sequences-first',
  /** Views of objects that are not in the dump. */
  'outside-views',
  /** Columns of which some characters come back as others. */
  'characters-changed',
  /** Tables whose rows may have values that come back as others: there was no time to look. */
  'values-unchecked',
  /** FLOAT columns of which some values come back with six digits. */
  'floats-rounded',
  /** JSON columns of which some values come back with another type. */
  'json-types',
  /** ENUM columns whose invalid value comes back as the empty member. */
  'empty-enums',
  /** Events that vanish when they are loaded after their time; `db.*` for the one-time events of a database. */
  'passing-events',
  /** Events that are disabled because this server is a replica. */
  'replica-events',
  /** Events in a named time zone. */
  'event-time-zones',
  /** Definitions that end in a semicolon. */
  'trailing-semicolons',
  /** Definitions written in a character set that the client misreads. */
  'body-characters',
  /** Functions that a server with a binary log does not create. */
  'undeclared-functions',
  /** Definers that are no accounts of the server. */
  'unknown-definers',
  /** ARCHIVE tables with AUTO_INCREMENT. */
  'archive-tables',
  /** MEMORY tables that are larger than a server allows by itself. */
  'memory-tables',
  /** Foreign keys to columns that are not unique. */
  'non-unique-parents',
  /** Tables in general tablespaces. */
  'tablespaces',
  /** Tables with files outside of the data directory. */
  'data-directories',
  /** Encrypted tables. */
  'encrypted-tables',
  /** Tables whose storage engine is a plugin. */
  'engine-plugins',
  /** Tables that the server would not create, for want of a primary key. */
  'no-primary-keys',
  /** A spatial reference system that the server does not have by itself. */
  'spatial-systems',
  /** Settings that can only be chosen when a server is made. */
  'server-settings',
  /** Objects that belong to the server. */
  'server-objects',
  /** Databases that are read-only. */
  'read-only-databases',
  /** Rows for which the task has too little memory. */
  'large-rows',
  // Of restores:
  /** Databases that an earlier restore left half done, and that are replaced. */
  'half-restored',
  /** Accounts that objects run as, and that the target does not have. */
  'definers-missing',
  /** Accounts that objects run as, where the target does not show its own. */
  'definers-unchecked',
  /** Accounts that were created for objects to run as. */
  'definers-created',
  /** Views whose definers lack rights on the target, or that read databases that it does not have. */
  'views-unusable',
  /** Events that were not created, since their time is over. */
  'events-over',
  /** Events that were not created, since the restore ended before. */
  'events-missing',
  /** Events of a copy, which were enabled. */
  'events-disabled',
  /** Rows that refer to rows that do not exist: of the first table, to the second. */
  'orphans',
  /** Tables that were restored without foreign keys. */
  'foreign-keys-left-out',
  /** Tables that were restored without their triggers. */
  'triggers-left-out',
] as const;
export type MysqlNote = (typeof MYSQL_NOTES)[number];

/** `mysqldump` and `mariadb-dump`. https://dev.mysql.com/doc/refman/8.4/en/mysqldump.html#mysqldump-option-summary */
export const MYSQL_ARGUMENTS: Omit<DumpToolFacts, 'name'> = {
  refusals: [
    {
      options: ['p', 'password', 'password1', 'password2', 'password3', 'u', 'user', 'login-path'],
      reason: REFUSED.secret,
    },
    {
      options: [
        ...['h', 'host', 'P', 'port', 'S', 'socket', 'protocol', 'ssl', 'ssl-', 'tls-', 'defaults-', 'no-defaults'],
        ...['init-command', 'init-command-', 'plugin-dir', 'default-auth'],
      ],
      reason: REFUSED.connection,
    },
    {
      options: [
        ...['r', 'result-file', 'T', 'tab', 'dir', 'X', 'xml', 'compact', 'i', 'comments', 'N', 'set-charset'],
        ...['default-character-set', 'compatible', 'quote-names', 'log-error', '?', 'help'],
        ...['print-defaults', 'V', 'version'],
      ],
      reason: REFUSED.stream,
    },
    {
      options: [
        ...['f', 'force', 'w', 'where', 'd', 'no-data', 'ignore-table-data', 'ignore-error', 'ignore-database'],
        ...['t', 'no-create-info', 'n', 'no-create-db', 'A', 'all-databases', 'B', 'databases', 'tables'],
        ...['triggers', 'routines', 'R', 'events', 'E', 'opt', 'create-options', 'single-transaction', 'ignore-views'],
        ...['generated-invisible-primary-key', 'as-of', 'H', 'dump-history'],
      ],
      reason: REFUSED.partial,
    },
    {
      options: [
        ...['x', 'lock-all-tables', 'F', 'flush-logs', 'master-data', 'source-data', 'dump-slave', 'dump-replica'],
        ...['delete-master-logs', 'delete-source-logs'],
      ],
      reason: REFUSED.server,
    },
    { options: ['add-drop-database', 'system'], reason: REFUSED.restore },
    // Behind `no-data`, of which it is no part.
    { options: ['no-data-med'], reason: REFUSED.stream },
  ],
  allowed: ['ignore-table'],
  leavesOut: /^--(?:(?:loose|maximum|enable)[-_])?ignore/,
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
  restoreTools: ['mysql'],
  proof: { diskPerByte: 2.5, diskBytes: 1.5 * 1024 ** 3, memoryMiB: 1024, tools: ['mysqld'] },
  server: {
    defaultPort: 3306,
    protocols: ['mysql', 'mariadb'],
    majorVersionParts: 2,
    rdsEngines: ['mysql', 'aurora-mysql'],
    dumpTool: { name: 'mysqldump', ...MYSQL_ARGUMENTS },
  },
};
