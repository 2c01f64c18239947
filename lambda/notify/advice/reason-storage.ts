import type { Step } from './advice-table';
import type { AdviceContext } from './context';
import { arg } from './context';
import { page } from './links';
import type { ReasonTable } from './reason-advice';
import { definition, endpoints, familyOf } from './steps';

const keyOf = ({ values: { key } }: AdviceContext): string => (key === undefined ? '"$KEY"' : arg(key));

/** Finds the key of the bucket where the reason does not name it. */
const findKey = ({ values, aws, place }: AdviceContext): Step[] =>
  values.key === undefined
    ? [
        {
          say: 'See with which key the bucket encrypts, for $KEY:',
          run: aws('s3api get-bucket-encryption', `--bucket ${arg(place.bucket)}`),
        },
      ]
    : [];

/** The role with which the program uses bucket and key. */
const roleOfRun = (context: AdviceContext): Step =>
  context.problem.command
    ? definition(context, 'Find the role of the run, for $ROLE: task_role in the script:', '')
    : {
        say: 'Find the role of the run, for $ROLE:',
        run: context.aws(
          'ecs describe-task-definition',
          `--task-definition ${familyOf(context.problem)}`,
          '--query taskDefinition.taskRoleArn',
        ),
      };

/** Statement for the policy of the key. */
const STATEMENT = JSON.stringify(
  {
    Sid: 'AllowBackups',
    Effect: 'Allow',
    Principal: { AWS: '$ROLE' },
    Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
    Resource: '*',
  },
  undefined,
  2,
);

/** The backup was made, but could not be stored. */
export const STORAGE_REASONS: ReasonTable<
  | 'key-denied'
  | 'key-unusable'
  | 'bucket-missing'
  | 's3-not-reached'
  | 's3-failed'
  | 's3-refused'
  | 'dump-too-large'
  | 'lock-lost'
> = {
  'key-denied': {
    title: 'the run may not use the key of the bucket',
    likelyCause:
      'The policy of the key, or the role of the run, was changed; or a key of your own does not admit the role.',
    action: 'Let the role of the run use the key.',
    steps: (context) => [
      ...findKey(context),
      {
        say: 'Read the policy of the key:',
        run: context.aws('kms get-key-policy', `--key-id ${keyOf(context)}`, '--policy-name default', '--output text'),
      },
      roleOfRun(context),
      {
        say: 'If the stack created the key, deploy again. Otherwise add this statement to its policy:',
        run: STATEMENT,
      },
    ],
  },
  'key-unusable': {
    title: 'the key of the bucket cannot be used',
    likelyCause:
      'The key is disabled, or scheduled for deletion. Without it no backup of the bucket can be read either.',
    action: 'Enable the key now: without it the existing backups cannot be read.',
    steps: (context) => [
      ...findKey(context),
      {
        say: 'See the state of the key:',
        run: context.aws('kms describe-key', `--key-id ${keyOf(context)}`, '--query KeyMetadata.KeyState'),
      },
      {
        say: 'PendingDeletion: cancel the deletion first:',
        run: context.aws('kms cancel-key-deletion', `--key-id ${keyOf(context)}`),
      },
      { say: 'Disabled: enable it:', run: context.aws('kms enable-key', `--key-id ${keyOf(context)}`) },
      { say: 'What remains without the key:', run: page('disaster.md#the-key') },
    ],
  },
  'bucket-missing': {
    title: 'the bucket does not exist',
    likelyCause: 'The bucket was deleted, or is in another Region than the task.',
    action: 'Look for the bucket; if it is gone, deploy again.',
    steps: (context) => [
      {
        say: 'See whether the bucket exists, and in which Region:',
        run: context.aws('s3api head-bucket', `--bucket ${arg(context.place.bucket)}`),
      },
      { say: 'If it is gone, deploy again, which creates it. Its backups are lost.' },
      { say: 'What remains without the bucket:', run: page('disaster.md#the-bucket') },
    ],
  },
  's3-not-reached': {
    title: 'S3 was not reached',
    likelyCause:
      'The task has no route to S3: a gateway endpoint or a NAT gateway is gone, or its security group lets nothing out.',
    action: 'Give the subnets of the task a route to S3.',
    steps: (context) => [
      endpoints(context, 's3', 'Look for the endpoint of S3 in the VPC, or for another route:'),
      { say: 'The three ways out of a VPC, and their prices:', run: page('networking.md') },
    ],
  },
  's3-failed': {
    title: 'S3 failed',
    likelyCause: 'S3 itself failed or throttled for minutes. Most often that passes by itself.',
    action: 'Make a backup now; if that fails too, wait for S3.',
    steps: () => [],
  },
  's3-refused': {
    title: 'S3 refused the upload',
    likelyCause:
      'A permission is missing: of the task role, in the policy of the bucket, the key or an endpoint, or in a policy of the organization.',
    action: 'Deploy the stack again, which restores roles and policies.',
    steps: (context) => [
      { say: 'Deploy the stack again, which restores roles and policies.' },
      {
        say: 'If that does not help, read the policy of the bucket:',
        run: context.aws(
          's3api get-bucket-policy',
          `--bucket ${arg(context.place.bucket)}`,
          '--query Policy',
          '--output text',
        ),
      },
    ],
  },
  'dump-too-large': {
    title: 'the dump is larger than an object of S3 may be',
    likelyCause: 'The compressed dump is larger than S3 allows for one object.',
    action: 'Split the source.',
    steps: () => [
      {
        say: 'Split the source, for example into one source per database:',
        run: page('dump-program.md#memory-and-part-sizes'),
      },
    ],
  },
  'lock-lost': {
    title: 'another run took over the lock of the source',
    likelyCause:
      'The run could not renew its lock in time, because S3 did not answer for minutes, and another run of the source began.',
    action: 'Nothing if the other run succeeded; otherwise make a backup now.',
    steps: () => [],
  },
};
