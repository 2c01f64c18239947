/** How to repair failures of PostgreSQL. Pure: handlers read it. */
import type { ReasonValues } from '../../catalog/contract/failure';
import { shellWord } from '../../catalog/shell';
import type { EngineAdvice, RestoreSteps } from '../engine-advice';
import type { PostgresqlNote, PostgresqlReason } from './facts';
import { POSTGRESQL_NOTE_ADVICE } from './note-advice';
import { packageOf } from './packages';

/** A role as `pg_hba.conf` and SQL take it without quotes; one that needs them gives way to the placeholder. */
const roleOf = ({ account }: ReasonValues): string =>
  account !== undefined && /^[\w.-]+$/.test(account) ? account : '$ROLE';

/** A table as SQL takes it without quotes; one that needs them gives way to the placeholder. */
const tableOf = (object = ''): string => (/^[a-z_]\w*\.[a-z_]\w*$/.test(object) ? object : '$SCHEMA.$TABLE');

const databases = {
  say: 'As an administrator, list the databases:',
  run: 'SELECT datname FROM pg_database WHERE datallowconn;',
};

/** Settings of a restored database do not act on its own restore. */
const OPTIONS = '-c default_transaction_read_only=off -c array_nulls=on -c role=none';

/** Roles first, then each database with its own settings. */
const restore: RestoreSteps = ({ objects }, read) => [
  {
    say: 'Set PGHOST, PGUSER and PGPASSWORD to the new server and its administrator. Then:',
    run: `export PGOPTIONS='${OPTIONS}'`,
  },
  ...objects.flatMap((object) => {
    if (object.kind === 'globals')
      return [
        {
          say: 'Create the roles, but for the administrator, who exists. psql goes on after an error: read what it says.',
          run: `${read(object)} | sed -E "/^(CREATE ROLE $PGUSER;|ALTER ROLE $PGUSER WITH )/d" | psql -X -d postgres`,
        },
      ];
    const [database = ''] = object.databases;
    // The one that every server has is replaced.
    const target = database === 'postgres' ? '--create --clean -d template1' : '--create -d postgres';
    return [
      { say: `Restore the database ${database}:`, run: `${read(object)} | pg_restore --exit-on-error ${target}` },
      {
        say: 'Let the planner know its tables:',
        run: `PGDATABASE=${shellWord(database)} psql -X -c ANALYZE`,
      },
    ];
  }),
];

