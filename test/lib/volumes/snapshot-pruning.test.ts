import { App, Aws, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { SnapshotPruningProps } from '../../../lib';
import { BackupSchedule, Retention, SnapshotPruning } from '../../../lib';
import type { Json } from '../support';
import { flat } from '../support';

const TAG = { tagKey: 'made-by', tagValue: 'script' };

function create(props: Partial<SnapshotPruningProps> | ((stack: Stack) => Partial<SnapshotPruningProps>) = {}) {
  const app = new App({ context: { '@aws-cdk/core:validateAgainstDefaultRules': true } });
  const stack = new Stack(app, 'Stack');
  const given = typeof props === 'function' ? props(stack) : props;
  const pruning = new SnapshotPruning(stack, 'SnapshotPruning', { ...TAG, ...given });
  const template = () => Template.fromStack(stack);
  const one = (type: string): Json => {
    const found = Object.values(template().findResources(type));
    expect(found).toHaveLength(1);
    return found[0]!.Properties;
  };
  return { app, stack, pruning, template, one };
}

const settingsOf = ({ one }: ReturnType<typeof create>): Json =>
  JSON.parse(one('AWS::Lambda::Function').Environment.Variables.SNAPSHOT_SETTINGS);

/** The statements of the role that Lambda assumes. */
function statements({ template }: ReturnType<typeof create>): Json[] {
  const roles = Object.values(template().findResources('AWS::IAM::Role')).map(({ Properties }) => Properties);
  const [role] = roles.filter(({ AssumeRolePolicyDocument }) =>
    JSON.stringify(AssumeRolePolicyDocument).includes('lambda.amazonaws.com'),
  );
  return role.Policies.flatMap(({ PolicyDocument }: Json) => PolicyDocument.Statement);
}

test('the defaults', () => {
  const created = create();
  expect(settingsOf(created)).toEqual({
    tag: { key: 'made-by', value: 'script' },
    retention: {
      ...{ keepLast: 3, keepForSeconds: 172_800, daily: 14, weekly: 14, monthly: 13 },
      ...{ timeZone: 'UTC', weekStart: 'monday' },
    },
    maxDeleteShare: 0.5,
  });
  expect(created.one('AWS::Scheduler::Schedule')).toMatchObject({
    ScheduleExpression: 'cron(0 5 * * ? *)',
    State: 'ENABLED',
    Target: { Input: '{}' },
  });
  expect(created.one('AWS::Lambda::Function').Handler).toBe('index.handler');
  expect(created.one('AWS::Logs::LogGroup').RetentionInDays).toBe(90);
});

test('what is set arrives', () => {
  const created = create((stack) => ({
    retention: Retention.days(30, { keepLast: 5 }),
    allowedAge: Duration.hours(30),
    maxDeletePercent: 10,
    schedule: BackupSchedule.cron('30 6 ? * SUN *'),
    logRetention: logs.RetentionDays.ONE_WEEK,
    scheduleGroup: new scheduler.ScheduleGroup(stack, 'Group'),
    deadLetterQueue: new sqs.Queue(stack, 'Queue'),
    enabled: false,
  }));
  expect(settingsOf(created)).toMatchObject({
    retention: { keepLast: 5, keepForSeconds: 30 * 86_400 },
    maxDeleteShare: 0.1,
    allowedAgeSeconds: 108_000,
  });
  const schedule = created.one('AWS::Scheduler::Schedule');
  expect(schedule).toMatchObject({ ScheduleExpression: 'cron(30 6 ? * SUN *)', State: 'DISABLED' });
  expect(flat(schedule.GroupName)).toMatch(/^Stack-Group-/);
  expect(flat(schedule.Target.DeadLetterConfig.Arn)).toMatch(/^<Queue.*\.Arn>$/);
  expect(created.one('AWS::Logs::LogGroup').RetentionInDays).toBe(7);
});

test('a log group of the user', () => {
  const created = create((stack) => ({ logGroup: new logs.LogGroup(stack, 'Mine', { retention: 1 }) }));
  expect(created.one('AWS::Logs::LogGroup').RetentionInDays).toBe(1);
  expect(flat(created.one('AWS::Lambda::Function').LoggingConfig.LogGroup)).toMatch(/^<Mine/);
});

test('the role may ask, and delete what carries the tag, and nothing else', () => {
  const [log, ...others] = statements(create());
  expect(log!.Action).toEqual(['logs:CreateLogStream', 'logs:PutLogEvents']);
  expect(others).toEqual([
    {
      Effect: 'Allow',
      Action: [
        'ec2:DescribeImages',
        'ec2:DescribeLockedSnapshots',
        'ec2:DescribeSnapshotAttribute',
        'ec2:DescribeSnapshots',
        'ec2:DescribeSnapshotTierStatus',
      ],
      Resource: '*',
    },
    {
      Effect: 'Allow',
      Action: 'ec2:DeleteSnapshot',
      Resource: expect.anything(),
      Condition: { StringEquals: { 'aws:ResourceTag/made-by': 'script' } },
    },
  ]);
  expect(flat(others[1]!.Resource)).toBe('arn:<AWS::Partition>:ec2:<AWS::Region>::snapshot/*');
});

test('whoever may prune with the command line may invoke the function, and nothing else', () => {
  const created = create();
  const role = new iam.Role(created.stack, 'Person', { assumedBy: new iam.AccountRootPrincipal() });
  created.pruning.grantInvoke(role);
  const { PolicyDocument } = created.one('AWS::IAM::Policy');
  expect(PolicyDocument.Statement).toEqual([
    { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: expect.anything() },
  ]);
  expect(flat(PolicyDocument.Statement[0].Resource)).toMatch(/^<SnapshotPruningPrune\w+\.Arn>$/);
});

test('metrics', () => {
  const { pruning } = create();
  const dimensions = { SnapshotTag: 'made-by=script' };
  const common = { namespace: 'ProvenBackups', dimensions, period: Duration.hours(1) };
  expect(pruning.metricProblems()).toMatchObject({ ...common, metricName: 'PruneProblems', statistic: 'Maximum' });
  expect(pruning.metricDeleted()).toMatchObject({ ...common, metricName: 'PruneDeleted', statistic: 'Sum' });
  expect(pruning.metricDeleted({ statistic: 'Average' })).toMatchObject({ statistic: 'Average' });
});

describe('bad input', () => {
  test.each<[string, Partial<SnapshotPruningProps>, string]>([
    ['no tag', { tagKey: '' }, 'tagKey must be 1 to 128 characters, got: 0: choose another tag'],
    ['a long key', { tagKey: 'k'.repeat(129) }, 'tagKey must be 1 to 128 characters, got: 129: choose another tag'],
    [
      'a long value',
      { tagValue: 'v'.repeat(257) },
      'tagValue must be 0 to 256 characters, got: 257: choose another tag',
    ],
    [
      'a tag of AWS',
      { tagKey: 'AWS:backup:source' },
      'tagKey must not begin with aws:, got: "AWS:backup:source": AWS owns those tags; name a tag of your own',
    ],
    [
      'a wildcard',
      { tagValue: 'nightly-*' },
      'tagValue must be of ASCII letters, digits, spaces and _ . : / = + - @, got: "nightly-*": choose another tag',
    ],
    [
      'a token for a key',
      { tagKey: Aws.STACK_NAME },
      'tagKey must be known at synth, got: a token: write the value itself',
    ],
    [
      'a token for a value',
      { tagValue: Aws.STACK_NAME },
      'tagValue must be known at synth, got: a token: write the value itself',
    ],
    ['no share', { maxDeletePercent: 0 }, 'maxDeletePercent must be a whole number from 1 to 100, got: 0'],
    [
      'a short age',
      { allowedAge: Duration.seconds(59) },
      'allowedAge must be a whole number from 60 to 316224000 seconds, got: 59',
    ],
    [
      'a retention without rules',
      { retention: Retention.gfs({}) },
      'retention must have a rule besides keepLast, got: none: give keepFor, daily, weekly or the like',
    ],
  ])('%s', (_, props, sentence) => {
    expect(() => create(props)).toThrow(new Error(`Stack/SnapshotPruning: ${sentence}`));
  });

  test.each<[string, Partial<SnapshotPruningProps>]>([
    ['the longest tag', { tagKey: 'k'.repeat(128), tagValue: 'v'.repeat(256) }],
    ['an empty value', { tagValue: '' }],
    ['every character', { tagKey: 'Aa0 _.:/=+-@' }],
    ['the largest share', { maxDeletePercent: 100 }],
    ['the shortest age', { allowedAge: Duration.seconds(60) }],
  ])('but not %s', (_, props) => {
    expect(() => create(props).template()).not.toThrow();
  });
});
