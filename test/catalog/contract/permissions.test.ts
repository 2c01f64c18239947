import type { Access, RoleKind } from '../../../catalog/contract/permissions';
import { accessOf } from '../../../catalog/contract/permissions';
import { everything } from '../../lib/everything';
import type { Json, Setup } from '../../lib/support';
import { flat } from '../../lib/support';
import type { Statement } from '../../support/role-policy';
import { isAllowed } from '../../support/role-policy';

const PLACE = {
  ...{ partition: 'aws', region: 'eu-west-1', account: '111122223333' },
  logsService: 'logs.eu-west-1.amazonaws.com',
};

let setup: Setup;
let resources: Record<string, { readonly Type: string; readonly Properties: Json }>;
beforeAll(() => {
  setup = everything();
  resources = (setup.template().toJSON() as Json).Resources;
});

/** `arn:aws:kms:eu-west-1:111122223333:key/Key1234`; of a bucket `arn:aws:s3:::Bucket1234`. */
function arnOf(id: string): string {
  const [, service, type] = resources[id]!.Type.split('::') as [string, string, string];
  const { partition, region, account } = PLACE;
  const arn = (name: string, resource: string) => `arn:${partition}:${name}:${region}:${account}:${resource}`;
  if (type === 'Bucket') return `arn:${partition}:s3:::${id}`;
  const special: Record<string, string> = {
    Key: arn('kms', `key/${id}`),
    LogGroup: arn('logs', `log-group:${id}:*`),
    FileSystem: arn('elasticfilesystem', `file-system/${id}`),
    AccessPoint: arn('elasticfilesystem', `access-point/${id}`),
    Table: arn('dynamodb', `table/${id}`),
    TaskDefinition: arn('ecs', `task-definition/${id}`),
    Cluster: arn('ecs', `cluster/${id}`),
    Role: `arn:${partition}:iam::${account}:role${deployed(resources[id]!.Properties.Path ?? '/')}${id}`,
    Secret: arn('secretsmanager', `secret:${id}-AbCdEf`),
    SecretTargetAttachment: arn('secretsmanager', `secret:${id}-AbCdEf`),
  };
  return special[type] ?? arn(service.toLowerCase(), id);
}

/** A value of the template as the deployment would have it. */
const deployed = (value: Json): string =>
  flat(value)
    .replace(/\{"Fn::Sub":"([^"]*)"\}/g, (_, text: string) => text.replace(/\$\{(.*?)\}/g, '<$1>'))
    .replaceAll('<AWS::Partition>', PLACE.partition)
    .replaceAll('<AWS::URLSuffix>', 'amazonaws.com')
    .replaceAll('<AWS::Region>', PLACE.region)
    .replaceAll('<AWS::AccountId>', PLACE.account)
    .replace(/<(\w+)\.(?:Arn|\w+)>/g, (_, id: string) => arnOf(id))
    .replace(/<(\w+)>/g, (_, id: string) => (refIsArn(id) ? arnOf(id) : id));
const refIsArn = (id: string): boolean =>
  /::(Topic|Secret|SecretTargetAttachment|TaskDefinition)$/.test(resources[id]!.Type);

const idOf = (type: string, part: RegExp): string => {
  const found = Object.keys(resources).filter((id) => resources[id]!.Type === type && part.test(id));
  expect([part, found]).toEqual([part, [expect.any(String)]]);
  return found[0]!;
};

/** The statements of a role, as they would be deployed. */
const statementsOf = (role: string): Statement[] =>
  (resources[role]!.Properties.Policies as Json[])
    .flatMap((policy: Json) => policy.PolicyDocument.Statement)
    // A denial of all but something denies nothing that is asked for here.
    .map(({ Effect, Action, Resource = [], Condition = {} }: Json) => ({
      ...{ Effect, Action, Resource: [Resource].flat().map(deployed) },
      Condition: mapValues(Condition, (keys) => mapValues(keys, (wanted) => [wanted].flat().map(deployed))),
    }));
const mapValues = <T>(values: Json, change: (value: Json) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));

