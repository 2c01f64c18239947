import { App, NestedStack, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { BackupBucket, BackupPruning } from '../../../lib';
import type { Json } from '../support';
import { allows, flat, LOG_KEY_USES, row, Setup } from '../support';

const BUCKET = '<BackupsBucket16A198DF.Arn>';
const KEY = '<BackupsBucketKey7BCD74E3.Arn>';
const PARAMETERS = 'arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/proven-backups';

let backups: Setup;
beforeAll(() => {
  backups = new Setup();
  backups.add();
});

/** The statements of a role of `Backups`. */
const statements = (role: string): Json[] => backups.statements(`BackupsPruning${role}`);
const rows = (role: string) =>
  statements(role).map(({ Resource, ...statement }) => [
    ...row({ ...statement, Resource: '' }).slice(0, 2),
    [Resource].flat().map(flat),
  ]);
const LOG = [
  ['Allow', ['logs:CreateLogStream', 'logs:PutLogEvents'], [expect.stringMatching(/^<BackupsLogGroup\w+\.Arn>$/)]],
  ...LOG_KEY_USES.map((actions) => ['Allow', actions, [KEY]]),
];

test('the prune role has these statements, and no other', () => {
  expect(rows('PruneRole')).toEqual([
    ...LOG,
    ['Allow', ['s3:DeleteObject'], [`${BUCKET}/*/????-??-??T??-??-??Z/*`]],
    ['Allow', ['s3:ListBucket', 's3:GetBucketVersioning', 's3:GetBucketObjectLockConfiguration'], [BUCKET]],
    [
      'Allow',
      ['s3:GetObject'],
      [
        `${BUCKET}/*/*/manifest.json`,
        `${BUCKET}/*/*/restore-test.json`,
        `${BUCKET}/*/*/keep.json`,
        `${BUCKET}/*/lock.json`,
      ],
    ],
    ['Allow', ['s3:GetObjectRetention', 's3:GetObjectLegalHold'], [`${BUCKET}/*/????-??-??T??-??-??Z/*`]],
    ['Allow', ['kms:Decrypt'], [KEY]],
    ['Deny', ['s3:PutObject*', 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention'], [`${BUCKET}/*`]],
    ['Deny', ['s3:GetObject', 's3:GetObjectVersion'], [`${BUCKET}/*/*/*.zst*`]],
    [
      'Allow',
      ['ssm:GetParametersByPath'],
      [`${PARAMETERS}/<BackupsBucket16A198DF>`, `${PARAMETERS}/<BackupsBucket16A198DF>/*`],
    ],
    ['Allow', ['sqs:SendMessage'], [expect.stringMatching(/^<BackupsAlarmsAlarmEvents\w+\.Arn>$/)]],
  ]);
});

test('the undelete role has these statements, and no other', () => {
  expect(rows('UndeleteRole')).toEqual([
    ...LOG,
    ['Allow', ['s3:DeleteObjectVersion'], [`${BUCKET}/*/????-??-??T??-??-??Z/*`]],
    ['Allow', ['s3:ListBucketVersions', 's3:ListBucket'], [BUCKET]],
    ['Allow', ['s3:GetObjectVersion'], [`${BUCKET}/*/*/manifest.json`]],
    ['Allow', ['s3:GetObject', 's3:PutObject'], [`${BUCKET}/*/*/keep.json`]],
    ['Allow', ['kms:GenerateDataKey', 'kms:Decrypt'], [KEY]],
    ['Deny', ['s3:DeleteObject', 's3:BypassGovernanceRetention'], [`${BUCKET}/*`]],
    ['Deny', ['s3:GetObject', 's3:GetObjectVersion'], [`${BUCKET}/*/*/*.zst*`]],
  ]);
});

const FOLDER = `${BUCKET}/shop/2026-11-20T02-00-00Z`;
const DUMP = `${FOLDER}/shop.sql.zst`;
test.each([
  ['list the bucket', 's3:ListBucket', BUCKET, [true, true]],
  ['list versions', 's3:ListBucketVersions', BUCKET, [false, true]],
  ['read a manifest', 's3:GetObject', `${FOLDER}/manifest.json`, [true, false]],
  ['read the manifest of a deleted backup', 's3:GetObjectVersion', `${FOLDER}/manifest.json`, [false, true]],
  ['read a verdict', 's3:GetObject', `${FOLDER}/restore-test.json`, [true, false]],
  ['read a note', 's3:GetObject', `${FOLDER}/keep.json`, [true, true]],
  ['read a lock', 's3:GetObject', `${BUCKET}/shop/lock.json`, [true, false]],
  ['read data', 's3:GetObject', DUMP, [false, false]],
  ['read an old version of data', 's3:GetObjectVersion', DUMP, [false, false]],
  ['see whether data is locked', 's3:GetObjectRetention', DUMP, [true, false]],
  ['delete a backup so that it can be brought back', 's3:DeleteObject', DUMP, [true, false]],
  ['delete a manifest in the same way', 's3:DeleteObject', `${FOLDER}/manifest.json`, [true, false]],
  ['remove the marker of a deletion', 's3:DeleteObjectVersion', DUMP, [false, true]],
  ['delete a lock', 's3:DeleteObject', `${BUCKET}/shop/lock.json`, [false, false]],
  ["delete a stranger's object", 's3:DeleteObject', `${BUCKET}/photos/2026/cat.jpg`, [false, false]],
  [
    "delete a version of a stranger's object",
    's3:DeleteObjectVersion',
    `${BUCKET}/photos/2026/cat.jpg`,
    [false, false],
  ],
  ['put a note', 's3:PutObject', `${FOLDER}/keep.json`, [false, true]],
  ['put data', 's3:PutObject', DUMP, [false, false]],
  ['put a manifest', 's3:PutObject', `${FOLDER}/manifest.json`, [false, false]],
  ['shorten a retention', 's3:PutObjectRetention', DUMP, [false, false]],
  ['change the lifecycle', 's3:PutLifecycleConfiguration', BUCKET, [false, false]],
])('may prune and undelete %s (%s)?', (_, action, resource, expected) => {
  expect(['PruneRole', 'UndeleteRole'].map((role) => allows(statements(role), action, resource))).toEqual(expected);
});

test.each([
  ['prune', 's3:PutObject', `${FOLDER}/manifest.json`],
  ['prune', 's3:DeleteObjectVersion', DUMP],
  ['prune', 's3:GetObject', DUMP],
  ['undelete', 's3:DeleteObject', DUMP],
  ['undelete', 's3:GetObject', DUMP],
])('what it may not do, it may not even when somebody grants it: %s %s', (which, action, resource) => {
  const setup = new Setup();
  const { bucket, pruning } = setup.backups;
  const { role } = which === 'prune' ? pruning.pruneFunction : pruning.undeleteFunction;
  bucket.bucket.grantReadWrite(role!);
  role!.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['s3:*'], resources: [`${bucket.bucketArn}/*`] }));
  const found = setup.statements(`BackupsPruning${which === 'prune' ? 'Prune' : 'Undelete'}Role`);
  expect(allows(found, 's3:AbortMultipartUpload', DUMP)).toBe(true);
  expect(allows(found, action, resource)).toBe(false);
});

