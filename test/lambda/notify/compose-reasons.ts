/** Reasons of failed runs, by the names of emails. */
import type { Reason } from '../../../catalog/contract/failure';
import { COMMON_REASONS } from '../../../catalog/contract/failure';
import type { ExitCodeName } from '../../../catalog/contract/task';
import { ENGINE_FACTS } from '../../../engines/facts';

/** A failed run with a reason. */
export interface FailedRun {
  readonly cause: Exclude<
    ExitCodeName,
    | 'success'
    | 'alreadyRunning'
    | 'interruptedBySigint'
    | 'restoreFailed'
    | 'maintainFailed'
    | 'targetRefused'
    | 'downloadFailed'
    | 'notProven'
    | 'notTested'
  >;
  readonly engine: string;
  readonly message: string;
  readonly reason: Reason;
}

const SERVERS: Readonly<Record<string, Pick<Reason, 'host' | 'port'>>> = {
  mysql: { host: 'shop-db.internal', port: 3306 },
  mariadb: { host: 'shop-db.internal', port: 3306 },
  postgresql: { host: 'shop-db.internal', port: 5432 },
  // No engine of ours: it has no advice of its own.
  cassandra: { host: 'shop-db.internal', port: 9042 },
};

/** A run that did not get to its database. */
export const connection = (kind: string, said: string, engine = 'mysql', values: Partial<Reason> = {}): FailedRun => {
  const server = SERVERS[engine]!;
  return {
    cause: 'connection',
    engine,
    message: `could not connect to ${server.host}:${server.port}: ${said} (see the documentation)`,
    reason: { kind, ...server, said, ...values },
  };
};

const MANY = Array.from(
  { length: 120 },
  (_, index) => `GRANT TRIGGER, EVENT ON \`shop\\_${index}\`.* TO 'backup'@'%';`,
);

const BACKUP_ROLE = 'db.getSiblingDB("admin").grantRolesToUser("backup", [{"role":"backup","db":"admin"}])';
const OVERFLOW = 'Failed: oplog overflow: mongodump was unable to capture all new oplog entries during execution';

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-4000-8000-111122223333';
const STORE = 'could not store shop/2026-11-20T01-00-00Z/shop.sql.zst: ';

