import type { AdviceTable } from './advice-table';
import type { Facts } from './facts';
import { arg, idOf, list, logOf } from './facts';
import { page } from './links';

/** What the problem is about, if it is of that service: where an alarm told of it, it is the alarm. */
const resource = ({ problem }: Facts, service: string, placeholder: string): string =>
  problem.resource?.split(':')[2] === service ? arg(problem.resource) : placeholder;

const id = (facts: Facts, service: string, placeholder: string): string => {
  const arn = resource(facts, service, placeholder);
  return arn === placeholder ? arn : arg(idOf(facts.problem.resource!));
};

/** Name of a user, or of the session of a role, as CloudTrail looks it up. */
const userOf = ({ problem: { resource: who } }: Facts): string =>
  who !== undefined && /^arn:.*\//.test(who) ? arg(idOf(who)) : '"$USER_NAME"';

const queueOf = ({ problem }: Facts): string => {
  const name = /^queue (\S+)$/.exec(problem.about)?.[1];
  return name === undefined ? '"$QUEUE_NAME"' : arg(name);
};

/** What concerns the bucket as a whole. */
export const HOUSEKEEPING_ADVICE: AdviceTable<'housekeeping'> = {
  prune: (facts) => ({
    title: 'old backups could not be deleted',
    likelyCause:
      'The pruning refused to delete, or failed. A refusal protects backups: nothing is lost, but storage grows until somebody has looked.',
    steps: [
      {
        say: 'See what would be deleted, and what is refused and why:',
        run: `npx proven-backups prune ${facts.backups} --dry-run`,
      },
      {
        say: 'If it is right that so much goes, delete it yourself (it asks first):',
        run: `npx proven-backups prune ${facts.backups}`,
      },
      { say: 'Each refusal, and what to do:', run: page('pruning.md#problems') },
    ],
  }),
  'prune-snapshots': (facts) => ({
    title: 'old snapshots could not be deleted',
    likelyCause:
      'The pruning of snapshots refused to delete, or failed. Nothing is lost, but storage grows until somebody has looked.',
    steps: [
      {
        say: 'See what would be deleted, and what is refused and why:',
        run: `npx proven-backups prune --function ${resource(facts, 'lambda', '"$FUNCTION"')} --region ${arg(facts.place.region)} --dry-run`,
      },
      { say: 'How it decides:', run: page('snapshot-pruning.md') },
    ],
  }),
  measure: (facts) => ({
    title: 'backups could not be measured',
    likelyCause:
      'The function that looks for new backups every hour failed, wholly or for some sources. Until it works again, a backup that does not come may go unnoticed.',
    steps: [
      logOf(facts, 'Read its log:', 'failed'),
      list(facts, 'See with your own eyes what there is:'),
      { say: 'If access was denied: deploy the stack again, which puts back roles and policies.' },
    ],
  }),
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
  replication: (facts) => ({
    title: 'backups are not replicated',
    likelyCause:
      'S3 could not copy objects to the other bucket, or is far behind: its role, the key of one of the buckets, or the policy of the other bucket.',
    steps: [
      {
        say: 'See what is replicated, and as which role:',
        run: facts.aws('s3api get-bucket-replication', `--bucket ${arg(facts.place.bucket)}`),
      },
      {
        say: 'Objects that failed are not tried again by themselves: when it is repaired, copy them with S3 Batch Replication.',
      },
    ],
  }),
  'denied-delete': (facts) => ({
    title: 'somebody tried to delete backups',
    likelyCause:
      'A call that would have deleted backups or their protection was denied: nothing is lost. It is a script or a person in error, or somebody who means harm.',
    steps: [
      {
        say: 'See what else they did. CloudTrail has the last 90 days:',
        run: facts.aws(
          'cloudtrail lookup-events',
          `--lookup-attributes AttributeKey=Username,AttributeValue=${userOf(facts)}`,
        ),
      },
      { say: 'If nobody knows of it: disable the access key, and treat it as a break-in.' },
      list(facts, 'See that all backups are there:'),
    ],
  }),
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
