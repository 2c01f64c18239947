import type { AdviceTable, Step } from './advice-table';
import type { AdviceContext } from './context';
import { arg } from './context';
import { deniedDeleteAdvice } from './denied-delete';
import { page } from './links';
import { managedCopyAdvice } from './managed';
import { functionLog, pruneAdvice, pruneSnapshotsAdvice } from './prune';
import { restoreAdvice } from './restore';
import { idOf, list, logOf, resource } from './steps';

const id = (context: AdviceContext, service: string, placeholder: string): string => {
  const arn = resource(context, service, placeholder);
  return arn === placeholder ? arn : arg(idOf(context.problem.resource!));
};

const queueOf = ({ problem }: AdviceContext): string => {
  const name = /^queue (\S+)$/.exec(problem.about)?.[1];
  return name === undefined ? '"$QUEUE_NAME"' : arg(name);
};

/** The objects that a job of S3 Batch Replication copies. */
const failedObjects = ({ place }: AdviceContext) => ({
  S3JobManifestGenerator: {
    SourceBucket: `arn:${place.partition}:s3:::${place.bucket}`,
    EnableManifestOutput: false,
    Filter: { EligibleForReplication: true, ObjectReplicationStatuses: ['FAILED'] },
  },
});

const copyAgain = (context: AdviceContext): Step[] => [
  {
    say: 'S3 does not retry failed objects. After the repair, copy them with a job of S3 Batch Replication ($ROLE: a role for it, as the page below describes):',
    run: context.aws(
      's3control create-job',
      `--account-id ${arg(context.place.account)}`,
      `--operation '{"S3ReplicateObject":{}}'`,
      `--manifest-generator ${arg(JSON.stringify(failedObjects(context)))}`,
      `--report '{"Enabled":false}'`,
      '--priority 1',
      '--role-arn "$ROLE"',
    ),
  },
  {
    say: 'S3 Batch Replication and its role:',
    run: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-batch-replication-batch.html',
  },
];

