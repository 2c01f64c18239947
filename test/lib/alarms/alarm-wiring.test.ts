import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Duration, Size } from 'aws-cdk-lib';
import {
  BackupSchedule,
  Database,
  DatabaseBackup,
  Digest,
  MysqlVersion,
  SnapshotPruning,
  SnapshotRetention,
  SnapshotSchedule,
  VolumeSnapshots,
} from '../../../lib';
import { CUTS, one } from './alarm-cuts';
import type { Resources } from './alarm-walk';
import { asText, brokenLinks, matches } from './alarm-walk';
import type { Json } from '../support';
import { READY_IMAGE, Setup } from '../support';

let resources: Resources;
let text: string;
beforeAll(() => {
  const setup = new Setup();
  const { stack } = setup;
  const { alarms, bucket, cluster } = setup.create({
    alarms: { emails: ['backups@example.com'], digest: Digest.daily({ hour: 8 }) },
  });
  setup.add();
  const deadLetterQueue = new sqs.Queue(stack, 'SharedQueue');
  new DatabaseBackup(stack, 'Alone', {
    database: Database.mysql({ version: MysqlVersion.V8_4, host: 'db.internal', secret: setup.secret }),
    schedule: BackupSchedule.every(Duration.hours(6)),
    image: READY_IMAGE,
    bucket,
    cluster,
    alarms,
    deadLetterQueue,
  });
  const pruning = { tagKey: 'made-by', tagValue: 'script', deadLetterQueue };
  alarms.watchSnapshotPruning(new SnapshotPruning(stack, 'SnapshotPruning', pruning));
  const snapshots = new VolumeSnapshots(stack, 'Snapshots', {
    schedules: [SnapshotSchedule.daily({ hour: 3, retention: SnapshotRetention.count(14) })],
  });
  const availabilityZone = stack.availabilityZones[0]!;
  snapshots.protect(new ec2.Volume(stack, 'Volume', { availabilityZone, size: Size.gibibytes(10), encrypted: true }));
  alarms.watchSnapshots(snapshots);
  alarms.watchReplication({ destinationBucketName: 'copies', ruleId: 'all' });
  resources = asText(setup.template().toJSON().Resources);
  text = JSON.stringify(resources);
});

const count = (type: string) => Object.values(resources).filter(({ Type }) => Type === type).length;

test('every alarm, rule, schedule and function leads to an email', () => {
  expect(brokenLinks(resources)).toEqual([]);
  // They were looked at.
  expect(count('AWS::CloudWatch::Alarm')).toBe(9);
  expect(count('AWS::Events::Rule')).toBe(4);
  expect(count('AWS::Lambda::EventInvokeConfig')).toBe(3);
  expect(count('AWS::Scheduler::Schedule')).toBe(6);
});

test.each(CUTS)('the walk finds it out when %s', (_, cut, sentence) => {
  const copy: Resources = JSON.parse(text);
  cut(copy);
  expect(brokenLinks(copy).join('\n')).toMatch(sentence);
});

const ARN = 'arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task-definition';
const task = (family: string, lastStatus = 'STOPPED') => ({
  source: 'aws.ecs',
  'detail-type': 'ECS Task State Change',
  detail: { lastStatus, taskDefinitionArn: `${ARN}/${family}:3`, containers: [{ name: 'backup', exitCode: 0 }] },
});
const call = (source: string, detail: Json) => ({ source, 'detail-type': 'AWS API Call via CloudTrail', detail });
const runTask = (taskDefinition: string, failures: Json[]) =>
  call('aws.ecs', { eventName: 'RunTask', requestParameters: { taskDefinition }, responseElements: { failures } });
const remove = (eventName: string, errorCode: string | undefined, bucketName = 'BUCKET') =>
  call('aws.s3', { eventName, errorCode, requestParameters: { bucketName } });
const REFUSED = [{ arn: 'arn:aws:ecs:x', reason: 'RESOURCE:FARGATE' }];
const snapshot = (result: string, event = 'createSnapshot') => ({
  source: 'aws.ec2',
  'detail-type': 'EBS Snapshot Notification',
  detail: { event, result },
});
const policy = (policy_id: string) => ({
  source: 'aws.dlm',
  'detail-type': 'DLM Policy State Change',
  detail: { state: 'ERROR', cause: 'role', policy_id },
});

test.each([
  ['a stopped task of Backups', task('Stack-Backups-shop'), 'TaskRule'],
  ['a stopped task of a backup by itself', task('Stack-alone'), 'TaskRule'],
  ['a running task', task('Stack-Backups-shop', 'RUNNING'), ''],
  ["a stranger's task", task('shop'), ''],
  ['a run that ECS refused, by ARN', runTask(`${ARN}/Stack-Backups-shop:3`, REFUSED), 'CallRule'],
  ['a run that ECS refused, by family', runTask('Stack-Backups-shop', REFUSED), 'CallRule'],
  ['a run that ECS started', runTask('Stack-Backups-shop', []), ''],
  ["a stranger's run", runTask('shop', REFUSED), ''],
  ['a denied delete', remove('DeleteObject', 'AccessDenied'), 'CallRule'],
  ['denied deletes', remove('DeleteObjects', 'AccessDenied'), 'CallRule'],
  ['a delete', remove('DeleteObject', undefined), ''],
  ['a denied read', remove('GetObject', 'AccessDenied'), ''],
  ['a denied delete elsewhere', remove('DeleteObject', 'AccessDenied', 'other'), ''],
  ['a policy in error', policy('POLICY'), 'SnapshotRule'],
  ["a stranger's policy in error", policy('arn:aws:dlm:x'), ''],
  ['a failed snapshot', snapshot('failed'), 'SnapshotRule'],
  ['a snapshot', snapshot('succeeded'), 'SnapshotRule'],
  ['a shared snapshot', snapshot('succeeded', 'shareSnapshot'), ''],
])('%s is found by the rule for it, and by no other', (_, event, expected) => {
  const ids = {
    BUCKET: one(resources, 'Events::Rule', 'CallRule').EventPattern.detail.$or[1].requestParameters.bucketName[0],
  };
  const policyId = Object.keys(resources).find((id) => resources[id].Type === 'AWS::DLM::LifecyclePolicy')!;
  const real = JSON.parse(JSON.stringify(event).replace('BUCKET', ids.BUCKET).replace('POLICY', `<${policyId}.Arn>`));
  const found = Object.entries(resources).filter(
    ([, { Type, Properties }]) => Type === 'AWS::Events::Rule' && matches(Properties.EventPattern, real),
  );
  expect(found.map(([id]) => /Alarms(\w+Rule)/.exec(id)![1])).toEqual(expected === '' ? [] : [expected]);
});
