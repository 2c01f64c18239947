/** Functions that can run, and somebody who gets their alarms. */
import type { Subscription } from '@aws-sdk/client-sns';
import { paginateListSubscriptionsByTopic, SNSClient } from '@aws-sdk/client-sns';
import type { EventSourceMappingConfiguration } from '@aws-sdk/client-lambda';
import type { Check } from '../check';
import type { DeployedFunction } from '../deployment';
import { all } from '../deployment';
import type { Finding } from '../finding';
import { DEPLOY, failed, judge, judgeEach, ok, warning } from '../finding';

export const functions: Check = {
  id: 'functions',
  title: 'the functions can run',
  run: async (deployment) => (await deployment.functions()).flatMap(judgeFunction),
};

/** Lambda calls a function that nobody invoked for weeks inactive: the next invocation wakes it. */
export function judgeFunction(one: DeployedFunction): Finding[] {
  return judge(one, (answer, of) => {
    if (!answer) return failed(of, 'the function does not exist', DEPLOY);
    const { State, StateReason } = answer.Configuration ?? {};
    if (State === 'Failed') return failed(of, `the function is in state Failed: ${StateReason}`, DEPLOY);
    if (answer.Concurrency?.ReservedConcurrentExecutions === 0) {
      const command = `aws lambda delete-function-concurrency --function-name ${of}`;
      return failed(of, 'its reserved concurrency is 0: Lambda does not run it', 'let it run:', command);
    }
    return one.queues ? judge(one.queues, judgeQueues) : ok(of, 'can run');
  });
}

function judgeQueues(queues: readonly EventSourceMappingConfiguration[] = [], of: string): Finding {
  if (queues.length === 0) return failed(of, 'no queue invokes it, so nobody is told anything', DEPLOY);
  const off = queues.find(({ State = 'Enabled' }) => /^Disabl/.test(State));
  if (!off) return ok(of, 'reads its queues');
  return failed(
    of,
    `its event source mapping is ${off.State}: it reads no events, so nobody is told anything`,
    'enable it:',
    `aws lambda update-event-source-mapping --enabled --uuid ${off.UUID}`,
  );
}

export const subscriptions: Check = {
  id: 'subscriptions',
  title: 'somebody gets the alarms',
  needs: ['functions'],
  run: async (deployment) => {
    const { aws, bucket } = deployment;
    if (!(await deployment.functions()).some(({ kind }) => kind === 'notify')) {
      return [warning(bucket, 'nothing watches the backups', 'use Backups, or add BackupAlarms: docs/alarms.md')];
    }
    const client = aws.client(SNSClient);
    const list = (TopicArn: string) => all(paginateListSubscriptionsByTopic({ client }, { TopicArn }), 'Subscriptions');
    const action = 'sns:ListSubscriptionsByTopic';
    const topics = await deployment.each(await deployment.topics(), action, list, 'NotFoundException');
    return judgeEach(topics, judgeSubscriptions);
  },
};

/** Confirmed ones have an ARN. */
export function judgeSubscriptions(list: readonly Subscription[] | undefined, of: string): Finding {
  if (!list) return failed(of, 'the topic does not exist', DEPLOY);
  if (list.length === 0) {
    return failed(
      of,
      'nobody gets the alarms: no subscription',
      'add an address to emails, and deploy: docs/alarms.md',
    );
  }
  const pending = list.filter(({ SubscriptionArn }) => !SubscriptionArn?.startsWith('arn:'));
  if (pending.length === 0) return ok(of, `${list.length} confirmed`);
  const finding = `not confirmed by ${pending.map(({ Endpoint }) => Endpoint).join(', ')}`;
  const action = 'confirm the email that AWS sent';
  if (pending.length < list.length) return warning(of, finding, action);
  return failed(of, `nobody gets the alarms: ${finding}`, action);
}