test('the role of the schedule invokes the prune function, reports to the queue, and does nothing else', () => {
  expect(rows('SchedulerRole')).toEqual([
    ['Allow', ['lambda:InvokeFunction'], [expect.stringMatching(/^<BackupsPruningPrune\w+\.Arn>$/)]],
    [
      'Allow',
      ['sqs:SendMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl'],
      [expect.stringMatching(/^<BackupsDeadLetterQueue\w+\.Arn>$/)],
    ],
  ]);
});

test('the bucket lets its two roles delete, each in its way, and nobody else', () => {
  const setup = new Setup();
  setup.add();
  const denials = setup.resource('AWS::S3::BucketPolicy').PolicyDocument.Statement as Json[];
  const exempted = (sid: string) => {
    const { Action, Condition } = denials.find(({ Sid }) => Sid === sid)!;
    return [Action, Condition.ArnNotLike['aws:PrincipalArn'].map(flat)];
  };
  expect(exempted('DenyDeletes')).toEqual([
    's3:DeleteObject',
    [expect.stringMatching(/^<BackupsPruningPruneRole\w+\.Arn>$/)],
  ]);
  expect(exempted('DenyDeletingVersions')).toEqual([
    's3:DeleteObjectVersion',
    [expect.stringMatching(/^<BackupsPruningUndeleteRole\w+\.Arn>$/)],
  ]);
});

