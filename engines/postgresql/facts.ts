/** Reasons of failures that PostgreSQL has beside the common ones. */
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
] as const;