/** Problems of the bucket as a whole, or of a whole account. */
export const HOUSEKEEPING_ADVICE: AdviceTable<'housekeeping'> = {
  prune: pruneAdvice,
  'prune-snapshots': pruneSnapshotsAdvice,
  restore: restoreAdvice,
  maintain: (context) => ({
    title: 'the maintenance of a repository failed',
    likelyCause: 'The log has the reason.',
    action: 'Read why it failed. It is run again by its schedule.',
    steps: [
      ...(context.problem.logStream === undefined ? [] : [logOf(context, 'Read the log of the maintenance:')]),
      { say: 'If access was denied, deploy the stack again, which restores roles and policies.' },
      { say: 'What it does, and what it needs:', run: page('files.md#maintenance') },
    ],
  }),
  measure: (context) => {
    const some = context.problem.variant === 'sources-unmeasured';
    return {
      title: 'backups could not be measured',
      likelyCause: some
        ? 'The function that looks for new backups every hour could not read the catalog of some sources.'
        : 'The function that looks for new backups every hour failed.',
      action: 'If access was denied, deploy the stack again; otherwise read the log of the function.',
      steps: [
        functionLog(context, 'Measure', 'Read the log of the function, which names each source and why:'),
        { say: 'If access was denied, deploy the stack again, which restores roles and policies.' },
        list(context, 'See which backups there are:'),
        { say: 'More about each error message:', run: page('troubleshooting.md#measuring') },
      ],
    };
  },
  'snapshot-policy': (context) => ({
    title: 'a snapshot policy is in error',
    likelyCause:
      'The role of the policy lacks a permission, often for the key of an encrypted volume, or a target is gone.',
    action: 'Repair the role of the policy, and enable the policy again.',
    steps: [
      {
        say: 'Read the status of the policy:',
        run: context.aws('dlm get-lifecycle-policy', `--policy-id ${id(context, 'dlm', '"$POLICY"')}`),
      },
      { say: 'The permissions that its role needs:', run: page('volume-snapshots.md#the-role') },
      {
        say: 'Then enable it again:',
        run: context.aws(
          'dlm update-lifecycle-policy',
          `--policy-id ${id(context, 'dlm', '"$POLICY"')}`,
          '--state ENABLED',
        ),
      },
    ],
  }),
  snapshot: (context) => ({
    title: 'a snapshot failed',
    likelyCause: 'The key of the volume, a quota, or a volume that is gone.',
    action: 'See why the snapshot failed. The policy tries again at its next time.',
    steps: [
      {
        say: 'See the state of the snapshot:',
        run: context.aws('ec2 describe-snapshots', `--snapshot-ids ${id(context, 'ec2', '"$SNAPSHOT"')}`),
      },
      {
        say: 'See which snapshots there are:',
        run: `npx proven-backups list --only-snapshots --region ${arg(context.place.region)}`,
      },
      { say: 'The permissions that the role needs:', run: page('volume-snapshots.md#the-role') },
    ],
  }),
  'managed-copy': managedCopyAdvice,
  replication: (context) => {
    const failed = context.problem.variant === 'copies-failed';
    return {
      title: 'backups are not replicated',
      likelyCause: failed
        ? 'The role of the replication, the key of one of the buckets, or the policy of the other bucket.'
        : 'A great many new objects, or trouble of S3 in one of the Regions. Most often that passes by itself.',
      action: failed
        ? 'Repair the permissions of the replication, and copy the failed objects again.'
        : 'Wait; if it lasts, look at the replication of the bucket.',
      steps: [
        {
          say: 'See what is replicated, and with which role:',
          run: context.aws('s3api get-bucket-replication', `--bucket ${arg(context.place.bucket)}`),
        },
        {
          say: 'See whether an object of the backup that you need most was copied ($KEY: its key):',
          run: context.aws(
            's3api head-object',
            `--bucket ${arg(context.place.bucket)}`,
            '--key "$KEY"',
            '--query ReplicationStatus',
          ),
        },
        ...(failed ? copyAgain(context) : []),
      ],
    };
  },
  'denied-delete': deniedDeleteAdvice,
  'no-subscriber': (context) => ({
    title: 'nobody gets these notifications',
    likelyCause: 'Nobody confirmed the first email, whose link is valid for two days, or everybody has unsubscribed.',
    action: 'Subscribe, and confirm the email.',
    steps: [
      {
        say: 'See who is subscribed ($TOPIC: ARN of the topic, which the alarm test below prints):',
        run: context.aws('sns list-subscriptions-by-topic', `--topic-arn ${resource(context, 'sns', '"$TOPIC"')}`),
      },
      {
        say: 'Subscribe, and confirm the email that arrives:',
        run: context.aws(
          'sns subscribe',
          `--topic-arn ${resource(context, 'sns', '"$TOPIC"')}`,
          '--protocol email',
          '--notification-endpoint you@example.com',
        ),
      },
      {
        say: 'Then test that emails arrive:',
        run: `npx proven-backups alarm test --bucket ${arg(context.place.bucket)} --region ${arg(context.place.region)}`,
      },
    ],
  }),
  'dead-letters': (context) => ({
    title: 'runs could not be started',
    likelyCause:
      'A role or a function was changed or deleted by hand, so that EventBridge Scheduler could not start a run.',
    action: 'Deploy the stack again, then empty the dead-letter queue.',
    steps: [
      { say: 'Find the queue, for $QUEUE:', run: context.aws('sqs get-queue-url', `--queue-name ${queueOf(context)}`) },
      {
        say: 'Read its messages. ERROR_CODE and ERROR_MESSAGE say why:',
        run: context.aws(
          'sqs receive-message',
          '--queue-url "$QUEUE"',
          '--message-attribute-names All',
          '--max-number-of-messages 10',
        ),
      },
      { say: 'Deploy the stack again, which restores what was changed.' },
      {
        say: 'Then empty the queue: the alarm stays on while messages are in it. This cannot be undone:',
        run: context.aws('sqs purge-queue', '--queue-url "$QUEUE"'),
      },
      list(context),
    ],
  }),
  other: (context) => ({
    title: 'an event was not understood',
    likelyCause: 'An event arrived that this version does not know; it is below as it came. It may be harmless.',
    action: 'See whether the backups are there.',
    steps: [list(context, 'See which backups there are:'), { say: 'Known problems:', run: page('troubleshooting.md') }],
  }),
};
