import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Json } from '../support';
import { allows, flat, LOG_KEY_USES, row, Setup } from '../support';

const BUCKET = '<BackupsBucket16A198DF.Arn>';
const LOCK = `${BUCKET}/shop/lock.json`;

function dumpRole(): Json[] {
  const setup = new Setup();
  setup.add();
  return setup.statements('ShopTaskRole');
}

test('the dump role has these statements, and no other', () => {
  expect(dumpRole().map(row)).toEqual([
    ['Allow', ['s3:PutObject', 's3:AbortMultipartUpload'], `${BUCKET}/shop/*`, undefined],
    ['Allow', ['s3:GetObject'], LOCK, undefined],
    ['Allow', ['s3:ListBucket'], BUCKET, { StringLike: { 's3:prefix': 'shop/*' } }],
    ['Allow', ['s3:ListBucketMultipartUploads'], BUCKET, undefined],
    ['Allow', ['kms:GenerateDataKey', 'kms:Decrypt'], '<BackupsBucketKey7BCD74E3.Arn>', undefined],
    ['Deny', ['s3:GetObject*'], `${BUCKET}/*/*/*`, undefined],
    ['Deny', ['s3:DeleteObject*'], `${BUCKET}/*`, undefined],
    [
      'Deny',
      ['s3:PutObject'],
      `${BUCKET}/*/*/*`,
      { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    ],
    ['Deny', ['s3:PutObject'], expect.stringMatching(/\/\*\/\*\/restore-test\.json.*\/\*\/\*\/keep\.json/), undefined],
  ]);
});

const DUMP = `${BUCKET}/shop/2026-11-20T02-00-00Z/shop.sql.zst`;
test.each([
  ['put under its prefix', 's3:PutObject', DUMP, true],
  ['abort its uploads', 's3:AbortMultipartUpload', DUMP, true],
  ['read its lock', 's3:GetObject', LOCK, true],
  ['read back a backup', 's3:GetObject', DUMP, false],
  ['read back an old version', 's3:GetObjectVersion', DUMP, false],
  ['delete a backup', 's3:DeleteObject', DUMP, false],
  ['delete a version', 's3:DeleteObjectVersion', DUMP, false],
  ['delete its lock', 's3:DeleteObject', LOCK, false],
  ['say that a backup is proven', 's3:PutObject', DUMP.replace('shop.sql.zst', 'restore-test.json'), false],
  ['say how long a backup is kept', 's3:PutObject', DUMP.replace('shop.sql.zst', 'keep.json'), false],
  ['put under another source', 's3:PutObject', `${BUCKET}/shop-archive/x`, false],
  ['read the lock of another source', 's3:GetObject', `${BUCKET}/other/lock.json`, false],
  ['tag objects, which lifecycle rules can look at', 's3:PutObjectTagging', DUMP, false],
  ['shorten a retention', 's3:PutObjectRetention', DUMP, false],
  ['change the lifecycle', 's3:PutLifecycleConfiguration', BUCKET, false],
])('may it %s (%s)?', (_, action, resource, expected) => {
  expect(allows(dumpRole(), action, resource)).toBe(expected);
});

test('what it may not do, it may not even when somebody grants it', () => {
  const setup = new Setup();
  const backup = setup.add();
  setup.backups.bucket.bucket.grantReadWrite(backup);
  const statements = setup.statements('ShopTaskRole');
  expect(allows(statements, 's3:GetObject', DUMP)).toBe(false);
  expect(allows(statements, 's3:DeleteObject', DUMP)).toBe(false);
});

test('a role of the user serves several sources, and what else it may do stays', () => {
  const setup = new Setup();
  const taskRole = new iam.Role(setup.stack, 'MyTask', { assumedBy: new iam.AccountRootPrincipal() });
  for (const id of ['Shop', 'Orders']) setup.add({ taskRole }, id);
  new s3.Bucket(setup.stack, 'Elsewhere').grantReadWrite(taskRole);
  const { Statement } = setup.resource('AWS::IAM::Policy', 'MyTask').PolicyDocument;
  const elsewhere = flat(Statement.at(-1).Resource[0]);
  for (const resource of [LOCK, `${BUCKET}/orders/lock.json`, `${elsewhere}/x/y/z`]) {
    expect(allows(Statement, 's3:GetObject', resource)).toBe(true);
  }
  expect(allows(Statement, 's3:DeleteObject', `${elsewhere}/x`)).toBe(true);
  expect(allows(Statement, 's3:GetObject', DUMP)).toBe(false);
});

test('it may list its own prefix only', () => {
  const lists = dumpRole().filter(({ Action }) =>
    [Action].flat().some((action: string) => action.startsWith('s3:List')),
  );
  // S3 knows no prefix for the list of unfinished uploads: a condition on it would never be met.
  expect(lists.map(({ Action, Condition }) => [Action, Condition])).toEqual([
    ['s3:ListBucket', { StringLike: { 's3:prefix': 'shop/*' } }],
    ['s3:ListBucketMultipartUploads', undefined],
  ]);
});

test('the execution role pulls the image, reads the one secret and writes the one log', () => {
  const setup = new Setup();
  setup.add({ image: undefined });
  const rows = setup.statements('ShopExecutionRole').map(row);
  expect(rows).toEqual([
    [
      'Allow',
      ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
      expect.stringContaining(':repository/'),
      undefined,
    ],
    ['Allow', ['ecr:GetAuthorizationToken'], '*', undefined],
    [
      'Allow',
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
      expect.stringMatching(/^<BackupsLogGroup\w+\.Arn>$/),
      undefined,
    ],
    ['Allow', ['secretsmanager:GetSecretValue'], expect.stringMatching(/^<Secret\w+>$/), undefined],
    ...LOG_KEY_USES.map((actions) => ['Allow', actions, '<BackupsBucketKey7BCD74E3.Arn>', expect.anything()]),
  ]);
});

test('both roles can be assumed by ECS for this account only', () => {
  const setup = new Setup();
  setup.add();
  for (const id of ['ShopTaskRole', 'ShopExecutionRole']) {
    expect(setup.resource('AWS::IAM::Role', id).AssumeRolePolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: 'ecs-tasks.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ]);
  }
});

test('the scheduler role starts the tasks of its Backups, hands over their roles and reports to the queue', () => {
  const setup = new Setup();
  setup.add();
  expect(setup.statements('SchedulerRole').map(row)).toEqual([
    [
      'Allow',
      ['ecs:RunTask'],
      'arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task-definition/Stack-Backups-*',
      { ArnEquals: { 'ecs:cluster': expect.anything() } },
    ],
    [
      'Allow',
      ['iam:PassRole'],
      'arn:<AWS::Partition>:iam::<AWS::AccountId>:role/proven-backups/<AWS::Region>/Stack/Backups/*',
      { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
    ],
    [
      'Allow',
      ['ecs:TagResource'],
      expect.stringMatching(/:task\/<BackupsCluster\w+>\/\*$/),
      { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
    ],
    [
      'Allow',
      ['sqs:SendMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl'],
      expect.stringMatching(/^<BackupsDeadLetterQueue\w+\.Arn>$/),
      undefined,
    ],
    ['Deny', ['ecs:RunTask'], expect.stringMatching(/:task-definition\/Stack-Backups-\*_prove\*$/), undefined],
  ]);
});

test('the roles and the family of a database are those that the scheduler role may use', () => {
  const setup = new Setup();
  setup.add();
  for (const id of ['ShopTaskRole', 'ShopExecutionRole']) {
    expect(flat(setup.resource('AWS::IAM::Role', id).Path)).toBe('/proven-backups/<AWS::Region>/Stack/Backups/');
  }
  expect(setup.resource('AWS::ECS::TaskDefinition').Family).toBe('Stack-Backups-shop');
});

test('roles of the user are handed over by name, to ECS only, in one statement for all', () => {
  const setup = new Setup();
  const role = (id: string) =>
    new iam.Role(setup.stack, id, { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
  const executionRole = role('MyExecution');
  setup.add({ taskRole: role('MyTask'), executionRole });
  setup.add({ taskRole: role('OtherTask'), executionRole }, 'Other');
  const [, passed, ...others] = setup.statements('SchedulerRole').filter(({ Action }) => Action === 'iam:PassRole');
  expect(others).toEqual([]);
  expect(passed!.Condition).toEqual({ StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } });
  expect(passed!.Resource.map(flat)).toEqual([
    expect.stringMatching(/^<MyTask\w+\.Arn>/),
    expect.stringMatching(/^<MyExecution\w+\.Arn>/),
    expect.stringMatching(/^<OtherTask\w+\.Arn>/),
  ]);
});
