/** Settings of the bucket: who may see it, with what it encrypts, and what it keeps. */
import type { LifecycleRule, PublicAccessBlockConfiguration, S3Client } from '@aws-sdk/client-s3';
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import type { Check } from '../check';
import type { DeployedFunction, Deployment } from '../deployment';
import { nameOf } from '../deployment';
import type { Finding, Thing } from '../finding';
import { failed, judge, ok, valueOf } from '../finding';
import type { Statement } from '../policy';
import { isLike, principalsOf, statementsOf } from '../policy';

/** Asks S3 about the bucket. */
const ask = <T>(
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
    const question = async (s3: S3Client, bucket: { readonly Bucket: string }) =>
      (await s3.send(new GetBucketEncryptionCommand(bucket))).ServerSideEncryptionConfiguration?.Rules?.[0];
    const absent = 'ServerSideEncryptionConfigurationNotFoundError';
    const found = await ask(deployment, 's3:GetEncryptionConfiguration', question, absent);
    const keyArn = await deployment.keyArn();
    return judge(found, (rule, of) => {
      const { SSEAlgorithm, KMSMasterKeyID } = rule?.ApplyServerSideEncryptionByDefault ?? {};
      return judgeEncryption(of, SSEAlgorithm === 'aws:kms' ? KMSMasterKeyID : undefined, keyArn);
    });
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

/** What is unfinished or deleted has to go at some time; what is neither must stay, because retention decides about it. */
export function judgeLifecycle(rules: readonly LifecycleRule[] = [], of: string): Finding[] {
  const enabled = rules.filter(({ Status }) => Status === 'Enabled');
  const expiring = enabled.filter(({ Expiration: { Days, Date } = {} }) => Days ?? Date);
  const lacks = (has: (rule: LifecycleRule) => unknown, finding: string): Finding[] =>
    enabled.some(has) ? [] : [failed(of, finding, 'deploy its stack again, or add the rule: docs/doctor.md')];
  const findings = [
    ...expiring.map(({ ID = 'without a name', Expiration: { Days } = {} }) => {
      const when = Days === undefined ? 'at a date' : `after ${Days} days`;
      const finding = `the rule ${ID} deletes backups ${when}, whatever the retention says`;
      return failed(of, finding, 'remove its expiration: retention decides about backups');
    }),
    ...lacks(
      (rule) => rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation,
      'no rule aborts unfinished uploads: their parts stay, and cost, for ever',
    ),
    ...lacks(
      (rule) => rule.NoncurrentVersionExpiration?.NoncurrentDays,
      'no rule removes old versions: deleted backups stay, and cost, for ever',
    ),
  ];
  return findings.length > 0 ? findings : [ok(of, 'lifecycle rules as expected')];
}

/** Denials for everybody that the bucket needs: an action, and the key of their condition or the function they exempt. */
const DENIALS: readonly { what: string; action: string; key?: string; exempt?: string }[] = [
  { what: 'requests without TLS', action: 's3:*', key: 'aws:SecureTransport' },
  { what: 'TLS older than 1.2', action: 's3:*', key: 's3:TlsVersion' },
  { what: 'other keys', action: 's3:PutObject', key: 's3:x-amz-server-side-encryption-aws-kms-key-id' },
  { what: 'keys of customers', action: 's3:PutObject', key: 's3:x-amz-server-side-encryption-customer-algorithm' },
  { what: 'overwriting manifests', action: 's3:PutObject', key: 's3:if-none-match' },
  { what: 'deleting objects', action: 's3:DeleteObject', exempt: 'prune' },
  { what: 'deleting versions', action: 's3:DeleteObjectVersion', exempt: 'undelete' },
];

export const bucketPolicy: Check = {
  id: 'bucket-policy',
  title: 'the policy of the bucket protects the backups',
  needs: ['functions'],
  run: async (deployment) => {
    const found = await ask(
      deployment,
      's3:GetBucketPolicy',
      async (s3, bucket) => (await s3.send(new GetBucketPolicyCommand(bucket))).Policy,
      'NoSuchBucketPolicy',
    );
    const functions = await deployment.functions();
    return judge(found, (text, of) => judgePolicy(text, of, functions));
  },
};

/** Each denial has to be there; those of deletes have to let the functions through. */
export function judgePolicy(text: string | undefined, of: string, functions: readonly DeployedFunction[]): Finding[] {
  const faults = DENIALS.flatMap(({ what, action, key, exempt }) => {
    const denials = statementsOf(text, 'Deny', action).filter((one) => principalsOf(one).includes('*'));
    const found = denials.filter((one) =>
      key === undefined ? keysOf(one).every(isPrincipal) : keysOf(one).includes(key),
    );
    if (found.length === 0) return [`the policy does not deny ${what}`];
    const shut = functions.filter((one) => one.kind === exempt && !found.every((denial) => exempts(denial, one)));
    return shut.map(({ of: name, kind }) => `the policy does not admit the role of ${name}, which cannot ${kind}`);
  });
  const action = 'deploy its stack again; an imported bucket needs the statements of docs/doctor.md';
  return faults.length > 0 ? faults.map((fault) => failed(of, fault, action)) : [ok(of, 'the policy has its denials')];
}

const keysOf = ({ Condition = {} }: Statement): string[] => Object.values(Condition).flatMap(Object.keys);
const isPrincipal = (key: string): boolean => key === 'aws:PrincipalArn';

function exempts({ Condition }: Statement, one: DeployedFunction): boolean {
  const role = valueOf(one)?.Configuration?.Role;
  const exempted = [Condition?.ArnNotLike?.['aws:PrincipalArn'] ?? []].flat();
  return role === undefined || exempted.some((pattern) => isLike(pattern, role));
}
