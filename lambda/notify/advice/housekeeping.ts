import type { AdviceTable } from './advice-table';
import type { Facts, Step } from './steps';
import { deniedDeleteAdvice } from './denied-delete';
import { functionLog, pruneAdvice, pruneSnapshotsAdvice } from './prune';
import { arg, idOf, list, resource } from './steps';
import { page } from './links';

const id = (facts: Facts, service: string, placeholder: string): string => {
  const arn = resource(facts, service, placeholder);
  return arn === placeholder ? arn : arg(idOf(facts.problem.resource!));
};

const queueOf = ({ problem }: Facts): string => {
  const name = /^queue (\S+)$/.exec(problem.about)?.[1];
  return name === undefined ? '"$QUEUE_NAME"' : arg(name);
};

/** What a job of S3 Batch Replication is to copy. */
const failedObjects = ({ place }: Facts) => ({
  S3JobManifestGenerator: {
    SourceBucket: `arn:${place.partition}:s3:::${place.bucket}`,
    EnableManifestOutput: false,
    Filter: { EligibleForReplication: true, ObjectReplicationStatuses: ['FAILED'] },
  },
});

const copyAgain = (facts: Facts): Step[] => [
  {
    say: 'S3 does not try those again by itself. When it is repaired, copy them with a job of S3 Batch Replication ($ROLE: a role made for it, as the page below says):',
    run: facts.aws(
      's3control create-job',
      `--account-id ${arg(facts.place.account)}`,
      `--operation '{"S3ReplicateObject":{}}'`,
      `--manifest-generator ${arg(JSON.stringify(failedObjects(facts)))}`,
      `--report '{"Enabled":false}'`,
      '--priority 1',
      '--role-arn "$ROLE"',
    ),
  },
  {
    say: 'Such jobs, and their role:',
    run: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-batch-replication-batch.html',
  },
];