test('a bucket in another stack knows the roles by their path, so that the stacks do not wait for each other', () => {
  const setup = new Setup();
  const shared = new Stack(setup.app, 'Shared');
  const bucket = new BackupBucket(shared, 'Bucket');
  const pruning = new BackupPruning(setup.stack, 'Pruning', { bucket });
  const [policy] = Object.values(Template.fromStack(shared).findResources('AWS::S3::BucketPolicy'));
  const exempted = (policy!.Properties.PolicyDocument.Statement as Json[])
    .filter(({ Condition }) => Condition?.ArnNotLike)
    .flatMap(({ Condition }) => Condition.ArnNotLike['aws:PrincipalArn'].map(flat));
  const path = 'proven-backups/<AWS::Region>/Stack/Pruning';
  const role = `arn:<AWS::Partition>:iam::<AWS::AccountId>:role/${path}`;
  expect(exempted).toEqual([`${role}-Prune/*`, `${role}-Undelete/*`]);
  expect(flat(setup.resource('AWS::IAM::Role', 'PruningPrune').Path)).toBe(`/${path}-Prune/`);
  expect(flat(setup.resource('AWS::IAM::Role', 'PruningUndelete').Path)).toBe(`/${path}-Undelete/`);
  expect(setup.stack.dependencies.map(({ node }) => node.id)).toEqual(['Shared']);
  expect(shared.dependencies).toEqual([]);
  expect(pruning.bucket).toBe(bucket);
});

test('a nested stack may prune a bucket of its parent, whose policy waits for it', () => {
  const app = new App();
  const parent = new Stack(app, 'Parent');
  const bucket = new BackupBucket(parent, 'Bucket');
  const nested = new NestedStack(parent, 'Nested');
  new BackupPruning(nested, 'Pruning', { bucket });
  expect(() => app.synth()).not.toThrow();
  const text = JSON.stringify(Template.fromStack(parent).findResources('AWS::CloudFormation::Stack'));
  expect(text).toContain('BucketE75EA64C');
  expect(text).not.toContain('BucketPolicy');
});

test('grantInvoke: reads the directory and objectives, and invokes both functions', () => {
  const setup = new Setup();
  const person = new iam.Role(setup.stack, 'Person', { assumedBy: new iam.AccountRootPrincipal() });
  setup.backups.pruning.grantInvoke(person);
  const found = setup.resource('AWS::IAM::Policy', 'Person').PolicyDocument.Statement as Json[];
  expect(found.map(({ Action, Resource }) => [Action, [Resource].flat().map(flat)])).toEqual([
    [
      'lambda:InvokeFunction',
      [
        expect.stringMatching(/^<BackupsPruningPrune\w+\.Arn>$/),
        expect.stringMatching(/^<BackupsPruningUndelete\w+\.Arn>$/),
      ],
    ],
    [
      'ssm:GetParametersByPath',
      ['directory', 'directory/*', 'alarms', 'alarms/*'].map((name) => `${PARAMETERS}/<BackupsBucket16A198DF>/${name}`),
    ],
  ]);
});

test.each(['grantPrune', 'grantUndelete'] as const)('%s wants a role', (grant) => {
  const stack = new Stack();
  const bucket = new BackupBucket(stack, 'Bucket');
  const user = new iam.AccountRootPrincipal();
  expect(() => bucket[grant](user)).toThrow(
    `Default/Bucket: ${grant} needs a role, got: ${String(user)}: give the role that deletes`,
  );
});
