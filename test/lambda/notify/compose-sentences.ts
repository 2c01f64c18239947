/** Sentences of the program and of the functions, of which each leads to advice of its own. */
import type { BackupFacts, Cause } from '../../../catalog/contract/alarms';
import type { Problem } from '../../../catalog/contract/notification';
import { MYSQL_CAUSES } from '../../../engines/mysql/connection';
import { POSTGRESQL_CAUSES } from '../../../engines/postgresql/connection';
import { connectionError } from '../../../engines/shared/connection-error';
import { backup } from './compose-support';

/** A database of PostgreSQL, as the newest backup names it. */
export const POSTGRESQL: BackupFacts = backup(24, { engine: 'postgresql 16.4' });

const failure = (code: string, message: string, port = 3306): string =>
  connectionError(
    { host: 'shop-db.internal', port } as Parameters<typeof connectionError>[0],
    Object.assign(new Error(message), { code }),
    { ...MYSQL_CAUSES, ...POSTGRESQL_CAUSES },
  ).message;
const postgresql = (code: string, message: string) => [failure(code, message, 5432), POSTGRESQL] as const;

/** How a run does not get to its database, with the newest backup where that says more. */
export const CONNECTIONS: Readonly<Record<string, readonly [sentence: string, newest?: BackupFacts]>> = {
  database: [failure('ER_DBACCESS_DENIED_ERROR', "Access denied for user 'backup'@'%' to database 'shop_eu'")],
  host: [failure('ER_HOST_NOT_PRIVILEGED', "Host '10.0.12.7' is not allowed to connect to this MySQL server")],
  'too-many': [failure('ER_CON_COUNT_ERROR', 'Too many connections')],
  'too-many-postgresql': postgresql('53300', 'sorry, too many clients already'),
  'password-postgresql': postgresql('28P01', 'password authentication failed for user "backup"'),
  'pg-hba': postgresql(
    '28000',
    'no pg_hba.conf entry for host "10.0.12.7", user "backup", database "postgres", no encryption',
  ),
  'pg-role': postgresql('28000', 'role "backup" is not permitted to log in'),
  'no-database': postgresql('3D000', 'database "postgres" does not exist'),
  expired: [failure('HANDSHAKE_SSL_ERROR', 'certificate has expired')],
  'other-name': [failure('ERR_TLS_CERT_ALTNAME_INVALID', "Hostname/IP does not match certificate's altnames")],
  untrusted: [failure('SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain')],
  'no-tls': [failure('HANDSHAKE_NO_SSL_SUPPORT', 'Server does not support secure connection')],
  'unknown-name': [failure('ENOTFOUND', 'getaddrinfo ENOTFOUND shop-db.internal')],
  'nothing-listens': [failure('ECONNREFUSED', 'connect ECONNREFUSED 10.0.30.4:3306')],
  'no-answer': [failure('ETIMEDOUT', 'connect ETIMEDOUT')],
  'no-answer-postgresql': [failure('', 'timeout expired', 5432), POSTGRESQL],
};

/** Cut off where a log line ends: in the middle of a statement. */
export const MANY_GRANTS: string = (
  'user backup@% lacks privileges that a complete dump needs (TRIGGER, EVENT); without them it would miss things silently. Run as an administrator: ' +
  Array.from({ length: 120 }, (_, index) => `GRANT TRIGGER, EVENT ON \`shop\\_${index}\`.* TO 'backup'@'%';`).join(' ')
).slice(0, 4000);

export const POSTGRESQL_GRANTS =
  "role backup lacks privileges that a complete dump of database orders needs (SELECT on public.customers, public.invoices; SELECT on large objects 16401, 16402, 16403, 16404, 16405 and 2 more). Run in it as an administrator: GRANT pg_read_all_data TO backup; DO $$ DECLARE o oid; BEGIN FOR o IN SELECT oid FROM pg_largeobject_metadata LOOP EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO backup', o); END LOOP; END $$;";

const STORE = 'could not store shop/2026-11-20T01-00-00Z/shop.sql.zst: ';
const REFUSED =
  '(check that the task role may put objects under its prefix and use the KMS key, and that no bucket, key, endpoint or organisation policy denies it)';

/** How a backup cannot be stored. */
export const UPLOADS: Readonly<Record<string, string>> = {
  key: `${STORE}AccessDenied: User: arn:aws:sts::111122223333:assumed-role/ShopBackups-Task/1dc5 is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-4000-8000-111122223333 because no resource-based policy allows the kms:GenerateDataKey action ${REFUSED}`,
  'key-disabled': `${STORE}KMS.DisabledException: arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-4000-8000-111122223333 is disabled. (check that the bucket is in the Region of the task)`,
  'no-bucket': `${STORE}NoSuchBucket: The specified bucket does not exist (check that the bucket exists and that it is in the Region of the task)`,
  'no-answer': `${STORE}TimeoutError: socket hang up (no answer came: check the route to S3, such as a gateway endpoint or a NAT gateway, and the security group)`,
  'not-recovered': `${STORE}SlowDown: Please reduce your request rate. (S3 did not recover within five tries; the next run starts anew)`,
};

/** What is said of the housekeeping, beside what is told most often. */
export const HOUSEKEEPING: Readonly<
  Record<string, readonly [cause: Cause, sentence: string, change?: Partial<Problem>]>
> = {
  'prune-damaged': [
    'prune',
    '1 problem in acme-backups: shop: 1 damaged, such as 2026-11-18T01-00-00Z: shop/2026-11-18T01-00-00Z/shop.sql.zst is missing',
  ],
  'prune-waits': [
    'prune',
    '1 problem in acme-backups: shop: the newest whole backup is 60 hours old, and 25 hours are allowed: nothing is deleted until a backup succeeds',
  ],
  'prune-failed': [
    'prune',
    "1 problem in acme-backups: shop: could not delete 24 objects, such as shop/2026-10-18T01-00-00Z/manifest.json: AccessDenied: not authorized to perform: s3:DeleteObject: check that the bucket's policy admits the role of the prune function, and that no organisation policy denies s3:DeleteObject",
  ],
  'prune-several': [
    'prune',
    '3 problems in acme-backups: shop: 31 of 40 backups would be deleted, and a run by schedule deletes at most 50 % of them: look at them with proven-backups prune --dry-run, and delete them with proven-backups prune; blog: 2 damaged, such as 2026-11-18T01-00-00Z: blog/2026-11-18T01-00-00Z/blog.sql.zst is missing',
  ],
  'prune-told-by-its-alarm': [
    'prune',
    'the pruning reported 2 problems: its log names them',
    { resource: 'ShopBackups-Prune' },
  ],
  'prune-snapshots-damaged': [
    'prune-snapshots',
    '1 problem in Backup=daily: vol-0abc: 1 damaged, such as snap-06452787b6f3dbd13: its state is error',
  ],
  'prune-snapshots-too-many': [
    'prune-snapshots',
    '1 problem in Backup=daily: vol-0abc: 31 of 40 backups would be deleted, and a run by schedule deletes at most 50 % of them: look at them with proven-backups prune --dry-run, and delete them with proven-backups prune',
    { resource: 'ShopBackups-PruneSnapshots', logGroup: undefined },
  ],
  'replication-behind': ['replication', 'the replication by rule copies is 5400 seconds behind'],
  'measure-told-by-its-alarm': [
    'measure',
    'the function failed: Task timed out after 300.00 seconds',
    { logGroup: undefined },
  ],
};
