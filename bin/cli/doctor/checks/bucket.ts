/** Settings of the bucket: encryption, versions, and who may see it. */
import type { PublicAccessBlockConfiguration, ServerSideEncryptionByDefault } from '@aws-sdk/client-s3';
import {
  GetBucketEncryptionCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import { check } from '../check';
import type { Thing } from '../finding';
import { failed, judge, ok } from '../finding';
import { nameOf } from '../deployment';

/** What the bucket encrypts with, and the key that the tasks name. */
interface Encryption {
  readonly found: Thing<ServerSideEncryptionByDefault>;
  readonly keyArn?: string;
}

export const encryption = check(
  'encryption',
  'the bucket encrypts with the key of the backups',
  async (deployment): Promise<Encryption> => {
    const { aws, bucket } = deployment;
    const read = async () => {
      const answer = await aws.s3().send(new GetBucketEncryptionCommand({ Bucket: bucket }));
      return answer.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
    };
    const absent = 'ServerSideEncryptionConfigurationNotFoundError';
    const found = await deployment.thing(bucket, 's3:GetEncryptionConfiguration', read, absent);
    return { found, keyArn: await deployment.keyArn() };
  },
  judgeEncryption,
);

/** The key has to be that of the tasks: nobody else's decrypts for restores. */
export function judgeEncryption({ found, keyArn }: Encryption) {
  return judge(found, (rule, of) => {
    const { SSEAlgorithm: algorithm, KMSMasterKeyID: key } = rule ?? {};
    if (algorithm !== 'aws:kms' || key === undefined) {
      const got = algorithm ?? 'none';
      return failed(
        of,
        `the default encryption is ${got}, not with a KMS key`,
        'set SSE-KMS with the key of the backups',
      );
    }
    if (keyArn !== undefined && nameOf(key) !== nameOf(keyArn)) {
      return failed(
        of,
        `the default key is ${key}, but the backups are written with ${keyArn}`,
        'set the key of the backups as that of the bucket',
      );
    }
    return ok(of, `encrypts with ${key}`);
  });
}

export const versioning = check(
  'versioning',
  'deleted backups can be brought back',
  async (deployment): Promise<Thing<string>> => {
    const { aws, bucket } = deployment;
    const read = async () => (await aws.s3().send(new GetBucketVersioningCommand({ Bucket: bucket }))).Status;
    return deployment.thing(bucket, 's3:GetBucketVersioning', read);
  },
  judgeVersioning,
);

/** Pruning refuses a bucket without versions, too. */
export function judgeVersioning(found: Thing<string>) {
  return judge(found, (status, of) =>
    status === 'Enabled'
      ? ok(of, 'keeps versions')
      : failed(
          of,
          `keeps no versions (${status ?? 'never enabled'}): what is deleted is gone, so nothing is pruned`,
          `aws s3api put-bucket-versioning --bucket ${of} --versioning-configuration Status=Enabled`,
        ),
  );
}

const BLOCKS = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'] as const;

export const publicAccess = check(
  'public-access',
  'public access to the bucket is blocked',
  async (deployment): Promise<Thing<PublicAccessBlockConfiguration>> => {
    const { aws, bucket } = deployment;
    const read = async () => {
      const answer = await aws.s3().send(new GetPublicAccessBlockCommand({ Bucket: bucket }));
      return answer.PublicAccessBlockConfiguration;
    };
    return deployment.thing(bucket, 's3:GetBucketPublicAccessBlock', read, 'NoSuchPublicAccessBlockConfiguration');
  },
  judgePublicAccess,
);

/** All four blocks, as `BackupBucket` sets them. */
export function judgePublicAccess(found: Thing<PublicAccessBlockConfiguration>) {
  return judge(found, (blocks, of) => {
    const open = BLOCKS.filter((block) => blocks?.[block] !== true);
    if (open.length === 0) return ok(of, 'blocks public access');
    return failed(
      of,
      `public access is not blocked: ${open.join(', ')} off`,
      `aws s3api put-public-access-block --bucket ${of} --public-access-block-configuration ${BLOCKS.map((block) => `${block}=true`).join(',')}`,
    );
  });
}
