import type { Advice } from './advice-table';
import type { Facts, Step } from './steps';
import { arg, runNow, unreadLog } from './steps';
import { page } from './links';
import { oneLine } from '../compose/text';

const KEY_ARN = /\barn:[\w-]+:kms:[\w-]+:\d{12}:(?:key|alias)\/[\w/-]+/;

/** One way how storing a backup fails. */
interface UploadKind {
  readonly name: string;
  readonly says: RegExp;
  readonly likelyCause: string;
  readonly steps: (facts: Facts) => readonly Step[];
}

const keyOf = ({ problem }: Facts): string => {
  const key = KEY_ARN.exec(oneLine(problem.sentence))?.[0];
  return key === undefined ? '"$KEY"' : arg(key);
};

const encryption = ({ aws, place }: Facts): Step => ({
  say: 'See with which key the bucket encrypts, for $KEY:',
  run: aws('s3api get-bucket-encryption', `--bucket ${arg(place.bucket)}`),
});

/** What the key's policy must say. */
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

const KINDS: readonly UploadKind[] = [
  {
    name: 'the key does not admit the task',
    says: /\bkms:(?:GenerateDataKey|Decrypt)/,
    likelyCause:
      'The task may not use the key with which the bucket encrypts: the policy of the key, or the role of the task, was changed; or a key that was given does not admit it.',
    steps: (facts) => [
      {
        say: 'See what the policy of the key says:',
        run: facts.aws('kms get-key-policy', `--key-id ${keyOf(facts)}`, '--policy-name default', '--output text'),
      },
      {
        say: 'Find the role of the task, for $ROLE:',
        run: facts.aws(
          'ecs describe-task-definition',
          `--task-definition ${facts.problem.task ? arg(facts.problem.task.family) : '"$FAMILY"'}`,
          '--query taskDefinition.taskRoleArn',
        ),
      },
      { say: 'If the stack made the key, deploy again. If not, add this statement to its policy:', run: STATEMENT },
    ],
  },
  {
    name: 'the key cannot be used',
    says: /KMS\.|\bkey\b.*\b(?:disabled|pending deletion)\b/i,
    likelyCause: 'The key with which the bucket encrypts is disabled, is to be deleted, or is gone.',
    steps: (facts) => [
      ...(keyOf(facts).startsWith('arn:') ? [] : [encryption(facts)]),
      {
        say: 'See its state:',
        run: facts.aws('kms describe-key', `--key-id ${keyOf(facts)}`, '--query KeyMetadata.KeyState'),
      },
      {
        say: 'PendingDeletion: with this key all backups would be lost. Keep it:',
        run: facts.aws('kms cancel-key-deletion', `--key-id ${keyOf(facts)}`),
      },
      { say: 'Disabled: enable it:', run: facts.aws('kms enable-key', `--key-id ${keyOf(facts)}`) },
    ],
  },
  {
    name: 'the bucket is not there',
    says: /check that the bucket (?:exists|is in the Region)/,
    likelyCause: 'The bucket was deleted, or is in another Region than the task.',
    steps: (facts) => [
      {
        say: 'See whether it is there, and where:',
        run: facts.aws('s3api head-bucket', `--bucket ${arg(facts.place.bucket)}`),
      },
      { say: 'If it is gone, deploy again, which makes it anew. What was in it is lost.' },
    ],
  },
  {
    name: 'S3 was not reached',
    says: /no answer came/,
    likelyCause:
      'The task has no route to S3: a gateway endpoint or a NAT gateway is gone, or its security group lets nothing out.',
    steps: (facts) => [
      {
        say: 'Look for the endpoint of S3 in the VPC, or for another route:',
        run: facts.aws(
          'ec2 describe-vpc-endpoints',
          `--filters Name=service-name,Values=${facts.place.partition === 'aws-cn' ? 'cn.' : ''}com.amazonaws.${facts.place.region}.s3`,
        ),
      },
      { say: 'The three ways out of a VPC, with their price:', run: page('networking.md') },
    ],
  },
  {
    name: 'S3 failed',
    says: /S3 did not recover/,
    likelyCause: 'S3 itself failed or throttled for minutes. It mostly passes.',
    steps: () => [],
  },
  {
    name: 'the dump is too large',
    says: /the compressed dump is larger/,
    likelyCause: 'The dump is larger than one object of S3 may be.',
    steps: () => [
      {
        say: 'Split the source, for example one source a database:',
        run: page('dump-program.md#memory-and-part-sizes'),
      },
    ],
  },
];

const OTHER: UploadKind = {
  name: 'S3 or KMS refused it',
  says: /(?:)/,
  likelyCause:
    'S3 or KMS refused the upload: a permission of the task role, the policy of the bucket, of the key, of an endpoint, or of the organisation.',
  steps: (facts) => [
    {
      say: 'Look at the policy of the bucket:',
      run: facts.aws(
        's3api get-bucket-policy',
        `--bucket ${arg(facts.place.bucket)}`,
        '--query Policy',
        '--output text',
      ),
    },
    { say: 'Deploy the stack again, which puts back roles and policies.' },
  ],
};

/** The backup was made, and could not be stored. */
export function uploadAdvice(facts: Facts): Advice {
  const kind = KINDS.find(({ says }) => says.test(facts.problem.sentence)) ?? OTHER;
  return {
    title: 'the backup could not be stored',
    kind: kind.name,
    likelyCause: kind.likelyCause,
    steps: [
      ...unreadLog(facts),
      ...kind.steps(facts),
      { say: 'Each sentence, and what stands behind it:', run: page('troubleshooting.md#14-the-upload-failed') },
      runNow(facts, 'When it is repaired, make a backup:'),
    ],
  };
}