/** What CDK's own grants of queues add, and nobody uses. */
const UNUSED = ['sqs:GetQueueAttributes', 'sqs:GetQueueUrl', 'sqs:ChangeMessageVisibility'];

interface Scene {
  readonly role: RegExp;
  readonly access: () => readonly Access[];
}

const bucketParts = () => {
  const bucket = idOf('AWS::S3::Bucket', /^Bucket/);
  return { ...PLACE, bucket, keyArn: arnOf(idOf('AWS::KMS::Key', /^BucketKey/)) };
};
const arn = (type: string, part: RegExp) => arnOf(idOf(type, part));
const logGroup = () => {
  const name = idOf('AWS::Logs::LogGroup', /^BackupsLogGroup/);
  return { name, keyArn: deployed(resources[name]!.Properties.KmsKeyId) };
};
const deadLetterQueue = () => arn('AWS::SQS::Queue', /DeadLetter/);
const events = () => arn('AWS::SQS::Queue', /AlarmsAlarmEvents/);
const roleArns = (part: string) =>
  ['TaskRole', 'ExecutionRole'].map((role) => arn('AWS::IAM::Role', new RegExp(`^Backups${part}${role}`)));
const alarmParts = () => ({
  ...bucketParts(),
  logGroup: logGroup(),
  events: events(),
  deadLetterQueue: deadLetterQueue(),
  topic: arn('AWS::SNS::Topic', /Alarms/),
  topicKey: arn('AWS::KMS::Key', /Alarms/),
  memory: arn('AWS::DynamoDB::Table', /Alarms/),
  settings: deployed(resources[idOf('AWS::SSM::Parameter', /AlarmsSettings/)]!.Properties.Name),
  readLogGroups: [logGroup()],
  vaults: [arn('AWS::Backup::BackupVault', /^Managed/)],
  scheduleGroups: [deployed(resources[idOf('AWS::Scheduler::ScheduleGroup', /./)]!.Properties.Name)],
});

const rolesOfMaintenance = () =>
  ['Role', 'ExecutionRole'].map((role) => arn('AWS::IAM::Role', new RegExp(`^BackupsUploadsMaintenance${role}`)));

const secretArns = () => [/^Secret/, /^RestoreSecret/].map((part) => arn('AWS::SecretsManager::Secret', part));

/** The file that a role may mount. */
function fileParts(role: RegExp, part = /^Files/) {
  const fileSystem = arn('AWS::EFS::FileSystem', part);
  const accessPoint = deployed({ Ref: idOf('AWS::EFS::AccessPoint', part) });
  const statement = statementsOf(idOf('AWS::IAM::Role', role)).find(({ Action }) =>
    Action!.includes('elasticfilesystem:ClientMount'),
  )!;
  const [wanted] = statement.Condition!.StringEquals!['elasticfilesystem:AccessPointArn'] as [string];
  expect(wanted.endsWith(accessPoint)).toBe(true);
  return { source: 'files', fileSystem, accessPoint: wanted };
}

/** What a source with a repository has besides. */
const repositoryParts = () => ({
  ...bucketParts(),
  source: 'uploads',
  filesRepository: arn('AWS::S3::Bucket', /^Repository/),
  secrets: [arn('AWS::SecretsManager::Secret', /^BackupsUploadsRepositoryKey/)],
});
const accessOfUploads = (kind: RoleKind, role?: RegExp) => () => [
  ...accessOf(kind, { ...(role && fileParts(role, /^Tree/)), ...repositoryParts() }),
  ...keyUses(kind),
];
/** The doctor does not know the key of a repository. */
function keyUses(kind: RoleKind): Access[] {
  const resource = arn('AWS::KMS::Key', /^RepositoryKey/);
  const context = { 'kms:ViaService': 's3.eu-west-1.amazonaws.com' };
  const writes = kind === 'task' || kind === 'maintenance';
  return [
    { action: 'kms:Decrypt', resource, context, isNeeded: true },
    { action: 'kms:GenerateDataKey', resource, context, isNeeded: writes },
  ];
}

