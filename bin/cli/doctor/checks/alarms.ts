/** Functions that can run, rules that send them events, and somebody who gets their alarms. */
import type { DescribeRuleResponse } from '@aws-sdk/client-eventbridge';
import { DescribeRuleCommand, EventBridgeClient, ListRuleNamesByTargetCommand } from '@aws-sdk/client-eventbridge';
import type { Subscription } from '@aws-sdk/client-sns';
import { paginateListSubscriptionsByTopic, SNSClient } from '@aws-sdk/client-sns';
import type { EventSourceMappingConfiguration } from '@aws-sdk/client-lambda';
import { ALARM_ENV } from '../../../../catalog/contract/alarms';
import type { Check } from '../check';
import type { DeployedFunction } from '../deployment';
import { all, queuesOf, variablesOf } from '../deployment';
import type { Finding } from '../finding';
import { DEPLOY, failed, judge, judgeEach, ok, valuesOf, warning } from '../finding';

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
    return one.queues
      ? judge(one.queues, (queues) => judgeQueues(queues, of, variablesOf(one)[ALARM_ENV.deadLetters]))
      : ok(of, 'can run');
  });
}

/** @param deadLetters ARN of the queue of Scheduler's dead letters, if it reads that too */
function judgeQueues(
  queues: readonly EventSourceMappingConfiguration[] = [],
  of: string,
  deadLetters: string | undefined,
): Finding {
  const reads = (isDead: boolean) => queues.some((one) => (one.EventSourceArn === deadLetters) === isDead);
  if (!reads(false)) return failed(of, 'no queue of events invokes it, so nobody is told anything', DEPLOY);
  if (deadLetters !== undefined && !reads(true)) {
    return failed(
      of,
      'it does not read the dead letters of the schedules, so nobody is told that none started',
      DEPLOY,
    );
  }
  const off = queues.find(({ State = 'Enabled' }) => /^Disabl/.test(State));
  if (!off) return ok(of, 'reads its queues');
  return failed(
    of,
    `its event source mapping is ${off.State}: it reads no events, so nobody is told anything`,
    'enable it:',
    `aws lambda update-event-source-mapping --enabled --uuid ${off.UUID}`,
  );
}

const ALARMS = 'CloudWatch Alarm State Change';
const TASKS = ['ECS Task State Change', 'AWS API Call via CloudTrail'];
const COMMANDS = 'EC2 Command Invocation Status-change Notification';

export const events: Check = {
  id: 'events',
  title: 'rules send the events of the backups to the alarms',
  needs: ['functions'],
  run: async (deployment) => {
    const client = deployment.aws.client(EventBridgeClient);
    const list = async (TargetArn: string) => {
      const { RuleNames = [] } = await client.send(new ListRuleNamesByTargetCommand({ TargetArn }));
      return Promise.all(RuleNames.map((Name) => client.send(new DescribeRuleCommand({ Name }))));
    };
    const queues = (await deployment.functions()).flatMap((one) =>
      queuesOf(one).filter((arn) => arn !== variablesOf(one)[ALARM_ENV.deadLetters]),
    );
    const found = await deployment.each(queues, 'events:ListRuleNamesByTarget, events:DescribeRule', list);
    const { dumps, commands } = deployment.directory;
    const types = [
      ALARMS,
      ...(dumps.length + commands.length > 0 ? TASKS : []),
      ...(commands.length > 0 ? [COMMANDS] : []),
    ];
    const isKnown = found.length > 0 && found.every(({ fact }) => 'value' in fact);
    return [
      ...judgeEach(found, () => []),
      ...(isKnown ? judgeRules(valuesOf(found).flat(), deployment.bucket, types) : []),
    ];
  },
};

/** @param types of events, each of which some rule has to send */
export function judgeRules(rules: readonly DescribeRuleResponse[], of: string, types: readonly string[]): Finding[] {
  const missing = types.filter((type) => !rules.some(({ EventPattern }) => EventPattern?.includes(`"${type}"`)));
  return [
    ...missing.map((type) =>
      failed(of, `no rule sends events "${type}" to the alarms: nobody is told of them`, DEPLOY),
    ),
    ...rules.map(({ Name = '', State, Description }) =>
      State === 'DISABLED'
        ? failed(
            Name,
            `the rule is disabled: nobody is told of "${Description}"`,
            'enable it:',
            `aws events enable-rule --name ${Name}`,
          )
        : ok(Name, 'is enabled'),
    ),
  ];
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
