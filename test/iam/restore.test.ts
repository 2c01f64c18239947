import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Access, Policy } from '../emulator/iam/policy';
import { isAllowed } from '../emulator/iam/policy';
import type { Json } from '../lib/support';
import { flat, Setup } from '../lib/support';

/** The restore of a source and its restore tests, as their roles, the bucket's policy and the key's decide together. */

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/backups';
const BUCKET = 'arn:aws:s3:::backups';
const RESTORE_TASK = 'arn:aws:ecs:eu-west-1:111122223333:task-definition/Stack-Backups-shop_restore:1';
const ALL: Policy = { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };

let resources: Record<string, Json>;
beforeAll(() => {
  const setup = new Setup({ env: { account: '111122223333', region: 'eu-west-1' } });
  const secret = new secretsmanager.Secret(setup.stack, 'Writer');
  setup.add({ restore: { secret } });
  resources = (setup.template().toJSON() as Json).Resources;
});

const idOf = (type: string, part: string): string =>
  Object.keys(resources).find((id) => resources[id]!.Type === type && id.startsWith(part))!;

/** `arn:aws:iam::111122223333:role/proven-backups/eu-west-1/Stack/Backups/BackupsShopTaskRole1234` */
function arnOf(id: string): string {
  const { Type, Properties } = resources[id]!;
  if (Type === 'AWS::S3::Bucket') return BUCKET;
  if (id === idOf('AWS::KMS::Key', 'BackupsBucketKey')) return KEY;
  if (Type === 'AWS::IAM::Role') return `arn:aws:iam::111122223333:role${deployed(Properties.Path ?? '/')}${id}`;
  return `arn:aws:${Type.split('::')[1].toLowerCase()}:eu-west-1:111122223333:${id}`;
}

/** Values as the deployment would have them. */
function deployed(value: Json): Json {
  if (Array.isArray(value)) return value.map(deployed);
  if (typeof value === 'object' && !Object.keys(value).some((key) => /^(Ref|Fn::)/.test(key))) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, deployed(one)]));
  }
  return flat(value)
    .replaceAll('<AWS::Partition>', 'aws')
    .replaceAll('<AWS::URLSuffix>', 'amazonaws.com')
    .replace(/<(\w+)(?:\.Arn)?>/g, (_, id: string) => arnOf(id));
}

const roleOf = (part: string): string => idOf('AWS::IAM::Role', `Backups${part}`);

function may(role: string, one: Access, ...more: Policy[]): boolean {
  const id = roleOf(role);
  const policies = resources[id]!.Properties.Policies.map((policy: Json) => deployed(policy.PolicyDocument));
  const ofBucket = resources[idOf('AWS::S3::BucketPolicy', 'Backups')]!.Properties.PolicyDocument;
  const ofKey = resources[idOf('AWS::KMS::Key', 'BackupsBucketKey')]!.Properties.KeyPolicy;
  // A key's own policy says "*" of itself.
  const resource =
    one.resource === KEY ? [deployed(ofKey)] : one.resource.startsWith(BUCKET) ? [deployed(ofBucket)] : [];
  return isAllowed(one, { principal: arnOf(id), identity: [...policies, ...more], resource });
}