const REPOSITORY =
  'arn:aws:ecr:eu-west-1:111122223333:repository/cdk-hnb659fds-container-assets-111122223333-eu-west-1';
const roleOfTests = (part: string) => arn('AWS::IAM::Role', new RegExp(`^BackupsRestoreTesting${part}`));

const SCENES: Record<string, Scene> = {
  task: { role: /^BackupsShopTaskRole/, access: () => accessOf('task', { ...bucketParts(), source: 'shop' }) },
  'task of a file': {
    role: /^BackupsFilesTaskRole/,
    access: () => accessOf('task', { ...bucketParts(), ...fileParts(/^BackupsFilesTaskRole/) }),
  },
  restore: {
    role: /^BackupsShopRestoreRole/,
    access: () => accessOf('restore', { ...bucketParts(), source: 'shop', secrets: secretArns() }),
  },
  'restore of a file': {
    role: /^BackupsFilesRestoreRole/,
    access: () => accessOf('restore', { ...bucketParts(), ...fileParts(/^BackupsFilesRestoreRole/) }),
  },
  'task of a repository': {
    role: /^BackupsUploadsTaskRole/,
    access: accessOfUploads('task', /^BackupsUploadsTaskRole/),
  },
  'restore of a repository': {
    role: /^BackupsUploadsRestoreRole/,
    access: accessOfUploads('restore', /^BackupsUploadsRestoreRole/),
  },
  'a restore test of a repository': {
    role: /^BackupsRestoreTestingRoleOfuploads/,
    access: accessOfUploads('prove'),
  },
  'maintenance of a repository': {
    role: /^BackupsUploadsMaintenanceRole/,
    access: accessOfUploads('maintenance'),
  },
  'a restore test': {
    role: /^BackupsRestoreTestingRoleOfshop/,
    access: () => accessOf('prove', { ...bucketParts(), source: 'shop', secrets: secretArns() }),
  },
  'execution of restore tests': {
    role: /^BackupsRestoreTestingExecutionRole/,
    access: () => {
      const { secrets } = repositoryParts();
      const secretKeys = [arn('AWS::KMS::Key', /^RepositoryKey/)];
      const parts = { repository: REPOSITORY, secrets, secretKeys, logGroup: logGroup() };
      return accessOf('execution', { ...bucketParts(), ...parts });
    },
  },
  'the function that starts restore tests': {
    role: /^BackupsRestoreTestingStartRole/,
    access: () => {
      const { Variables } = resources[idOf('AWS::Lambda::Function', /^BackupsRestoreTestingStart/)]!.Properties
        .Environment as Json;
      const ofFamily = (name: string) => `arn:aws:ecs:eu-west-1:111122223333:task-definition/${name}:1`;
      return accessOf('restoreTests', {
        ...bucketParts(),
        settingsPath: deployed(Variables.RESTORE_TEST_SETTINGS),
        memory: arn('AWS::DynamoDB::Table', /RestoreTesting/),
        cluster: arn('AWS::ECS::Cluster', /^Backups/),
        taskDefinition: ofFamily('Stack-Backups-RestoreTesting-_prove0'),
        taskRoles: ['RoleOfshop', 'ExecutionRole'].map(roleOfTests),
        restoreTask: ofFamily('Stack-Backups-shop_restore'),
        restoreRole: arn('AWS::IAM::Role', /^BackupsShopRestoreRole/),
        logGroup: logGroup(),
        events: events(),
      });
    },
  },
  execution: {
    role: /^BackupsShopExecutionRole/,
    access: () =>
      accessOf('execution', {
        ...bucketParts(),
        secrets: secretArns(),
        logGroup: logGroup(),
      }),
  },
  'execution with an image in ECR': {
    role: /^BackupsOrdersExecutionRole/,
    access: () => {
      const repository = REPOSITORY;
      const secrets = [arn('AWS::SecretsManager::SecretTargetAttachment', /^Instance/)];
      return accessOf('execution', { ...bucketParts(), secrets, repository, logGroup: logGroup() });
    },
  },
  scheduler: {
    role: /^BackupsSchedulerRole/,
    access: () => {
      const { Arn, EcsParameters } =
        resources[idOf('AWS::Scheduler::Schedule', /^BackupsShopSchedule/)]!.Properties.Target;
      const family = resources[idOf('AWS::ECS::TaskDefinition', /^BackupsShopTask/)]!.Properties.Family as Json;
      expect(deployed(EcsParameters.TaskDefinitionArn)).toContain('Shop');
      const ofFamily = (name: string) => `arn:aws:ecs:eu-west-1:111122223333:task-definition/${name}:1`;
      const taskDefinition = ofFamily(deployed(family));
      const restoreTask = ofFamily(`${deployed(family)}_restore`);
      const restoreRole = arn('AWS::IAM::Role', /^BackupsShopRestoreRole/);
      const proveTask = ofFamily('Stack-Backups-RestoreTesting-_prove0');
      const restore = { restoreTask, restoreRole, proveTask, proveRole: roleOfTests('RoleOfshop') };
      const task = {
        cluster: deployed(Arn),
        taskDefinition,
        taskRoles: [...roleArns('Shop'), ...rolesOfMaintenance()],
        ...restore,
      };
      return accessOf('scheduler', { ...bucketParts(), ...task, deadLetterQueue: deadLetterQueue() });
    },
  },
  'scheduler of pruning': {
    role: /^BackupsPruningSchedulerRole/,
    access: () =>
      accessOf('scheduler', {
        ...bucketParts(),
        target: arn('AWS::Lambda::Function', /^BackupsPruningPrune/),
        deadLetterQueue: deadLetterQueue(),
      }),
  },
  'scheduler of the digest': {
    role: /^BackupsAlarmsDigestSchedulerRole/,
    access: () => accessOf('scheduler', { ...bucketParts(), target: events(), deadLetterQueue: deadLetterQueue() }),
  },
  prune: {
    role: /^BackupsPruningPruneRole/,
    access: () => accessOf('prune', { ...bucketParts(), logGroup: logGroup(), events: events() }),
  },
  undelete: {
    role: /^BackupsPruningUndeleteRole/,
    access: () => accessOf('undelete', { ...bucketParts(), logGroup: logGroup() }),
  },
  measure: { role: /^BackupsAlarmsMeasureRole/, access: () => accessOf('measure', alarmParts()) },
  'pruning of snapshots': {
    role: /^SnapshotPruningPruneRole/,
    access: () => {
      const { Environment } = resources[idOf('AWS::Lambda::Function', /^SnapshotPruningPrune/)]!.Properties;
      const { key, value } = JSON.parse(Environment.Variables.SNAPSHOT_SETTINGS).tag;
      const snapshotTag = { [`aws:ResourceTag/${key}`]: value };
      return accessOf('snapshots', {
        ...bucketParts(),
        logGroup: { name: idOf('AWS::Logs::LogGroup', /^SnapshotPruning/) },
        events: events(),
        snapshotTag,
      });
    },
  },
  notify: { role: /^BackupsAlarmsNotifyRole/, access: () => accessOf('notify', alarmParts()) },
};

describe.each(Object.entries(SCENES))('the role of %s', (_, { role, access }) => {
  test('may do what it needs, and must not do the rest', () => {
    const statements = statementsOf(idOf('AWS::IAM::Role', role));
    const wrong = access().filter((one) => isAllowed(one, statements) !== one.isNeeded);
    expect(wrong).toEqual([]);
  });

  test('needs whatever it may do', () => {
    const needed = access().filter(({ isNeeded }) => isNeeded);
    const unneeded = statementsOf(idOf('AWS::IAM::Role', role))
      .filter(({ Effect }) => Effect === 'Allow')
      .flatMap((statement) => [statement.Action!].flat().map((Action) => ({ ...statement, Action })))
      .filter(({ Action }) => !UNUSED.includes(Action))
      .filter((statement) => !needed.some((one) => isAllowed(one, [statement])));
    expect(unneeded.map(({ Action, Resource }) => `${Action} on ${[Resource].flat().join()}`)).toEqual([]);
  });
});
