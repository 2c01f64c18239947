import { REFUSED, type ServerEngineFacts } from '../engine-facts';

/** Reasons of failures that PostgreSQL has besides the common ones. */
export const POSTGRESQL_REASONS = [
  /** `pg_hba.conf` has no rule that admits the connection. */
  'not-admitted',
  /** The role may not log in. */
  'role-without-login',
  /** The database to connect to does not exist. */
  'database-missing',
  /** A schema to dump does not exist. */
  'schema-missing',
  /** Subscriptions, which only a superuser can dump. */
  'subscriptions',
  /** Row-level security hides rows of an extension's table, which only BYPASSRLS sees. */
  'extension-rows-hidden',
  /** A pooler stands before the server, and refuses the settings of our sessions, or leads some of them to another server. */
  'pooler',
  /** The file of a table is cut, so that rows are missing. */
  'table-damaged',
  /** A row is longer, as text, than a server can send. */
  'row-too-long',
  /** Somebody holds a lock that the dump needs. */
  'table-locked',
  /** A table was altered, emptied or dropped during the dump. */
  'table-changed',
  /** A standby ended the dump, because it was in the way of changes that the standby had to apply. */
  'standby-conflict',
  /** A setting makes the server pass over damage instead of reporting it. */
  'damage-hidden',
  /** The database accepts no connections, or none of this role. */
  'database-closed',
] as const;
export type PostgresqlReason = (typeof POSTGRESQL_REASONS)[number];

/** Notes on backups of PostgreSQL. */
export const POSTGRESQL_NOTES = [
  /** The server warned our sessions; the dump is complete all the same. */
  'server-warning',
  /** Foreign keys of an extension's tables refer to each other: their rows come back only with triggers disabled. */
  'circular-keys',
  /** Settings of the server by which damage goes unnoticed. */
  'damage-unnoticed',
  /** Tables that had rows when the server last looked, and whose files are empty now. */
  'emptied-tables',
  /** Memberships whose role, member or grantor was dropped: what is left of them is in the dump. */
  'orphaned-grants',
  /** Databases that accept no connections are not in the backup. */
  'databases-closed',
  /** Template databases are dumped: no database can be made from one meanwhile. */
  'template-databases',
  /** Options of user mappings, such as passwords, are not in the dump. */
  'user-mapping-options',
  /** The rows of foreign tables are on other servers. */
  'foreign-rows',
  /** Objects that somebody made in the server's own schemas are not in the dump. */
  'system-schema-objects',
  /** Indexes whose build failed are not in the dump. */
  'invalid-indexes',
  /** A standby has no rows of unlogged tables. */
  'unlogged-rows',
  /** Changes to the tables of extensions are not in the dump. */
  'extension-changes',
  /** A restore needs tablespaces. */
  'tablespaces',
  /** The installed version of extensions is not the one that a restore installs. */
  'extension-version',
  /** Materialised views that come back without rows, because one that they read has none. */
  'empty-views',
  /** Small objects that the server has and the dump has not. */
  'missing-objects',
  /** Extensions that the image cannot create: no restore test of the backup can run in it. */
  'extension-not-in-image',
  /** Rows that the dump has and that another extension may insert as well. */
  'extension-rows',
  /** Libraries and dictionary files that a restore needs on the server. */
  'server-files',
  /** Labels whose provider a restore needs. */
  'security-labels',
  /** Privileges of roles that do not exist. */
  'unknown-grantees',
  /** Settings of the database that disturb its restore. */
  'database-settings',
  /** The restored database has a schema `public`, which this one has not. */
  'no-public-schema',
  /** Functions that run while a restore loads, and that need a `search_path`. */
  'search-path-functions',
  /** Functions that run while a restore loads, and that read tables. */
  'table-reading-functions',
  // Of restores.
  /** Roles that the target lacked, and that the restore creates. */
  'roles-created',
  /** Of these, those that log in and whose passwords are not in the backup. */
  'roles-without-password',
  /** What the administrator of the target could not give to them. */
  'roles-incomplete',
  /** Tablespaces that the target lacks: all goes into the default one. */
  'tablespaces-absent',
  /** Checks that rows of the backup violate. */
  'checks-not-valid',
  /** Settings, privileges and comments of the database that the target refused. */
  'database-incomplete',
  /** Rows of foreign tables, which belong to another server. */
  'foreign-rows-left',
  /** The database that was replaced could not be dropped. */
  'old-database-kept',
] as const;
export type PostgresqlNote = (typeof POSTGRESQL_NOTES)[number];

/** Facts of PostgreSQL. */
export const POSTGRESQL_FACTS: ServerEngineFacts<PostgresqlReason, PostgresqlNote> = {
  title: 'PostgreSQL',
  versions: ['14', '15', '16', '17', '18'],
  image: (version) => `postgres:${version}-bookworm`,
  reasons: POSTGRESQL_REASONS,
  notes: POSTGRESQL_NOTES,
  restoreTools: ['pg_restore', 'psql'],
  proof: {
    // Measured: 1.2 for the rows, and 0.7 for two indexes, of which one is of a text.
    diskPerByte: 1.9,
    // An empty server, and its log of changes (max_wal_size).
    diskBytes: 0.6 * 2 ** 30,
    memoryMiB: 1024,
    tools: ['initdb', 'postgres'],
  },
  server: {
    defaultPort: 5432,
    protocols: ['postgresql', 'postgres'],
    majorVersionParts: 1,
    rdsEngines: ['postgres', 'aurora-postgresql'],
    options: ['schemas', 'excludeSchemas'],
    // https://www.postgresql.org/docs/current/app-pgdump.html
    dumpTool: {
      name: 'pg_dump',
      companions: ['pg_dumpall'],
      refusals: [
        { options: ['U', 'username', 'W', 'password', 'w', 'no-password'], reason: REFUSED.secret },
        { options: ['h', 'host', 'p', 'port', 'd', 'dbname', 'snapshot'], reason: REFUSED.connection },
        {
          options: [
            ...['f', 'file', 'F', 'format', 'Z', 'compress', 'j', 'jobs', 'E', 'encoding'],
            ...['?', 'help', 'V', 'version'],
          ],
          reason: REFUSED.stream,
        },
        {
          options: [
            ...['enable-row-security', 's', 'schema-only', 'a', 'data-only', 'section', 'filter', 'no-data'],
            ...['no-schema', 'statistics-only', 'exclude-table-data', 'exclude-table-data-and-children'],
          ],
          reason: REFUSED.partial,
        },
      ],
      allowed: ['exclude-table', 'schema', 'statistics'],
      // With their abbreviations.
      leavesOut: /^(?:-[^-]*[nNtTeB]|--(?:exc|exte|sch|ta|no-b|no-l|no-un))/,
      valued: 'nNtTeS',
    },
  },
};
