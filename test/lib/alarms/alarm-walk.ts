import type { Json } from '../support';
import { allows, flat } from '../support';

/** Resources of a template by id, references written as texts: `<Queue.Arn>`. */
export type Resources = Record<string, Json>;

/** Writes every reference as a text. */
export function asText(value: Json): Json {
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value !== 'object' || value === null) return value;
  if ('Ref' in value || 'Fn::GetAtt' in value || 'Fn::Join' in value) return flat(value);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, asText(part)]));
}

const wildcard = (value: string) => (pattern: string) => {
  const [first, ...more] = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${[first, ...more].join('.*')}$`).test(value);
};

/** Whether EventBridge would find an event by a pattern. */
export function matches(pattern: Json, event: Json): boolean {
  return Object.entries(pattern).every(([key, part]: [string, Json]) => {
    if (key === '$or') return part.some((one: Json) => matches(one, event));
    const values = [event[key]].flat();
    // A pattern may ask for what is not there, at any depth.
    if (!Array.isArray(part)) return values.some((value) => matches(part, value ?? {}));
    return part.some((test: Json) => {
      if (typeof test === 'string') return values.includes(test);
      // A field that is not there is nothing but.
      const but = test['anything-but'];
      if (but) return event[key] !== undefined && !values.some((value) => but.wildcard.some(wildcard(value)));
      if ('exists' in test) return (event[key] !== undefined) === test.exists;
      if ('prefix' in test) return values.some((value) => value?.startsWith(test.prefix));
      throw new Error(`the matcher does not know ${JSON.stringify(test)}`);
    });
  });
}

/** Whether a policy of a resource lets a service in. */
function admits(statements: Json[], service: string, actions: string[], resource: string, context: Json = {}): boolean {
  const like = (pattern: string, text = '') => pattern.split('*').every((part) => text.includes(part));
  const met = (condition: Json = {}) =>
    Object.entries(condition).every(([operator, keys]: [string, Json]) =>
      Object.entries(keys).every(([key, wanted]: [string, Json]) => {
        if (operator === 'ArnLike') return [wanted].flat().some((pattern) => like(pattern, context[key]));
        return [wanted].flat().includes(context[key]);
      }),
    );
  const [forIt, denials] = [
    statements.filter(({ Effect, Principal, Condition }) => {
      return Effect === 'Allow' && Principal.Service === service && met(Condition);
    }),
    statements.filter(({ Effect, Condition }) => Effect === 'Deny' && met(Condition)),
  ];
  return actions.every((action) => allows([...forIt, ...denials], action, resource));
}

/** Follows every alarm, rule, schedule and function to the end; answers with the links that are broken. */
export function brokenLinks(resources: Resources): string[] {
  const broken: string[] = [];
  const ofType = (type: string): [string, Json][] =>
    Object.entries(resources).flatMap(([id, { Type, Properties }]) =>
      Type === `AWS::${type}` ? [[id, Properties] as [string, Json]] : [],
    );
  const must = (good: boolean, sentence: string) => good || (broken.push(sentence), false);
  const byArn = (arn: string): [string, Json] => {
    const id = /^<(\w+)(?:\.Arn)?>$/.exec(arn)?.[1] ?? arn;
    return [id, resources[id]?.Properties];
  };
  const statementsOf = (type: string, list: string, id: string): Json[] =>
    ofType(type)
      .filter(([, policy]) => policy[list].includes(`<${id}>`))
      .flatMap(([, { PolicyDocument }]) => PolicyDocument.Statement);
  const roleAllows = (roleArn: string, action: string, resource: string) =>
    allows(
      byArn(roleArn)[1]?.Policies.flatMap(({ PolicyDocument }: Json) => PolicyDocument.Statement) ?? [],
      action,
      resource,
    );

  /** A topic that a service publishes to, with its key and somebody who reads it. */
  const topic = (arn: string, service: string, context: Json, from: string) => {
    const [id, properties] = byArn(arn);
    const policy = statementsOf('SNS::TopicPolicy', 'Topics', id);
    must(admits(policy, service, ['sns:Publish'], arn, context), `${from}: the topic's policy refuses ${service}`);
    const key = byArn(properties.KmsMasterKeyId)[1].KeyPolicy.Statement;
    const use = ['kms:Decrypt', 'kms:GenerateDataKey'];
    must(admits(key, service, use, '*', context), `${from}: the key's policy refuses ${service}`);
    readTopic(arn, from);
  };
  const readTopic = (arn: string, from: string) =>
    must(
      ofType('SNS::Subscription').some(([, { TopicArn }]) => TopicArn === arn),
      `${from}: nobody has subscribed`,
    );

  /** An alarm on a queue, which may have to publish by itself. */
  const isAlarmed = (arn: string, metric: string, publishes: boolean) => {
    const [queue] = byArn(arn);
    return ofType('CloudWatch::Alarm').some(
      ([, { MetricName, Dimensions, AlarmActions }]) =>
        MetricName === metric &&
        Dimensions[0].Value === `<${queue}.QueueName>` &&
        (AlarmActions !== undefined || !publishes),
    );
  };
  /** An alarm when something is in a queue. */
  const alarmed = (arn: string, from: string, publishes: boolean) =>
    must(isAlarmed(arn, 'ApproximateNumberOfMessagesVisible', publishes), `${from}: nobody looks at the queue`);

  /** A queue that a function reads which can publish. */
  const queue = (arn: string, from: string) => {
    const [, properties] = byArn(arn);
    const readers = ofType('Lambda::EventSourceMapping').filter(
      ([, mapping]) => mapping.EventSourceArn === arn && mapping.Enabled !== false,
    );
    if (!must(readers.length > 0, `${from}: nothing reads the queue`)) return;
    for (const [, { FunctionName }] of readers) {
      const [, { Role, Timeout, Environment }] = byArn(FunctionName);
      must(properties.VisibilityTimeout >= Timeout, `${from}: the queue hides its messages for too short a time`);
      for (const action of ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes']) {
        must(roleAllows(Role, `sqs:${action}`, arn), `${from}: the function may not ${action}`);
      }
      const topicArn = Environment.Variables.ALARM_TOPIC;
      must(roleAllows(Role, 'sns:Publish', topicArn), `${from}: the function may not publish`);
      const keyArn = byArn(topicArn)[1].KmsMasterKeyId;
      for (const action of ['kms:Decrypt', 'kms:GenerateDataKey']) {
        must(roleAllows(Role, action, keyArn), `${from}: the function may not use the key`);
      }
      const delegates = byArn(keyArn)[1].KeyPolicy.Statement.some(
        ({ Action, Principal }: Json) => Action === 'kms:*' && /:root$/.test(Principal.AWS ?? ''),
      );
      must(delegates, `${from}: the key does not leave its use to IAM`);
      readTopic(topicArn, from);
    }
    if (!must(properties.RedrivePolicy !== undefined, `${from}: what cannot be read is lost`)) return;
    alarmed(properties.RedrivePolicy.deadLetterTargetArn, from, true);
  };

  for (const [id, { AlarmActions, Namespace, MetricName, Dimensions }] of ofType('CloudWatch::Alarm')) {
    for (const action of AlarmActions ?? []) {
      const context = {
        'aws:SourceAccount': '<AWS::AccountId>',
        'aws:SourceArn': `arn:<AWS::Partition>:cloudwatch:<AWS::Region>:<AWS::AccountId>:alarm:${id}`,
      };
      topic(action, 'cloudwatch.amazonaws.com', context, id);
    }
    if (AlarmActions) continue;
    const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value }: Json) => [Name, Value]));
    const metrics = [{ metricStat: { metric: { namespace: Namespace, name: MetricName, dimensions } } }];
    const detail = { alarmName: `<${id}>`, state: { value: 'ALARM' }, configuration: { metrics } };
    const event = { source: 'aws.cloudwatch', 'detail-type': 'CloudWatch Alarm State Change', detail };
    const found = ofType('Events::Rule').some(([, { EventPattern }]) => matches(EventPattern, event));
    must(found, `${id}: no rule matches`);
  }

  const admitsRule = (arn: string, id: string) => {
    const policy = statementsOf('SQS::QueuePolicy', 'Queues', byArn(arn)[0]);
    const context = { 'aws:SourceArn': `<${id}.Arn>` };
    return admits(policy, 'events.amazonaws.com', ['sqs:SendMessage'], arn, context);
  };
  for (const [id, { State, Targets }] of ofType('Events::Rule')) {
    must(State === 'ENABLED', `${id}: the rule is disabled`);
    must(Targets.length > 0, `${id}: the rule has no target`);
    for (const { Arn, DeadLetterConfig } of Targets) {
      must(admitsRule(Arn, id), `${id}: the queue's policy refuses the rule`);
      queue(Arn, id);
      must(admitsRule(DeadLetterConfig.Arn, id), `${id}: the other queue's policy refuses the rule`);
      alarmed(DeadLetterConfig.Arn, id, true);
    }
  }

  for (const [id, { DestinationConfig, FunctionName }] of ofType('Lambda::EventInvokeConfig')) {
    const arn = DestinationConfig?.OnFailure.Destination;
    if (!must(arn !== undefined, `${id}: nobody is told of a failure`)) continue;
    must(roleAllows(byArn(FunctionName)[1].Role, 'sqs:SendMessage', arn), `${id}: the function may not send`);
    queue(arn, id);
  }

  for (const [id, { Target }] of ofType('Scheduler::Schedule')) {
    const arn = Target.DeadLetterConfig?.Arn;
    if (!must(arn !== undefined, `${id}: nobody is told of a run that was not started`)) continue;
    must(roleAllows(Target.RoleArn, 'sqs:SendMessage', arn), `${id}: the schedule may not send`);
    const isRead = ofType('Lambda::EventSourceMapping').some(([, { EventSourceArn }]) => EventSourceArn === arn);
    if (isRead) queue(arn, id);
    else alarmed(arn, id, false);
    const [target] = byArn(Target.Arn);
    if (resources[target]?.Type !== 'AWS::SQS::Queue') continue;
    must(roleAllows(Target.RoleArn, 'sqs:SendMessage', Target.Arn), `${id}: the schedule may not send what is due`);
    queue(Target.Arn, id);
  }

  for (const [id, { Environment, Role }] of ofType('Lambda::Function')) {
    const events = Environment?.Variables.ALARM_EVENTS;
    if (events === undefined) continue;
    const [name] = byArn(events);
    // A function that is never invoked lays nothing aside.
    const told = isAlarmed(`<${name}.Arn>`, 'ApproximateAgeOfOldestMessage', true);
    must(told, `${id}: nobody is told when nothing reads the queue`);
    must(roleAllows(Role, 'sqs:SendMessage', `<${name}.Arn>`), `${id}: the function may not send what it found`);
    queue(`<${name}.Arn>`, id);
  }
  return broken;
}
