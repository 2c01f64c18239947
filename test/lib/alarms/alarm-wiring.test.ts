import { Duration, Size, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import {
  BackupAlarms,
  BackupBucket,
  BackupPruning,
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
  expect(count('AWS::Lambda::EventInvokeConfig')).toBe(4);
  expect(count('AWS::Scheduler::Schedule')).toBe(7);
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
const removeMany = (userIdentity: Json, bucketName = 'BUCKET') =>
  call('aws.s3', { eventName: 'DeleteObjects', requestParameters: { bucketName }, userIdentity });
const sessionOf = (arn: string) => ({ type: 'AssumedRole', sessionContext: { sessionIssuer: { type: 'Role', arn } } });
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
  ['a delete of many by the prune function', removeMany(sessionOf('<PRUNE.Arn>')), ''],
  ['a delete of many by the undelete function', removeMany(sessionOf('<UNDELETE.Arn>')), ''],
  ['a delete of many by another role', removeMany(sessionOf('arn:aws:iam::1:role/admin')), 'CallRule'],
  ['a delete of many by the role of a task', removeMany(sessionOf('<TASK.Arn>')), 'CallRule'],
  ['a delete of many by a user', removeMany({ type: 'IAMUser', arn: 'arn:aws:iam::1:user/ann' }), 'CallRule'],
  ['a delete of many by root', removeMany({ type: 'Root' }), 'CallRule'],
  ['a delete of many elsewhere', removeMany({ type: 'Root' }, 'other'), ''],
  ['a delete of many that S3 was too busy for', remove('DeleteObjects', 'SlowDown'), ''],
  ['a policy in error', policy('POLICY'), 'SnapshotRule'],
  ["a stranger's policy in error", policy('arn:aws:dlm:x'), ''],
  ['a failed snapshot', snapshot('failed'), 'SnapshotRule'],
  ['a snapshot', snapshot('succeeded'), 'SnapshotRule'],
  ['a shared snapshot', snapshot('succeeded', 'shareSnapshot'), ''],
])('%s is found by the rule for it, and by no other', (_, event, expected) => {
  const ids = {
    BUCKET: one(resources, 'Events::Rule', 'CallRule').EventPattern.detail.$or[1].requestParameters.bucketName[0],
  };
  const idOf = (part: string) => Object.keys(resources).find((id) => id.startsWith(part))!;
  const roles = {
    PRUNE: 'BackupsPruningPruneRole',
    UNDELETE: 'BackupsPruningUndeleteRole',
    TASK: 'BackupsShopTaskRole',
  };
  const policyId = Object.keys(resources).find((id) => resources[id].Type === 'AWS::DLM::LifecyclePolicy')!;
  const told = JSON.stringify(event).replace('BUCKET', ids.BUCKET).replace('POLICY', `<${policyId}.Arn>`);
  const real = JSON.parse(told.replace(/(?<=<)(PRUNE|UNDELETE|TASK)(?=\.)/, (role) => idOf(roles[role as 'PRUNE'])));
  const found = Object.entries(resources).filter(
    ([, { Type, Properties }]) => Type === 'AWS::Events::Rule' && matches(Properties.EventPattern, real),
  );
  expect(found.map(([id]) => /Alarms(\w+Rule)/.exec(id)![1])).toEqual(expected === '' ? [] : [expected]);
});

/** ARNs that the rule for deletes of many leaves out. */
function deleters(setup: Setup): Json[] {
  const { EventPattern } = setup.resource('AWS::Events::Rule', 'AlarmsCallRule');
  const { userIdentity } = asText(EventPattern.detail.$or).find(
    ({ errorCode }: Json) => errorCode?.[0].exists === false,
  );
  return userIdentity?.sessionContext.sessionIssuer.arn[0]['anything-but'].wildcard;
}
const OURS = 'arn:<AWS::Partition>:iam::<AWS::AccountId>:role/proven-backups/*';

describe('whose deletes of many are nobody’s business', () => {
  test('those of roles that the user lets delete, in the bucket of the stack', () => {
    const setup = new Setup();
    setup.add();
    const role = new iam.Role(setup.stack, 'Cleaner', { assumedBy: new iam.AccountRootPrincipal() });
    setup.backups.bucket.grantPrune(role);
    expect(deleters(setup).map((arn) => arn.replace(/[0-9A-F]{8}/, ''))).toEqual([
      '<BackupsPruningPruneRole.Arn>',
      '<BackupsPruningUndeleteRole.Arn>',
      '<Cleaner.Arn>',
    ]);
  });

  test('those of any pruning of ours, also of other apps, in an imported bucket', () => {
    const setup = new Setup();
    const bucket = BackupBucket.fromBucketName(setup.stack, 'Bucket', 'shared', new kms.Key(setup.stack, 'Key'));
    setup.create({ bucket });
    setup.add();
    expect(deleters(setup)[0]).toBe(OURS);
  });

  test('nobody’s, if nothing prunes the bucket of the stack', () => {
    const setup = new Setup();
    const bucket = new BackupBucket(setup.stack, 'Bucket');
    const alarms = new BackupAlarms(setup.stack, 'Alarms', { bucket, emails: ['backups@example.com'] });
    const cluster = new ecs.Cluster(setup.stack, 'Cluster', { vpc: setup.vpc });
    const schedule = BackupSchedule.every(Duration.hours(6));
    const shared = { bucket, alarms, cluster, schedule, image: READY_IMAGE };
    new DatabaseBackup(setup.stack, 'Alone', { ...shared, database: setup.mysql() });
    expect(deleters(setup)).toBeUndefined();
  });

  test('those of a pruning in another stack are left out by their path, which needs no reference', () => {
    const setup = new Setup();
    const { bucket, alarms } = setup.create();
    setup.add();
    const other = new Stack(setup.app, 'Other');
    alarms.watchPruning(new BackupPruning(other, 'Pruning', { bucket }));
    const roles = 'arn:<AWS::Partition>:iam::<AWS::AccountId>:role/proven-backups/<AWS::Region>/Other/Pruning';
    expect(deleters(setup)).toEqual(expect.arrayContaining([`${roles}-Prune/*`, `${roles}-Undelete/*`]));
  });
});