/** Failed runs, by the names of emails. */
export const FAILED_RUNS = {
  'login-refused': connection(
    'login-refused',
    "Access denied for user 'backup'@'10.0.12.7' (using password: YES)",
    'mysql',
    {
      account: 'backup',
    },
  ),
  'login-refused-postgresql': connection(
    'login-refused',
    'password authentication failed for user "backup"',
    'postgresql',
    {
      account: 'backup',
    },
  ),
  'login-refused-cassandra': connection('login-refused', 'Authentication failed.', 'cassandra', { account: 'backup' }),
  'no-connection-left-cassandra': connection(
    'no-connection-left',
    'connection refused because too many open connections',
    'cassandra',
  ),
  'tls-not-offered-cassandra': connection('tls-not-offered', 'server does not support TLS', 'cassandra'),
  'self-signed-cassandra': connection('certificate-self-signed', 'self-signed certificate', 'cassandra'),
  'database-refused': connection(
    'database-refused',
    "Access denied for user 'backup'@'%' to database 'shop_eu'",
    'mysql',
    {
      account: 'backup@%',
      database: 'shop_eu',
    },
  ),
  'address-refused': connection(
    'address-refused',
    "Host '10.0.12.7' is not allowed to connect to this MySQL server",
    'mysql',
    {
      account: 'backup',
    },
  ),
  'too-many': connection('no-connection-left', 'Too many connections'),
  'too-many-postgresql': connection('no-connection-left', 'sorry, too many clients already', 'postgresql'),
  'not-admitted': connection(
    'not-admitted',
    'no pg_hba.conf entry for host "10.0.12.7", user "backup", database "postgres", no encryption',
    'postgresql',
    { account: 'backup' },
  ),
  'role-without-login': connection('role-without-login', 'role "backup" is not permitted to log in', 'postgresql', {
    account: 'backup',
  }),
  'database-missing': connection('database-missing', 'database "postgres" does not exist', 'postgresql', {
    database: 'postgres',
  }),
  expired: connection('certificate-expired', 'certificate has expired'),
  'other-name': connection('certificate-name', "Hostname/IP does not match certificate's altnames"),
  untrusted: connection('certificate-untrusted', 'self-signed certificate in certificate chain'),
  'self-signed': connection('certificate-self-signed', 'self-signed certificate'),
  'self-signed-postgresql': connection('certificate-self-signed', 'self-signed certificate', 'postgresql'),
  'no-tls': connection('tls-not-offered', 'Server does not support secure connection'),
  'host-unknown': connection('host-unknown', 'getaddrinfo ENOTFOUND shop-db.internal'),
  'nothing-listens': connection('nothing-listens', 'connect ECONNREFUSED 10.0.30.4:3306'),
  'no-answer': connection('no-answer', 'connect ETIMEDOUT'),
  'not-ready': connection('not-ready', 'Connection lost: The server closed the connection.'),
  'no-answer-postgresql': connection('no-answer', 'timeout expired', 'postgresql'),
  'unknown-connection': connection('other', 'Packets out of order'),
  'privileges-many': {
    cause: 'privileges',
    engine: 'mysql',
    message: `user backup@% lacks privileges that a complete dump needs (TRIGGER, EVENT). Run as an administrator: ${MANY.join(' ')}`,
    reason: { kind: 'privileges-missing', account: 'backup@%', privileges: ['TRIGGER', 'EVENT'], statements: MANY },
  },
  'privileges-postgresql': {
    cause: 'privileges',
    engine: 'postgresql',
    message: 'role backup lacks privileges that a complete dump of database orders needs (…)',
    reason: {
      kind: 'privileges-missing',
      account: 'backup',
      database: 'orders',
      privileges: ['SELECT on public.customers, public.invoices', 'SELECT on large objects 16401, 16402 and 2 more'],
      statements: [
        'GRANT pg_read_all_data TO backup;',
        "DO $$ DECLARE o oid; BEGIN FOR o IN SELECT oid FROM pg_largeobject_metadata LOOP EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO backup', o); END LOOP; END $$;",
      ],
    },
  },
  'privileges-by-the-tool': {
    cause: 'privileges',
    engine: 'mysql',
    message: "mysqldump exited with 2: Access denied for user 'backup'@'%' to database 'shop' when using LOCK TABLES",
    reason: {
      kind: 'privileges-missing',
      said: "Access denied for user 'backup'@'%' to database 'shop' when using LOCK TABLES",
    },
  },
  subscriptions: {
    cause: 'privileges',
    engine: 'postgresql',
    message: 'database shop has subscriptions, which only a superuser can dump: add --no-subscriptions',
    reason: { kind: 'subscriptions', database: 'shop' },
  },
  'extension-rows-hidden': {
    cause: 'privileges',
    engine: 'postgresql',
    message: 'row-level security hides rows of an extension in database shop from role backup (…)',
    reason: {
      kind: 'extension-rows-hidden',
      ...{ database: 'shop', account: 'backup', object: 'cron.job', statements: ['ALTER ROLE backup BYPASSRLS;'] },
    },
  },
  'privileges-mongodb': {
    cause: 'privileges',
    engine: 'mongodb',
    message: `user backup@admin lacks find on local.oplog.rs, find on config.transactions. Run as an administrator: ${BACKUP_ROLE}`,
    reason: {
      kind: 'privileges-missing',
      account: 'backup@admin',
      privileges: ['find on local.oplog.rs', 'find on config.transactions'],
      statements: [BACKUP_ROLE],
    },
  },
  'oplog-overflow': {
    cause: 'dumpFailed',
    engine: 'mongodb',
    message: `mongodump exited with 1: ${OVERFLOW} (the oplog was overwritten while the dump was made: enlarge it by replSetResizeOplog, or dump when less is written)`,
    reason: { kind: 'oplog-overflow', object: 'mongodump', said: OVERFLOW },
  },
  'scratch-full': {
    cause: 'dumpFailed',
    engine: 'sqlite',
    message: 'could not take a snapshot of /data/shop.db: /scratch must have 31 GiB free, got: 20 GiB; …',
    reason: { kind: 'scratch-full', object: '/data/shop.db' },
  },
  'key-denied': {
    cause: 'uploadFailed',
    engine: 'mysql',
    message: `${STORE}AccessDenied: not authorized to perform: kms:GenerateDataKey`,
    reason: {
      kind: 'key-denied',
      key: KEY,
      said: `AccessDenied: User: arn:aws:sts::111122223333:assumed-role/ShopBackups-Task/1dc5 is not authorized to perform: kms:GenerateDataKey on resource: ${KEY} because no resource-based policy allows the kms:GenerateDataKey action`,
    },
  },
  'key-unusable': {
    cause: 'uploadFailed',
    engine: 'mysql',
    message: `${STORE}KMS.DisabledException: ${KEY} is disabled.`,
    reason: { kind: 'key-unusable', said: `KMS.DisabledException: ${KEY} is disabled.` },
  },
  'bucket-missing': {
    cause: 'uploadFailed',
    engine: 'mysql',
    message: `${STORE}NoSuchBucket: The specified bucket does not exist`,
    reason: { kind: 'bucket-missing', said: 'NoSuchBucket: The specified bucket does not exist' },
  },
  // A program that is newer than this function.
  'newer-program': {
    cause: 'dumpFailed',
    engine: 'mysql',
    message: 'the moon was full: wait a day',
    reason: { kind: 'full-moon' },
  },
} as const satisfies Readonly<Record<string, FailedRun>>;

/** The exit code of a reason is that of its list. */
const CAUSES: readonly (readonly [first: string, cause: FailedRun['cause']])[] = [
  ['job-invalid', 'configuration'],
  ['host-unknown', 'connection'],
  ['privileges-missing', 'privileges'],
  ['tool-killed', 'dumpFailed'],
  ['key-denied', 'uploadFailed'],
  ['timed-out', 'timedOut'],
];

/** Every reason that a program can give, with and without values. */
export const EVERY_REASON: readonly FailedRun[] = [
  ...COMMON_REASONS.flatMap((kind) => ['mysql', 'cassandra'].map((engine) => ({ kind: kind as string, engine }))),
  ...Object.entries(ENGINE_FACTS).flatMap(([engine, { reasons }]) => reasons.map((kind) => ({ kind, engine }))),
].flatMap(({ kind, engine }) => {
  const index = COMMON_REASONS.findIndex((one) => one === kind);
  const cause =
    CAUSES.findLast(([first]) => COMMON_REASONS.findIndex((one) => one === first) <= index)?.[1] ?? 'dumpFailed';
  const values = {
    host: 'shop-db.internal',
    port: 3306,
    account: 'backup@%',
    database: 'shop',
    object: 'shop.orders',
    privileges: ['TRIGGER'],
    statements: ["GRANT TRIGGER ON `shop`.* TO 'backup'@'%';"],
    key: KEY,
    said: 'no',
  };
  return [{ kind }, { kind, ...values }].map((reason) => ({ cause, engine, message: 'it failed', reason }));
});
