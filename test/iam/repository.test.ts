import type { Access, Policy } from '../emulator/iam/policy';
import { isAllowed } from '../emulator/iam/policy';
import { Database, FilesRepository } from '../../lib';
import type { Json } from '../lib/support';
import { flat, Setup } from '../lib/support';

/** The roles of a source with a repository, as they, the policies of both buckets and the keys decide together. */

const ACCOUNT = '111122223333';
const ALL: Policy = { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };
const BACKUPS = 'arn:aws:s3:::backups';
const REPOSITORY = 'arn:aws:s3:::repository';

let resources: Record<string, Json>;
beforeAll(() => {
  const setup = new Setup({ env: { account: ACCOUNT, region: 'eu-west-1' } });
  const repository = new FilesRepository(setup.stack, 'Repository');
  setup.add({ database: Database.files({ ...setup.efs(), repository }), restore: {} }, 'Media');
  resources = (setup.template().toJSON() as Json).Resources;
});

const idOf = (type: string, part: string): string =>
  Object.keys(resources).find((id) => resources[id]!.Type === type && id.startsWith(part))!;

function arnOf(id: string): string {
  const { Type, Properties } = resources[id]!;
  const isRepository = id.startsWith('Repository');
  if (Type === 'AWS::S3::Bucket') return isRepository ? REPOSITORY : BACKUPS;
  if (Type === 'AWS::KMS::Key')
    return `arn:aws:kms:eu-west-1:${ACCOUNT}:key/${isRepository ? 'repository' : 'backups'}`;
  if (Type === 'AWS::IAM::Role') return `arn:aws:iam::${ACCOUNT}:role${deployed(Properties.Path ?? '/')}${id}`;
  return `arn:aws:${Type.split('::')[1].toLowerCase()}:eu-west-1:${ACCOUNT}:${id}`;
}

/** Values as the deployment would have them. */
function deployed(value: Json): Json {
  if (Array.isArray(value)) return value.map(deployed);
  if (typeof value === 'object' && !Object.keys(value).some((key) => /^(Ref|Fn::)/.test(key)))
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, deployed(one)]));
  return flat(value)
    .replaceAll('<AWS::Partition>', 'aws')
    .replaceAll('<AWS::URLSuffix>', 'amazonaws.com')
    .replace(/<(\w+)(?:\.Arn)?>/g, (_, id: string) => arnOf(id));
}

const ROLES = {
  dump: 'BackupsMediaTaskRole',
  restore: 'BackupsMediaRestoreRole',
  test: 'BackupsRestoreTestingRoleOfmedia',
  maintenance: 'BackupsMediaMaintenanceRole',
  'execution of maintenance': 'BackupsMediaMaintenanceExecutionRole',
  prune: 'BackupsPruningPruneRole',
  undelete: 'BackupsPruningUndeleteRole',
  scheduler: 'BackupsSchedulerRole',
} as const;
type Role = keyof typeof ROLES;
const roleOf = (role: Role): string => idOf('AWS::IAM::Role', ROLES[role]);

/** A key's own policy says "*" of itself. */
function policyOf(resource: string): Json {
  if (resource === KEY) return resources[idOf('AWS::KMS::Key', 'Repository')]!.Properties.KeyPolicy;
  const bucket = resource.startsWith(REPOSITORY) ? 'Repository' : resource.startsWith(BACKUPS) && 'Backups';
  return bucket && resources[idOf('AWS::S3::BucketPolicy', bucket)]!.Properties.PolicyDocument;
}

function may(role: Role, action: string, resource: string, context: Access['context'], ...more: Policy[]): boolean {
  const id = roleOf(role);
  const policies = resources[id]!.Properties.Policies.map((policy: Json) => deployed(policy.PolicyDocument));
  const ofResource = deployed(policyOf(resource) || []);
  const known = {
    'aws:PrincipalArn': arnOf(id),
    'aws:SecureTransport': 'true',
    's3:TlsVersion': '1.3',
    's3:ResourceAccount': ACCOUNT,
  };
  return isAllowed(
    { action, resource, context: { ...known, ...context } },
    { principal: arnOf(id), identity: [...policies, ...more], resource: [ofResource].flat() },
  );
}

type Row = readonly [role: Role, action: string, resource: string, context?: Access['context']];
const each = (rows: readonly Row[]) =>
  test.each(rows.map(([role, action, resource, context = {}]) => [role, action, resource, context] as const));
