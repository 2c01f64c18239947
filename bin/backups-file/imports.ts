/** Turns the entries of a backups file into constructs. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  ArnFormat,
  aws_ec2 as ec2,
  aws_iam as iam,
  aws_kms as kms,
  aws_s3 as s3,
  aws_secretsmanager as secretsmanager,
} from 'aws-cdk-lib';
import { Duration, RemovalPolicy, Stack, TimeZone } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { WeekStart } from '../../catalog/retention/retention-policy';
import { WEEK_STARTS } from '../../catalog/retention/retention-policy';
import type { DailyScheduleOptions, IBackupBucket, WeeklyScheduleOptions } from '../../lib';
import {
  BackupBucket,
  BackupRunner,
  BackupSchedule,
  DatabaseTls,
  FilesRepository,
  Retention,
  StorageTiers,
  WeekDay,
} from '../../lib';
import type { BackupsFile, DatabaseEntry, ServerEntry } from './schema';
import type { TIER_PRESETS } from './time-schema';

/** A VPC: by its ids, or looked up by the CDK CLI. */
export function vpcOf(scope: Construct, vpc: BackupsFile['vpc']): ec2.IVpc {
  if (typeof vpc !== 'string' && 'availabilityZones' in vpc) {
    const { id, ...attributes } = vpc;
    return ec2.Vpc.fromVpcAttributes(scope, 'Vpc', { vpcId: id, ...attributes });
  }
  requireEnvironment(scope, 'a VPC', ', or give availabilityZones and privateSubnetIds beside the id of the VPC');
  if (typeof vpc === 'string') return ec2.Vpc.fromLookup(scope, 'Vpc', { isDefault: true });
  return ec2.Vpc.fromLookup(scope, 'Vpc', 'id' in vpc ? { vpcId: vpc.id } : { tags: vpc.tags });
}

/** Refuses a look-up if the account or the Region is not known. */
export function requireEnvironment(scope: Construct, what: string, orElse: string): void {
  const { account, region } = Stack.of(scope);
  if (/^\d+$/.test(account) && /^[a-z]{2,}-/.test(region)) return;
  throw new Error(
    `${what} is looked up, which needs the account and the Region: give account and region, or use AWS credentials${orElse}`,
  );
}

const SUBNET_TYPES = {
  private: ec2.SubnetType.PRIVATE_WITH_EGRESS,
  public: ec2.SubnetType.PUBLIC,
  isolated: ec2.SubnetType.PRIVATE_ISOLATED,
};

export function subnetsOf(scope: Construct, subnets: BackupsFile['vpcSubnets']): ec2.SubnetSelection | undefined {
  if (subnets === undefined) return undefined;
  if (typeof subnets === 'string') return { subnetType: SUBNET_TYPES[subnets] };
  if ('subnetGroupName' in subnets) return subnets;
  return { subnets: subnets.subnetIds.map((id) => ec2.Subnet.fromSubnetId(scope, id, id)) };
}

/** Where backups run; in Fargate if left out. A role is imported once: it may have several databases. */
export function runnerOf(scope: Construct, { runsOn }: Pick<DatabaseEntry, 'runsOn'>): BackupRunner | undefined {
  if (runsOn === undefined || typeof runsOn === 'string') return undefined;
  const { role: given, ...instance } = runsOn.instances;
  const stack = Stack.of(scope);
  const id = `Role-${given}`;
  const role =
    (stack.node.tryFindChild(id) as iam.IRole | undefined) ??
    (given.startsWith('arn:') ? iam.Role.fromRoleArn(stack, id, given) : iam.Role.fromRoleName(stack, id, given));
  return BackupRunner.instances({ ...instance, role });
}

type Tiers = Exclude<BackupsFile['bucket'], { existing: string } | undefined>['storageTiers'];
const TIERS = {
  cheapest: StorageTiers.cheapest,
  'instant-access': StorageTiers.instantAccess,
  'standard-only': StorageTiers.standardOnly,
} satisfies Record<(typeof TIER_PRESETS)[number], () => StorageTiers>;

function tiersOf(tiers: Tiers): StorageTiers | undefined {
  if (tiers === undefined) return undefined;
  return typeof tiers === 'string' ? TIERS[tiers]() : StorageTiers.of(tiers);
}

export function bucketOf(scope: Construct, bucket: BackupsFile['bucket'] = {}): IBackupBucket {
  const keyArn = bucket.encryptionKey;
  const encryptionKey = keyArn === undefined ? undefined : kms.Key.fromKeyArn(scope, 'Key', keyArn);
  if ('existing' in bucket) {
    const { existing, region } = bucket;
    const attributes = { bucketName: existing, encryptionKey: encryptionKey!, region };
    return BackupBucket.fromBucketAttributes(scope, 'Bucket', attributes);
  }
  const { serverAccessLogsBucket: logs, removalPolicy } = bucket;
  return new BackupBucket(scope, 'Bucket', {
    ...bucket,
    storageTiers: tiersOf(bucket.storageTiers),
    encryptionKey,
    serverAccessLogsBucket: logs === undefined ? undefined : s3.Bucket.fromBucketName(scope, 'AccessLogs', logs),
    removalPolicy: removalPolicy === 'destroy' ? RemovalPolicy.DESTROY : undefined,
  });
}

