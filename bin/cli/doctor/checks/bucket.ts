/** Settings of the bucket: who may see it, with what it encrypts, and what it keeps. Its policy has a file of its own. */
import type { LifecycleRule, PublicAccessBlockConfiguration, S3Client } from '@aws-sdk/client-s3';
import {
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import type { Check } from '../check';
import type { Deployment } from '../deployment';
import { nameOf } from '../deployment';
import type { Finding, Thing } from '../finding';
import { failed, judge, ok, warning } from '../finding';

/** Asks S3 about the bucket. */
export const ask = <T>(
  deployment: Deployment,
  action: string,
  question: (s3: S3Client, Bucket: { readonly Bucket: string }) => Promise<T | undefined>,
  ...absent: string[]
): Promise<Thing<T>> => {
  const { aws, bucket: Bucket } = deployment;
  return deployment.thing(Bucket, action, () => question(aws.s3(), { Bucket }), ...absent);
};

export const encryption: Check = {
  id: 'encryption',
  title: 'the bucket encrypts with the key of the backups',
  needs: ['tasks'],
  run: async (deployment) => {
    const keyArn = await deployment.keyArn();
    return judge(await deployment.encryption(), (rule, of) =>
      judgeEncryption(of, rule?.SSEAlgorithm === 'aws:kms' ? rule.KMSMasterKeyID : undefined, keyArn),
    );
  },
};

/**
 * The key has to be that of the tasks: nobody else's decrypts for restores.
 *
 * @param key id or ARN; none if the bucket does not encrypt with one of KMS
 */
export function judgeEncryption(of: string, key: string | undefined, keyArn: string | undefined): Finding {
  const action = 'set SSE-KMS with the key of the backups as its default encryption';
  if (key === undefined) return failed(of, 'its default encryption has no key of KMS', action);
  return keyArn === undefined || nameOf(key) === nameOf(keyArn)
    ? ok(of, `encrypts with ${key}`)
    : failed(of, `its default key is ${key}, but the backups are written with ${keyArn}`, action);
}

export const versioning: Check = {
  id: 'versioning',
  title: 'deleted backups can be brought back',
  run: async (deployment) => {
    const found = await ask(
      deployment,
      's3:GetBucketVersioning',
      async (s3, bucket) => (await s3.send(new GetBucketVersioningCommand(bucket))).Status,
    );
    return judge(found, (status, of) =>
      status === 'Enabled'
        ? ok(of, 'keeps versions')
        : failed(
            of,
            `keeps no versions (${status ?? 'never enabled'}): what is deleted is gone, so nothing is pruned`,
            'let it keep them:',
            `aws s3api put-bucket-versioning --bucket ${of} --versioning-configuration Status=Enabled`,
          ),
    );
  },
};

const BLOCKS = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'] as const;

export const publicAccess: Check = {
  id: 'public-access',
  title: 'public access to the bucket is blocked',
  run: async (deployment) => {
    const found = await ask<PublicAccessBlockConfiguration>(
      deployment,
      's3:GetBucketPublicAccessBlock',
      async (s3, bucket) => (await s3.send(new GetPublicAccessBlockCommand(bucket))).PublicAccessBlockConfiguration,
      'NoSuchPublicAccessBlockConfiguration',
    );
    return judge(found, (set, of) => {
      const open = BLOCKS.filter((block) => set?.[block] !== true);
      const all = BLOCKS.map((block) => `${block}=true`).join(',');
      const command = `aws s3api put-public-access-block --bucket ${of} --public-access-block-configuration ${all}`;
      return open.length > 0
        ? failed(of, `public access is not blocked: ${open.join(', ')} off`, 'block it:', command)
        : ok(of, 'blocks public access');
    });
  },
};

export const lifecycle: Check = {
  id: 'lifecycle',
  title: 'lifecycle rules clean up, and delete no backup',
  run: async (deployment) => {
    const found = await ask(
      deployment,
      's3:GetLifecycleConfiguration',
      async (s3, bucket) => (await s3.send(new GetBucketLifecycleConfigurationCommand(bucket))).Rules,
      'NoSuchLifecycleConfiguration',
    );
    return judge(found, judgeLifecycle);
  },
};

/** Days after which an unfinished upload belongs to no run any more: runs take seven at most. */
const ABORT_DAYS = 8;
/** Days in which people notice what they deleted. */
const UNDO_DAYS = 7;
const DEPLOY_RULE = 'deploy its stack again, or add the rule: docs/doctor.md';

/** What is unfinished or deleted has to go at some time; what is neither must stay, because retention decides about it. */
export function judgeLifecycle(rules: readonly LifecycleRule[] = [], of: string): Finding[] {
  const enabled = rules.filter(({ Status }) => Status === 'Enabled');
  const expiring = enabled.filter(({ Expiration: { Days, Date } = {} }) => Days ?? Date);
  // The shortest time counts, also if it is that of some objects only.
  const shortest = (daysOf: (rule: LifecycleRule) => number | undefined): number | undefined =>
    enabled.some((rule) => daysOf(rule) !== undefined && isWhole(rule))
      ? Math.min(...enabled.map((rule) => daysOf(rule) ?? Infinity))
      : undefined;
  const abort = shortest((rule) => rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation);
  const undo = shortest(({ NoncurrentVersionExpiration: { NoncurrentDays, NewerNoncurrentVersions } = {} }) =>
    NewerNoncurrentVersions === undefined ? NoncurrentDays : undefined,
  );
  const lacks = (rule: string): Finding =>
    failed(of, `no rule for the whole bucket ${rule}, and cost, for ever`, DEPLOY_RULE);
  const early = (rule: string, days: number, least: number): Finding[] =>
    days < least ? [warning(of, `a rule ${rule} after ${days} days`, `let it be ${least} days or more`)] : [];
  const findings = [
    ...expiring.map(({ ID = 'without a name', Expiration: { Days } = {} }) => {
      const when = Days === undefined ? 'at a date' : `after ${Days} days`;
      const finding = `the rule ${ID} deletes backups ${when}, whatever the retention says`;
      return failed(of, finding, 'remove its expiration: retention decides about backups');
    }),
    ...(abort === undefined
      ? [lacks('aborts unfinished uploads: their parts stay')]
      : early('aborts uploads, of runs that may take seven,', abort, ABORT_DAYS)),
    ...(undo === undefined
      ? [lacks('removes old versions: deleted backups stay')]
      : early('removes what was deleted, which nobody can bring back then,', undo, UNDO_DAYS)),
  ];
  return findings.length > 0 ? findings : [ok(of, `what was deleted can be brought back for ${undo} days`)];
}

/** Whether a rule is for all objects. */
const isWhole = ({ Prefix = '', Filter = {} }: LifecycleRule): boolean =>
  [Prefix, ...Object.values(Filter)].every((part) => part === '' || part === undefined);