const PACK = `${REPOSITORY}/media/data/0a/0a1b`;
const LOCK = `${REPOSITORY}/media/locks/0a1b`;
const MANIFEST = `${BACKUPS}/media/2026-11-20T02-00-00Z/manifest.json`;
const OWN = { 's3:prefix': 'media/' };
const OTHER = { 's3:prefix': 'media-2/' };
const VIA_S3 = { 'kms:ViaService': 's3.eu-west-1.amazonaws.com' };
const KEY = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/repository`;
const CREATES = { 's3:ObjectCreationOperation': 'true' };

each([
  ['dump', 's3:GetObject', PACK],
  ['dump', 's3:PutObject', PACK, CREATES],
  ['dump', 's3:AbortMultipartUpload', PACK],
  ['dump', 's3:PutObject', LOCK, CREATES],
  ['dump', 's3:DeleteObject', LOCK],
  ['dump', 's3:ListBucket', REPOSITORY, OWN],
  // To be told that an object is missing: a request for one has no prefix.
  ['dump', 's3:ListBucket', REPOSITORY],
  ['restore', 's3:ListBucket', REPOSITORY],
  ['test', 's3:ListBucket', REPOSITORY],
  ['maintenance', 's3:ListBucket', REPOSITORY],
  ['dump', 'kms:GenerateDataKey', KEY, VIA_S3],
  ['restore', 's3:GetObject', PACK],
  ['restore', 's3:ListBucket', REPOSITORY, OWN],
  ['restore', 'kms:Decrypt', KEY, VIA_S3],
  ['test', 's3:GetObject', PACK],
  ['test', 's3:ListBucket', REPOSITORY, OWN],
  ['maintenance', 's3:DeleteObject', PACK],
  ['maintenance', 's3:PutObject', PACK, CREATES],
  ['maintenance', 's3:GetObject', PACK],
  ['maintenance', 's3:ListBucketVersions', BACKUPS, OWN],
])('%s may %s of %s', (role, action, resource, context) => {
  expect(may(role, action, resource, context)).toBe(true);
});

each([
  ['dump', 's3:GetObject', `${REPOSITORY}/media-2/data/0a/0a1b`],
  ['dump', 's3:ListBucket', REPOSITORY, OTHER],
  ['dump', 's3:DeleteObject', `${REPOSITORY}/media-2/locks/0a1b`],
  ['dump', 'kms:Decrypt', KEY],
  ['restore', 's3:GetObject', `${REPOSITORY}/media-2/config`],
  ['restore', 's3:ListBucket', REPOSITORY, OTHER],
  ['restore', 'kms:GenerateDataKey', KEY, VIA_S3],
  ['maintenance', 's3:DeleteObject', `${REPOSITORY}/media-2/data/0a/0a1b`],
  ['maintenance', 's3:ListBucketVersions', BACKUPS, OTHER],
])('%s may not %s of %s %j', (role, action, resource, context) => {
  expect(may(role, action, resource, context)).toBe(false);
});

each([
  ['dump', 's3:DeleteObject', PACK],
  ['dump', 's3:DeleteObject', `${REPOSITORY}/media/keys/0a1b`],
  ['dump', 's3:DeleteObject', `${REPOSITORY}/media/snapshots/0a1b`],
  ['dump', 's3:DeleteObject', `${REPOSITORY}/media/config`],
  ['dump', 's3:DeleteObjectVersion', LOCK],
  ['restore', 's3:PutObject', PACK, CREATES],
  ['restore', 's3:DeleteObject', LOCK],
  ['test', 's3:PutObject', PACK, CREATES],
  ['test', 's3:DeleteObject', PACK],
  ['maintenance', 's3:DeleteObjectVersion', PACK],
  ['maintenance', 's3:GetObject', MANIFEST],
  ['maintenance', 's3:DeleteObject', MANIFEST],
  ['maintenance', 's3:PutObject', MANIFEST, CREATES],
  ['execution of maintenance', 's3:DeleteObject', PACK],
  ['prune', 's3:DeleteObject', PACK],
  ['undelete', 's3:DeleteObjectVersion', PACK],
])('%s may not %s of %s, whatever else it is given', (role, action, resource, context) => {
  expect(may(role, action, resource, context, ALL)).toBe(false);
});

test('the scheduler starts the maintenance with its roles, and nothing starts it for a function', () => {
  const to = (service: string) => ({ 'iam:PassedToService': `${service}.amazonaws.com` });
  for (const role of ['maintenance', 'execution of maintenance'] as const) {
    expect(may('scheduler', 'iam:PassRole', arnOf(roleOf(role)), to('ecs-tasks'))).toBe(true);
    expect(may('scheduler', 'iam:PassRole', arnOf(roleOf(role)), to('lambda'))).toBe(false);
  }
  const task = `arn:aws:ecs:eu-west-1:${ACCOUNT}:task-definition/Stack-Backups-media_maintain:1`;
  const cluster = { 'ecs:cluster': arnOf(idOf('AWS::ECS::Cluster', 'Backups')) };
  expect(may('scheduler', 'ecs:RunTask', task, cluster)).toBe(true);
});
