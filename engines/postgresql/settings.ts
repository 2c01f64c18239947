import type { Client } from 'pg';

/** Settings of a session, by name. */
export type Settings = Readonly<Record<string, string>>;

/**
 * The owner of a database sets these for every session in it (`ALTER DATABASE … SET`), and so decides which functions our
 * statements call, as which role they run, how long they may take, and what the tools hear. Every session of ours and of the
 * tools brings its own values in the startup packet, which beat the owner's. Each of them is known to PostgreSQL 14, or has the prefix of an
 * extension, which is accepted without it.
 */
export const SETTINGS: Settings = {
  search_path: 'pg_catalog',
  local_preload_libraries: '',
  row_security: 'off',
  // Else the planner evaluates CHECK constraints, to leave out tables that no row of can match.
  constraint_exclusion: 'off',
  // Where the extension is loaded, the planner reads its hints from a table that an owner may have made.
  'pg_hint_plan.enable_hint_table': 'off',
  // A serializable, read-only, deferrable transaction waits for those of all others.
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  default_transaction_read_only: 'on',
  exit_on_error: 'off',
  // Without it a backslash in a pattern of ours means something else.
  standard_conforming_strings: 'on',
  // How values and definitions are written, as far as the tools do not say it: a server that was restored must dump the same, and
  // must read what pg_dumpall wrote.
  timezone: 'UTC',
  datestyle: 'ISO',
  intervalstyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  quote_all_identifiers: 'off',
  client_min_messages: 'warning',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  // Networks forget a silent connection after some minutes, and servers keep the locks of a host that is lost for two hours.
  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
  tcp_keepalives_idle: '60',
  tcp_keepalives_interval: '10',
  tcp_keepalives_count: '6',
};

/** In a session that has lost its client, the server looks for it this often: nothing of ours outlives a run. */
const CLIENT_CHECK = '1s';

/** Settings as the `options` of a connection and `PGOPTIONS` have them. https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS */
export const optionsOf = (settings: Settings): string =>
  Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(/[\s\\]/g, '\\$&')}`)
    .join(' ');

/** Those that only newer versions know: in a startup packet, an unknown one ends the session. */
const WHERE_KNOWN: Settings = {
  transaction_timeout: '0',
  // A name that has become a view or a foreign table would run its owner's code.
  restrict_nonsystem_relation_kind: 'view,foreign-table',
};

/**
 * The settings of sessions that load a dump: they write, they read text as pg_dump writes it, and views may be read. The time zone
 * is that of the database: rows of materialised views may depend on it.
 */
export const loadingSettings = (settings: Settings): Settings => ({
  ...Object.fromEntries(Object.entries(settings).filter(([name]) => name !== 'timezone')),
  default_transaction_read_only: 'off',
  array_nulls: 'on',
  ...('restrict_nonsystem_relation_kind' in settings ? { restrict_nonsystem_relation_kind: '' } : {}),
});

/** Code that an owner runs whenever somebody logs in: it may write, which our sessions must not, or fail. */
export const WITHOUT_TRIGGERS: Settings = { event_triggers: 'off' };

/** Too late for it in a session that has begun. */
const ONLY_AT_START = 'local_preload_libraries';

/** The statement that sets them in a session that has begun, by names that no `search_path` changes. */
export function setAll(settings: Settings): string {
  const set = ([name, value]: [string, string]) => `pg_catalog.set_config('${name}', '${value}', false)`;
  const known = Object.entries(settings).filter(([name]) => name !== ONLY_AT_START);
  const perhaps = Object.entries(WHERE_KNOWN).map(
    ([name, value]) =>
      `CASE WHEN pg_catalog.current_setting('${name}', true) IS NOT NULL THEN ${set([name, value])} END`,
  );
  return `SELECT ${[...perhaps, ...known.map(set)].join(', ')}`;
}

/**
 * The settings for a server: those that only some versions know, and those that the role may set only here.
 *
 * @param client a session in any database
 */
export async function settingsFor(client: Client): Promise<Settings> {
  const { rows } = await client.query<{ known: string[]; ownRole: boolean; version: number; superuser: boolean }>(
    `SELECT array(SELECT name FROM unnest($1::text[]) name WHERE current_setting(name, true) IS NOT NULL) AS known,
       EXISTS (SELECT FROM pg_db_role_setting s, unnest(setconfig) c
         WHERE s.setrole = (SELECT oid FROM pg_roles WHERE rolname = session_user) AND c LIKE 'role=%') AS "ownRole",
       current_setting('server_version_num')::int AS version,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser`,
    [Object.keys(WHERE_KNOWN)],
  );
  const { known = [], ownRole = false, version = 0, superuser = false } = rows[0] ?? {};
  return {
    ...SETTINGS,
    ...Object.fromEntries(Object.entries(WHERE_KNOWN).filter(([name]) => known.includes(name))),
    // A role that the administrators set for this role itself beats the one of a database's owner anyway.
    ...(ownRole ? {} : { role: 'none' }),
    ...((await maySet(client, 'client_connection_check_interval', CLIENT_CHECK))
      ? { client_connection_check_interval: CLIENT_CHECK }
      : {}),
    ...(superuser || (version >= 150000 && (await isGranted(client, 'lc_messages'))) ? { lc_messages: 'C' } : {}),
    // Known since 17, when triggers ON login came.
    ...(version >= 170000 && (superuser || (await isGranted(client, 'event_triggers'))) ? WITHOUT_TRIGGERS : {}),
  };
}

/** Not where the server's system cannot do it. */
const maySet = (client: Client, name: string, value: string): Promise<boolean> =>
  client.query('SELECT set_config($1, $2, false)', [name, value]).then(
    () => true,
    () => false,
  );

async function isGranted(client: Client, name: string): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(`SELECT has_parameter_privilege($1, 'SET') AS may`, [name]);
  return rows[0]?.may ?? false;
}