const object = (key: string) => `${BUCKET}/${key}`;
const OWN = object('shop/2026-11-20T02-00-00Z/shop.sql.zst');
const MANIFEST = object('shop/2026-11-20T02-00-00Z/manifest.json');
const VERDICT = object('shop/2026-11-20T02-00-00Z/restore-test.json');
const OTHER = object('blog/2026-11-20T02-00-00Z/a.zst');
const OTHER_VERDICT = object('blog/2026-11-20T02-00-00Z/restore-test.json');
const access = (action: string, resource: () => string, context: Access['context'] = {}) => ({
  action,
  resource,
  context: { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3', 's3:ResourceAccount': '111122223333', ...context },
});
const CREATE = { 's3:if-none-match': '*', 's3:ObjectCreationOperation': 'true' };
const OVERWRITE = { 's3:ObjectCreationOperation': 'true' };
const VIA_S3 = { 'kms:ViaService': 's3.eu-west-1.amazonaws.com' };
const TO_ECS = { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' };
const TO_LAMBDA = { 'iam:PassedToService': 'lambda.amazonaws.com' };
const PROVE_TASK = 'arn:aws:ecs:eu-west-1:111122223333:task-definition/Stack-Backups-RestoreTesting-_prove0:1';
const testRole = () => arnOf(roleOf('RestoreTestingRoleOfshop'));
const writer = () => arnOf(idOf('AWS::SecretsManager::Secret', 'Writer'));

type Row = readonly [role: string, what: string, access: ReturnType<typeof access>];

test.each<Row>([
  ['ShopRestoreRole', 'read its data', access('s3:GetObject', () => OWN)],
  ['ShopRestoreRole', 'read its manifest', access('s3:GetObject', () => MANIFEST)],
  ['ShopRestoreRole', 'decrypt through S3', access('kms:Decrypt', () => KEY, VIA_S3)],
  ['RestoreTestingRoleOfshop', 'read its data', access('s3:GetObject', () => OWN)],
  ['RestoreTestingRoleOfshop', 'list its objects', access('s3:ListBucket', () => BUCKET, { 's3:prefix': 'shop/2026' })],
  ['RestoreTestingRoleOfshop', 'put its first verdict', access('s3:PutObject', () => VERDICT, CREATE)],
  ['RestoreTestingRoleOfshop', 'replace it', access('s3:PutObject', () => VERDICT, OVERWRITE)],
  ['RestoreTestingRoleOfshop', 'encrypt it', access('kms:GenerateDataKey', () => KEY, VIA_S3)],
  ['RestoreTestingStartRole', 'pass its role', access('iam:PassRole', () => testRole(), TO_ECS)],
  ['ShopExecutionRole', 'read the secret', access('secretsmanager:GetSecretValue', writer)],
])('%s may %s', (role, _, { resource, ...one }) => {
  expect(may(role, { ...one, resource: resource() })).toBe(true);
});

test.each<Row>([
  ['ShopRestoreRole', "read another source's", access('s3:GetObject', () => object('blog/2026-11-20T02-00-00Z/a.zst'))],
  ['ShopRestoreRole', 'read one whose name begins alike', access('s3:GetObject', () => object('shop-2/1/a.zst'))],
  ['ShopRestoreRole', 'read the lock', access('s3:GetObject', () => object('shop/lock.json'))],
  ['ShopRestoreRole', 'list', access('s3:ListBucket', () => BUCKET, { 's3:prefix': 'shop/' })],
  ['ShopRestoreRole', 'decrypt what is not in S3', access('kms:Decrypt', () => KEY)],
  ['ShopRestoreRole', 'encrypt', access('kms:GenerateDataKey', () => KEY, VIA_S3)],
  ['ShopRestoreRole', 'read the secret', access('secretsmanager:GetSecretValue', writer)],
  ['ShopTaskRole', 'read the secret', access('secretsmanager:GetSecretValue', writer)],
  ['RestoreTestingRoleOfshop', "read another source's", access('s3:GetObject', () => OTHER)],
  ['RestoreTestingRoleOfshop', 'list', access('s3:ListBucket', () => BUCKET)],
  [
    'RestoreTestingRoleOfshop',
    "list another source's",
    access('s3:ListBucket', () => BUCKET, { 's3:prefix': 'shop-archive/' }),
  ],
  ['RestoreTestingRoleOfshop', 'read the lock', access('s3:GetObject', () => object('shop/lock.json'))],
  ['RestoreTestingRoleOfshop', 'read the secret', access('secretsmanager:GetSecretValue', writer)],
  ['RestoreTestingExecutionRole', 'read the secret', access('secretsmanager:GetSecretValue', writer)],
  [
    'RestoreTestingStartRole',
    'pass that of the restore',
    access('iam:PassRole', () => arnOf(roleOf('ShopRestoreRole')), TO_ECS),
  ],
  ['RestoreTestingStartRole', 'pass its role to a function', access('iam:PassRole', () => testRole(), TO_LAMBDA)],
  ['RestoreTestingStartRole', 'start the restore', access('ecs:RunTask', () => RESTORE_TASK)],
  ['SchedulerRole', 'pass the role of a restore test', access('iam:PassRole', () => testRole(), TO_ECS)],
  [
    'SchedulerRole',
    'pass the role of the restore',
    access('iam:PassRole', () => arnOf(roleOf('ShopRestoreRole')), TO_ECS),
  ],
])('%s may not %s', (role, _, { resource, ...one }) => {
  expect(may(role, { ...one, resource: resource() })).toBe(false);
});

test.each<Row>([
  ['ShopRestoreRole', 'put', access('s3:PutObject', () => object('shop/2026-11-20T02-00-00Z/x'), CREATE)],
  ['ShopRestoreRole', 'overwrite', access('s3:PutObject', () => OWN, { 's3:ObjectCreationOperation': 'true' })],
  ['ShopRestoreRole', 'delete', access('s3:DeleteObject', () => OWN)],
  ['ShopRestoreRole', 'delete a version', access('s3:DeleteObjectVersion', () => OWN)],
  ['ShopRestoreRole', 'shorten a retention', access('s3:PutObjectRetention', () => OWN)],
  ['ShopRestoreRole', 'bypass governance mode', access('s3:BypassGovernanceRetention', () => OWN)],
  ['RestoreTestingRoleOfshop', 'put data', access('s3:PutObject', () => OWN, CREATE)],
  ['RestoreTestingRoleOfshop', 'put a manifest', access('s3:PutObject', () => MANIFEST, CREATE)],
  ['RestoreTestingRoleOfshop', "put another's verdict", access('s3:PutObject', () => OTHER_VERDICT, CREATE)],
  ['RestoreTestingRoleOfshop', 'delete its verdict', access('s3:DeleteObject', () => VERDICT)],
  ['RestoreTestingRoleOfshop', 'shorten a retention', access('s3:PutObjectRetention', () => OWN)],
  ['RestoreTestingStartRole', 'read data', access('s3:GetObject', () => OWN)],
  ['RestoreTestingStartRole', 'put a verdict', access('s3:PutObject', () => VERDICT, CREATE)],
  ['SchedulerRole', 'start a restore test', access('ecs:RunTask', () => PROVE_TASK)],
  ['SchedulerRole', 'start the restore', access('ecs:RunTask', () => RESTORE_TASK)],
])('%s may not %s, whatever else it is given', (role, _, { resource, ...one }) => {
  const asked = { ...one, resource: resource() };
  expect(may(role, asked, ALL)).toBe(false);
});

test('and the scheduler may start the dump', () => {
  const cluster = arnOf(idOf('AWS::ECS::Cluster', 'Backups'));
  const dump = RESTORE_TASK.replace('_restore', '');
  const { resource, ...one } = access('ecs:RunTask', () => dump, { 'ecs:cluster': cluster });
  expect(may('SchedulerRole', { ...one, resource: resource() })).toBe(true);
});