/** What concerns the bucket as a whole. */
export const HOUSEKEEPING_ADVICE: AdviceTable<'housekeeping'> = {
  prune: pruneAdvice,
  'prune-snapshots': pruneSnapshotsAdvice,
  measure: (facts) => {
    const some = /could not be measured: /.test(facts.problem.sentence);
    return {
      title: 'backups could not be measured',
      likelyCause: some
        ? 'The function that looks for new backups every hour could not read the catalog of some sources; the sentence above says why. Until it can, a backup of theirs that does not come may go unnoticed for hours.'
        : 'The function that looks for new backups every hour failed, wholly or for some sources. Until it works again, a backup that does not come may go unnoticed.',
      steps: [
        functionLog(facts, 'Measure', 'Read its log, which names each source and why:'),
        list(facts, 'See with your own eyes what there is:'),
        { say: 'If access was denied: deploy the stack again, which puts back roles and policies.' },
        { say: 'Each sentence, and what stands behind it:', run: page('troubleshooting.md#measuring') },
      ],
    };
  },
  'snapshot-policy': (facts) => ({
    title: 'a snapshot policy is in error',
    likelyCause:
      'Data Lifecycle Manager stopped a policy: its role may not do what it must, often with the key of an encrypted volume, or a target is gone. No snapshots are made until it is repaired.',
    steps: [
      {
        say: 'Read what the policy says:',
        run: facts.aws('dlm get-lifecycle-policy', `--policy-id ${id(facts, 'dlm', '"$POLICY"')}`),
      },
      { say: 'What its role must be allowed to do:', run: page('volume-snapshots.md#the-role') },
      {
        say: 'When it is repaired, switch it on again:',
        run: facts.aws(
          'dlm update-lifecycle-policy',
          `--policy-id ${id(facts, 'dlm', '"$POLICY"')}`,
          '--state ENABLED',
        ),
      },
    ],
  }),
  snapshot: (facts) => ({
    title: 'a snapshot failed',
    likelyCause: 'EC2 could not make or copy a snapshot: the key of the volume, a quota, or a volume that is gone.',
    steps: [
      {
        say: 'See what became of it:',
        run: facts.aws('ec2 describe-snapshots', `--snapshot-ids ${id(facts, 'ec2', '"$SNAPSHOT"')}`),
      },
      {
        say: 'See which snapshots there are:',
        run: `npx proven-backups list --snapshots --region ${arg(facts.place.region)}`,
      },
      { say: 'The policy tries again at its next time. Roles and keys:', run: page('volume-snapshots.md#the-role') },
    ],
  }),
  replication: (facts) => {
    const failed = /could not be replicated/.test(facts.problem.sentence);
    return {
      title: 'backups are not replicated',
      likelyCause: failed
        ? 'S3 could not copy objects to the other bucket: its role, the key of one of the buckets, or the policy of the other bucket.'
        : 'S3 is far behind with its copies to the other bucket. It mostly passes; a great many new objects, or trouble of S3 in one of the Regions.',
      steps: [
        {
          say: 'See what is replicated, and as which role:',
          run: facts.aws('s3api get-bucket-replication', `--bucket ${arg(facts.place.bucket)}`),
        },
        {
          say: 'See whether an object was copied, of the backup that you need most ($KEY: its key):',
          run: facts.aws(
            's3api head-object',
            `--bucket ${arg(facts.place.bucket)}`,
            '--key "$KEY"',
            '--query ReplicationStatus',
          ),
        },
        ...(failed ? copyAgain(facts) : []),
      ],
    };
  },
  'denied-delete': deniedDeleteAdvice,
  'no-subscriber': (facts) => ({
    title: 'nobody gets these notifications',
    likelyCause:
      'The topic has no confirmed subscription. Nobody confirmed the first email (its link holds for two days), or somebody unsubscribed. If a backup fails now, nobody is told.',
    steps: [
      {
        say: 'See who is subscribed ($TOPIC: its ARN, shown by the alarm test below):',
        run: facts.aws('sns list-subscriptions-by-topic', `--topic-arn ${resource(facts, 'sns', '"$TOPIC"')}`),
      },
      {
        say: 'Subscribe, and confirm the email that comes:',
        run: facts.aws(
          'sns subscribe',
          `--topic-arn ${resource(facts, 'sns', '"$TOPIC"')}`,
          '--protocol email',
          '--notification-endpoint you@example.com',
        ),
      },
      {
        say: 'Then try whether emails arrive:',
        run: `npx proven-backups alarm test --bucket ${arg(facts.place.bucket)} --region ${arg(facts.place.region)}`,
      },
    ],
  }),
  'dead-letters': (facts) => ({
    title: 'runs could not be started',
    likelyCause:
      'A dead-letter queue has messages: EventBridge Scheduler could not start something. Mostly a role or a function that was changed or deleted by hand.',
    steps: [
      { say: 'Find the queue, for $QUEUE:', run: facts.aws('sqs get-queue-url', `--queue-name ${queueOf(facts)}`) },
      {
        say: 'Read them. ERROR_CODE and ERROR_MESSAGE say why:',
        run: facts.aws(
          'sqs receive-message',
          '--queue-url "$QUEUE"',
          '--message-attribute-names All',
          '--max-number-of-messages 10',
        ),
      },
      { say: 'Deploy the stack again, which puts back what was changed.' },
      {
        say: 'When you have read them, empty the queue: as long as anything is in it, this stays on. It cannot be undone:',
        run: facts.aws('sqs purge-queue', '--queue-url "$QUEUE"'),
      },
      list(facts),
    ],
  }),
  other: (facts) => ({
    title: 'something is wrong',
    likelyCause: 'An event came that is not understood. It is below as it came. It may be nothing.',
    steps: [
      list(facts, 'See whether the backups are there:'),
      { say: 'What is known:', run: page('troubleshooting.md') },
    ],
  }),
};
