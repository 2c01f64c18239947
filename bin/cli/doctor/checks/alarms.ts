/** Alarms: somebody gets them, and nothing waits that nobody reads. */
import type { Subscription } from '@aws-sdk/client-sns';
import { paginateListSubscriptionsByTopic, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { check } from '../check';
import { all, nameOf } from '../deployment';
import type { Finding, Thing } from '../finding';
import { DEPLOY, failed, judge, ok, unanswered, valueOf, warning } from '../finding';

/** The topics and their subscriptions. */
export interface TopicFacts {
  readonly bucket: string;
  /** Whether a function notifies; its settings may be unknown. */
  readonly watched: boolean;
  readonly topics: readonly Thing<readonly Subscription[]>[];
}

export const subscriptions = check(
  'subscriptions',
  'somebody gets the alarms',
  async (deployment): Promise<TopicFacts> => {
    const { aws, bucket } = deployment;
    const client = aws.client(SNSClient);
    const list = (TopicArn: string) => all(paginateListSubscriptionsByTopic({ client }, { TopicArn }), 'Subscriptions');
    const action = 'sns:ListSubscriptionsByTopic';
    const topics = await deployment.each(await deployment.topics(), action, list, 'NotFoundException');
    const notify = (await deployment.functions()).filter(({ kind }) => kind === 'notify');
    return { bucket, watched: notify.length > 0, topics: [...unanswered(notify), ...topics] };
  },
  judgeSubscriptions,
);

/** Confirmed ones have an ARN. */
export function judgeSubscriptions({ bucket, watched, topics }: TopicFacts): Finding[] {
  if (!watched) {
    return [warning(bucket, 'nothing watches the backups', 'use Backups, or add BackupAlarms: docs/alarms.md')];
  }
  return topics.flatMap((topic) =>
    judge(topic, (list, of) => {
      if (!list) return failed(of, 'the topic does not exist', DEPLOY);
      const pending = list.filter(({ SubscriptionArn }) => !SubscriptionArn?.startsWith('arn:'));
      const endpoints = pending.map(({ Endpoint }) => Endpoint).join(', ');
      if (list.length === 0) {
        return failed(
          of,
          'nobody gets the alarms: no subscription',
          'add an address to emails, and deploy: docs/alarms.md',
        );
      }
      if (pending.length === list.length) {
        return failed(of, `nobody gets the alarms: not confirmed by ${endpoints}`, 'confirm the email that AWS sent');
      }
      if (pending.length > 0) return warning(of, `not confirmed by ${endpoints}`, 'confirm the email that AWS sent');
      return ok(of, `${list.length} confirmed`);
    }),
  );
}

/** What SQS tells of a queue. */
type Attributes = Readonly<Record<string, string>>;

export const deadLetters = check(
  'dead-letters',
  'dead-letter queues are empty',
  async (deployment): Promise<Thing<Attributes>[]> => {
    const client = deployment.aws.client(SQSClient);
    const describe = async (arn: string) => {
      const [, , , , QueueOwnerAWSAccountId] = arn.split(':');
      const { QueueUrl } = await client.send(
        new GetQueueUrlCommand({ QueueName: nameOf(arn), QueueOwnerAWSAccountId }),
      );
      return (await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))).Attributes;
    };
    const queues = (arns: Iterable<string | undefined>) =>
      deployment.each(arns, 'sqs:GetQueueUrl and sqs:GetQueueAttributes', describe, 'QueueDoesNotExist');
    const functions = await deployment.functions();
    const schedules: Thing<unknown> = { of: 'schedules', fact: await deployment.schedules() };
    const read = functions.flatMap(({ queues: all }) =>
      (valueOf(all) ?? []).map(({ EventSourceArn }) => EventSourceArn),
    );
    const sources = await queues(read);
    const dead = [
      ...(valueOf(await deployment.schedules()) ?? []).map(({ Target }) => Target?.DeadLetterConfig?.Arn),
      ...sources.map(({ fact }) => {
        const policy = valueOf(fact)?.RedrivePolicy;
        return policy && (JSON.parse(policy) as { deadLetterTargetArn: string }).deadLetterTargetArn;
      }),
    ];
    // The notify function empties those that it reads.
    const found = await queues(dead.filter((arn) => !read.includes(arn)));
    const unread = functions.map(({ of, queues: fact }) => ({ of, fact }));
    return [...unanswered([...unread, schedules, ...sources]), ...found];
  },
  judgeDeadLetters,
);

/** What lies there, nobody reads. */
export function judgeDeadLetters(found: readonly Thing<Attributes>[]): Finding[] {
  return found.flatMap((one) =>
    judge(one, (attributes, of) => {
      if (!attributes) return failed(of, 'the queue does not exist', DEPLOY);
      const { ApproximateNumberOfMessages: count = '0' } = attributes;
      return count === '0'
        ? ok(of, 'is empty')
        : failed(
            of,
            `${count} messages wait in the dead-letter queue`,
            'read them, find the cause, and empty it: docs/alarms.md',
          );
    }),
  );
}