export const POSTGRESQL_ADVICE: EngineAdvice<PostgresqlReason, PostgresqlNote> = {
  starttls: 'postgres',
  restore,
  common: {
    'certificate-self-signed': () => [
      {
        say: 'Give the server the new certificate, owned by its user and with mode 0600 for the key, and reload it:',
        run: "ALTER SYSTEM SET ssl = on;\nALTER SYSTEM SET ssl_cert_file = '/etc/postgresql/server-cert.pem';\nALTER SYSTEM SET ssl_key_file = '/etc/postgresql/server-key.pem';\nSELECT pg_reload_conf();",
      },
    ],
    'login-refused': (values) => [
      {
        say: 'As an administrator, see whether the role may log in, and until when its password is valid:',
        run: `SELECT rolname, rolcanlogin, rolvaliduntil FROM pg_roles WHERE rolname = '${roleOf(values)}';`,
      },
    ],
    'no-connection-left': () => [
      {
        say: 'As an administrator, see who holds the connections:',
        run: 'SELECT usename, state, count(*) FROM pg_stat_activity GROUP BY 1, 2;',
      },
      {
        say: 'If all of them are needed, raise max_connections and restart; on RDS, in the parameter group. Its current value:',
        run: 'SHOW max_connections;',
      },
    ],
    'tls-not-offered': () => [{ say: 'As an administrator, see whether TLS is enabled:', run: 'SHOW ssl;' }],
    'database-unknown': () => [databases],
    'no-database': () => [databases],
  },
  own: {
    'not-admitted': {
      title: 'pg_hba.conf does not admit the connection',
      happened: ({ account }) =>
        `pg_hba.conf does not admit ${account === undefined ? 'the connection' : `role ${account}`} from the task's address`,
      likelyCause:
        'The server was reached, but no rule of pg_hba.conf admits this role from this address, or none without TLS.',
      action: "Add a rule for the task's subnets to pg_hba.conf.",
      steps: (values) => [
        {
          say: 'If the database is set up with DatabaseTls.off(), try TLS first: leave it out, and deploy.',
        },
        {
          say: "Add this line to pg_hba.conf, above any that rejects ($RANGE: range of the task's subnets, for example 10.0.12.0/24, because the address changes):",
          run: `hostssl all ${roleOf(values)} $RANGE scram-sha-256`,
        },
        { say: 'As an administrator, let the server read the file:', run: 'SELECT pg_reload_conf();' },
        { say: 'On RDS nobody edits that file: there the cause is TLS (rds.force_ssl), or a role that is gone.' },
      ],
    },
    'role-without-login': {
      title: 'the role may not log in',
      happened: ({ account }) => `role ${account ?? 'of the backup'} may not log in`,
      likelyCause: 'The role exists, but without the attribute LOGIN: somebody locked it, or created it as a group.',
      action: 'Give the role the attribute LOGIN.',
      steps: (values) => [{ say: 'Run as an administrator:', run: `ALTER ROLE "${roleOf(values)}" LOGIN;` }],
    },
    'database-missing': {
      title: 'the database does not exist',
      happened: ({ database }) => `database ${database ?? 'to connect to'} does not exist`,
      likelyCause:
        'The server was reached, but has no database of this name: it was renamed or dropped. A backup of all databases connects to the database postgres first.',
      action: 'Correct the name of the database, or restore it if it is lost.',
      steps: ({ database }) => [
        databases,
        database === 'postgres'
          ? { say: 'Create it again, as an administrator; it may stay empty:', run: 'CREATE DATABASE postgres;' }
          : { say: 'If it was renamed, correct databases of the backup, and deploy.' },
      ],
      lost: ({ database }) => (database === 'postgres' ? undefined : { database, isGone: true }),
    },
    'schema-missing': {
      title: 'a schema does not exist',
      happened: ({ object, database }) =>
        `schema ${object ?? 'to dump'} does not exist${database === undefined ? '' : ` in database ${database}`}`,
      likelyCause: 'A schema that the backup names was renamed or dropped.',
      action: 'Correct schemas of the backup, or restore the schema if it is lost.',
      steps: () => [
        { say: 'As an administrator, list the schemas of the database:', run: 'SELECT nspname FROM pg_namespace;' },
        { say: 'If it was renamed, correct schemas of the backup, and deploy. If it is lost, restore it.' },
      ],
    },
    subscriptions: {
      title: 'only a superuser can dump subscriptions',
      happened: ({ database }) =>
        `${database === undefined ? 'the database' : `database ${database}`} has subscriptions, which only a superuser can dump`,
      likelyCause:
        'pg_dump leaves out subscriptions unless its role is a superuser. The run refuses to leave them out without being told to.',
      action: 'Leave the subscriptions out of the dump, and note how each was created.',
      steps: () => [
        { say: 'Add --no-subscriptions to extraDumpArguments of the database, and deploy.' },
        {
          say: 'Note how each subscription was created: they are not in the dump. As an administrator:',
          run: 'SELECT subname, subpublications FROM pg_subscription;',
        },
      ],
    },
    'extension-rows-hidden': {
      title: 'row-level security hides rows of an extension',
      happened: ({ object, database }) =>
        `row-level security hides rows of ${object ?? "an extension's table"}${database === undefined ? '' : ` in database ${database}`}`,
      likelyCause:
        'An extension such as pg_cron was installed. It keeps rows of yours in a table of its own, with a policy by which each role sees some of them only.',
      action: 'Let the role of the backup see all rows, or leave the table out.',
      steps: ({ statements = [], object }) => [
        { say: 'Run as an administrator; on RDS, as the master user:', run: statements.join('\n') },
        {
          say: 'If that is refused, leave the table out, and deploy:',
          run: `extraDumpArguments: [${(object ?? '$TABLE')
            .split(', ')
            .map((name) => `'--exclude-table=${name}'`)
            .join(', ')}]`,
        },
        {
          say: 'The rows are not in the backup then. Keep them as a script beside your code: for pg_cron, the calls of cron.schedule.',
        },
      ],
    },
    pooler: {
      title: 'a pooler stands before the server',
      likelyCause:
        'The host and port are those of a pooler such as PgBouncer or RDS Proxy, or of several servers. A dump needs settings and snapshots of its own sessions, which a pooler does not pass on.',
      action: 'Connect to the server itself.',
      steps: () => [
        { say: 'Give the host and port of the server itself to the database of the backup, and deploy.' },
        { say: 'Let the security group of the server admit the one of the backup task.' },
      ],
    },
    'table-damaged': {
      title: 'a table is damaged',
      happened: ({ object, database }) =>
        `${object === undefined ? 'a table' : `table ${object}`}${database === undefined ? '' : ` in database ${database}`} has lost rows that its index still has`,
      likelyCause:
        'The file of the table was cut, by a failed disk, a full one, or a copy of the data directory that was not complete. The server reads what is left without an error.',
      action: 'Bring the table back from an older backup. Keep the older backups until then.',
      steps: ({ object }) => [
        {
          say: 'As an administrator, compare the pages that the table has with those that it had when the server last looked:',
          run: `SELECT pg_relation_size(oid) / current_setting('block_size')::int AS pages, relpages, reltuples FROM pg_class WHERE oid = '${tableOf(object)}'::regclass;`,
        },
        { say: 'If the rows that are left are all that there should be:', run: `REINDEX TABLE ${tableOf(object)};` },
      ],
      lost: ({ object, database }) => ({ database, ...(object !== undefined && { tables: object.split(', ') }) }),
    },
    'row-too-long': {
      title: 'a row is too long to be dumped',
      happened: ({ object }) =>
        `a row${object === undefined ? '' : ` of ${object}`} is longer than 1 GiB as text, which no server can send`,
      likelyCause:
        'A dump is text, in which a bytea takes twice its size, and PostgreSQL cannot hold a row of more than 1 GiB of text: 512 MiB of bytea in one row are too much.',
      action: 'Shorten the row, or leave its table out of the backup.',
      steps: ({ object }) => [
        {
          say: 'As an administrator, find the row; large objects, or several rows, have no such limit:',
          run: `SELECT ctid, pg_column_size(t.*) FROM ${tableOf(object)} t ORDER BY 2 DESC LIMIT 3;`,
        },
        { say: 'To leave the table out:', run: `extraDumpArguments: ['--exclude-table=${tableOf(object)}']` },
      ],
    },
    'table-locked': {
      title: 'a table is locked',
      happened: ({ object, database, said }) =>
        `${object ?? 'a table'}${database === undefined ? '' : ` in database ${database}`} is locked${said === undefined ? '' : ` by ${said}`}`,
      likelyCause:
        'A transaction that changes the table (ALTER TABLE, TRUNCATE, LOCK TABLE, VACUUM FULL) was open for longer than the dump waits. A session may have left it open.',
      action: 'Let that transaction end, and run the backup again.',
      steps: () => [
        {
          say: 'As an administrator, see who holds such locks, and since when:',
          run: "SELECT pid, usename, application_name, xact_start, state, query FROM pg_stat_activity WHERE pid IN (SELECT pid FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation >= 16384);\nSELECT gid, prepared, owner FROM pg_prepared_xacts;",
        },
        { say: 'End a session that was forgotten ($PID: its pid):', run: 'SELECT pg_terminate_backend($PID);' },
        { say: 'Plan backups beside migrations and VACUUM FULL.' },
      ],
    },
    'table-changed': {
      title: 'a table changed during the dump',
      happened: ({ object }) =>
        `${object === undefined || object.startsWith('pg_') ? 'a table' : `table ${object}`} was altered, emptied or dropped during the dump`,
      likelyCause:
        'ALTER TABLE, DROP TABLE, TRUNCATE or VACUUM FULL ran between the snapshot of the dump and its locks: a migration, a deployment or a job.',
      action: 'Make a backup now, and keep the schedule away from migrations.',
      steps: () => [
        { say: 'The run was tried twice. Move the schedule of the backup away from the job that changes tables.' },
      ],
    },
    'standby-conflict': {
      title: 'the standby ended the dump',
      happened: ({ database }) =>
        `the standby ended the dump${database === undefined ? '' : ` of database ${database}`} to apply changes of its primary server`,
      likelyCause:
        'The primary server removed dead rows that the dump could still see, or changed a table. A standby waits for its readers only so long.',
      action: 'Let the standby wait longer, or back up the primary server.',
      steps: () => [
        {
          say: 'As an administrator of the standby, have the primary server keep rows that readers still see; on RDS, in the parameter group:',
          run: 'ALTER SYSTEM SET hot_standby_feedback = on;\nSELECT pg_reload_conf();',
        },
        {
          say: 'Or let it fall behind for longer than a dump takes:',
          run: "ALTER SYSTEM SET max_standby_streaming_delay = '2h';\nSELECT pg_reload_conf();",
        },
        { say: 'On Aurora neither works: back up the writer (leave out useReader), and deploy.' },
      ],
    },
    'damage-hidden': {
      title: 'the server hides damage',
      happened: ({ object, database }) =>
        `${object ?? 'a setting'} makes the server hide damage${database === undefined ? '' : ` in database ${database}`}`,
      likelyCause:
        'Somebody set it to rescue a damaged database, and it stayed. Pages that cannot be read are dumped as if they had been empty.',
      action: 'Reset the setting, see what is damaged, and keep the older backups.',
      steps: ({ statements = [] }) => [
        ...statements.map((run) => ({
          say: 'As an administrator, see what is damaged after the setting is reset:',
          run,
        })),
      ],
      lost: ({ database }) => ({ database }),
    },
    'database-closed': {
      title: 'the database accepts no connections',
      happened: ({ database }) => `database ${database ?? 'to dump'} accepts no connections`,
      likelyCause: 'Somebody closed the database, set its connection limit to 0, or its DROP was interrupted.',
      action: 'Open the database, or leave it out of the backup.',
      steps: ({ statements = [] }) => [
        { say: 'Run as an administrator:', run: statements.join('\n') },
        { say: 'Or leave it out: list it in excludeDatabases, or remove it from databases, and deploy.' },
      ],
    },
  },
  packageOf,
  notes: POSTGRESQL_NOTE_ADVICE,
};