/** The bucket of the sources of files that are incremental. */
export function filesRepositoryOf(scope: Construct, props: BackupsFile['filesRepository'] = {}): FilesRepository {
  const { encryptionKey, removalPolicy } = props;
  return new FilesRepository(scope, 'FilesRepository', {
    ...props,
    encryptionKey: encryptionKey === undefined ? undefined : kms.Key.fromKeyArn(scope, 'FilesKey', encryptionKey),
    removalPolicy: removalPolicy === 'destroy' ? RemovalPolicy.DESTROY : undefined,
  });
}

/** A secret, and the keys in its JSON. */
export function secretOf(scope: Construct, entry: ServerEntry['secret']) {
  const { secretId, encryptionKey, ...keys } =
    typeof entry === 'string' ? { secretId: entry, encryptionKey: undefined } : entry;
  const key = encryptionKey === undefined ? undefined : kms.Key.fromKeyArn(scope, 'SecretKey', encryptionKey);
  const arn = secretId.startsWith('arn:') ? secretId : secretArn(scope, secretId);
  // An end may also be that of the name: the constructs warn of those that look like it.
  const complete = secretId.startsWith('arn:') && /-[A-Za-z0-9]{6}$/.test(secretId);
  const secret = secretsmanager.Secret.fromSecretAttributes(scope, 'Secret', {
    ...(complete ? { secretCompleteArn: arn } : { secretPartialArn: arn }),
    encryptionKey: key,
  });
  return { secret, ...keys };
}

/** A secret with private keys; none if none is given. */
export const identityOf = (
  scope: Construct,
  id: string,
  entry: BackupsFile['proveWith'],
): secretsmanager.ISecret | undefined =>
  entry === undefined ? undefined : secretOf(new Construct(scope, id), entry).secret;

const secretArn = (scope: Construct, resourceName: string): string =>
  Stack.of(scope).formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });

/** @param file path of the backups file: a certificate's path is relative to it */
export function tlsOf(tls: ServerEntry['tls'], file: string): DatabaseTls | undefined {
  if (tls === undefined) return undefined;
  if (tls === 'amazon-rds') return DatabaseTls.amazonRds();
  if (tls === 'public') return DatabaseTls.publicAuthorities();
  if ('off' in tls) return DatabaseTls.off(tls.off);
  const { certificateAuthority } = tls;
  if (certificateAuthority.includes('-----BEGIN')) return DatabaseTls.certificateAuthority(certificateAuthority);
  const path = resolve(dirname(file), certificateAuthority);
  try {
    return DatabaseTls.certificateAuthority(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const fact = code === 'ENOENT' ? `no such file: ${path}` : message;
    throw new Error(
      `tls.certificateAuthority cannot be read, ${fact}: give a path relative to ${file}, or the PEM itself`,
      { cause: error },
    );
  }
}

const WEEK_DAY_OF = Object.fromEntries(
  WEEK_STARTS.map((day) => [day, WeekDay[day.toUpperCase() as keyof typeof WeekDay]]),
) as Record<WeekStart, WeekDay>;

export function scheduleOf(entry: DatabaseEntry['schedule']): BackupSchedule {
  if ('every' in entry) return BackupSchedule.every(entry.every, entry);
  const options = { ...entry, timeZone: zoneOf(entry.timeZone) };
  if ('cron' in entry) return BackupSchedule.cron(entry.cron, options);
  if ('daily' in entry) return BackupSchedule.daily({ ...dailyOf(entry), ...options });
  return BackupSchedule.weekly({ ...weeklyOf(entry), ...options });
}

/** A time of day in the file. */
interface Daily {
  readonly daily: { readonly hour: number; readonly minute: number };
  readonly timeZone?: string;
}

/** A time of the week in the file. */
interface Weekly {
  readonly weekly: Daily['daily'] & { readonly weekDay: WeekStart };
  readonly timeZone?: string;
}

export const dailyOf = ({ daily, timeZone }: Daily): DailyScheduleOptions => ({
  ...daily,
  timeZone: zoneOf(timeZone),
});

export const weeklyOf = ({ weekly: { weekDay, hour, minute }, timeZone }: Weekly): WeeklyScheduleOptions => ({
  weekDay: WEEK_DAY_OF[weekDay],
  hour,
  minute,
  timeZone: zoneOf(timeZone),
});

export function retentionOf(entry: BackupsFile['retention']): Retention | undefined {
  if (entry === undefined) return undefined;
  if (entry === 'oneYear') return Retention.oneYear();
  if (entry === 'forever') return Retention.forever();
  if (entry instanceof Duration) return Retention.gfs({ keepFor: entry });
  const { timeZone, weekStart, ...rules } = entry;
  return Retention.gfs({ ...rules, timeZone: zoneOf(timeZone), weekStart: weekStart && WEEK_DAY_OF[weekStart] });
}

export const zoneOf = (name: string | undefined): TimeZone | undefined =>
  name === undefined ? undefined : TimeZone.of(name);
