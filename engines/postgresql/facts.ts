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
  /** A pooler stands before the server, and refuses the settings of our sessions. */
  'pooler',
  /** Somebody holds a lock that the dump needs. */
  'table-locked',
  /** A setting makes the server pass over damage instead of reporting it. */
  'damage-hidden',
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
] as const;
export type PostgresqlNote = (typeof POSTGRESQL_NOTES)[number];

/** Facts of PostgreSQL. */
export const POSTGRESQL_FACTS: ServerEngineFacts<PostgresqlReason, PostgresqlNote> = {
  title: 'PostgreSQL',
  versions: ['14', '15', '16', '17', '18'],
  image: (version) => `postgres:${version}-bookworm`,
  reasons: POSTGRESQL_REASONS,
  notes: POSTGRESQL_NOTES,
  server: {
    defaultPort: 5432,
    majorVersionParts: 1,
    rdsEngines: ['postgres', 'aurora-postgresql'],
    hasSchemas: true,
    // https://www.postgresql.org/docs/current/app-pgdump.html
    dumpTool: {
      name: 'pg_dump',
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
      valued: 'nNtTeS',
    },
  },
};
