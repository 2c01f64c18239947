import type { Access, RoleAccess } from '../../../catalog/contract/permissions';
import { executionAccess, functionAccess, schedulerAccess, taskAccess } from '../../../catalog/contract/permissions';
import { everything } from '../../lib/everything';
import type { Json, Setup } from '../../lib/support';
import { flat } from '../../lib/support';

const PLACE = { partition: 'aws', region: 'eu-west-1', account: '111122223333' };

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

interface Statement {
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition: Readonly<Record<string, Readonly<Record<string, Json>>>>;
}

const statementsOf = (role: string): Statement[] =>
  (resources[role]!.Properties.Policies as Json[])
    .flatMap((policy: Json) => policy.PolicyDocument.Statement)
    .map(({ Effect, Action, Resource, Condition = {} }: Json) => ({
      effect: Effect,
      actions: [Action].flat(),
      resources: [Resource].flat().map(deployed),
      condition: Condition,
    }));

const like = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  ).test(text);

const names = ({ actions, resources: patterns }: Statement, { action, resource }: Access): boolean =>
  actions.some((pattern) => like(pattern, action)) && patterns.some((pattern) => like(pattern, resource));

/** The operators that the policies use. */
const OPERATORS: Record<string, (value: string | undefined, wanted: string) => boolean> = {
  Null: (value, wanted) => (value === undefined) === (wanted === 'true'),
  Bool: (value, wanted) => value === wanted,
  StringEquals: (value, wanted) => value === wanted,
  ArnEquals: (value, wanted) => value === wanted,
  StringLike: (value, wanted) => value !== undefined && like(wanted, value),
};
const met = ({ condition }: Statement, { context = {} }: Access): boolean =>
  Object.entries(condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) =>
      [wanted].flat().some((one: Json) => OPERATORS[operator]!(context[key], deployed(one))),
    ),
  );

/** What CDK's own grants of queues add, and nobody uses. */
const UNUSED = ['sqs:GetQueueAttributes', 'sqs:GetQueueUrl', 'sqs:ChangeMessageVisibility'];

/** IAM's decision about a request of a role, by its own policies. */
function isAllowed(statements: readonly Statement[], access: Access): boolean {
  const hits = statements.filter((statement) => names(statement, access) && met(statement, access));
  return hits.some(({ effect }) => effect === 'Allow') && !hits.some(({ effect }) => effect === 'Deny');
}

interface Scene {
  readonly role: RegExp;
  readonly access: () => RoleAccess;
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
  deadLetters: deadLetterQueue(),
  topic: arn('AWS::SNS::Topic', /Alarms/),
  topicKey: arn('AWS::KMS::Key', /Alarms/),
  memory: arn('AWS::DynamoDB::Table', /Alarms/),
  settings: deployed(resources[idOf('AWS::SSM::Parameter', /AlarmsSettings/)]!.Properties.Name),
  taskLogGroups: [logGroup()],
  scheduleGroups: [deployed(resources[idOf('AWS::Scheduler::ScheduleGroup', /./)]!.Properties.Name)],
});

const SCENES: Record<string, Scene> = {
  task: { role: /^BackupsShopTaskRole/, access: () => taskAccess({ ...bucketParts(), source: 'shop' }) },
  'task of a file': {
    role: /^BackupsFilesTaskRole/,
    access: () => {
      const fileSystem = arn('AWS::EFS::FileSystem', /./);
      const accessPoint = deployed({ Ref: idOf('AWS::EFS::AccessPoint', /./) });
      const statement = statementsOf(idOf('AWS::IAM::Role', /^BackupsFilesTaskRole/)).find(({ actions }) =>
        actions.includes('elasticfilesystem:ClientMount'),
      )!;
      const wanted = deployed(statement.condition.StringEquals!['elasticfilesystem:AccessPointArn']);
      expect(wanted.endsWith(accessPoint)).toBe(true);
      return taskAccess({ ...bucketParts(), source: 'files', file: { fileSystem, accessPoint: wanted } });
    },
  },
  execution: {
    role: /^BackupsShopExecutionRole/,
    access: () =>
      executionAccess({
        ...bucketParts(),
        secrets: [arn('AWS::SecretsManager::Secret', /^Secret/)],
        logGroup: logGroup(),
      }),
  },
  'execution with an image in ECR': {
    role: /^BackupsOrdersExecutionRole/,
    access: () => {
      const repository = `arn:aws:ecr:eu-west-1:111122223333:repository/cdk-hnb659fds-container-assets-111122223333-eu-west-1`;
      const secrets = [arn('AWS::SecretsManager::SecretTargetAttachment', /^Instance/)];
      return executionAccess({ ...bucketParts(), secrets, repository, logGroup: logGroup() });
    },
  },
  scheduler: {
    role: /^BackupsSchedulerRole/,
    access: () => {
      const { Arn, EcsParameters } =
        resources[idOf('AWS::Scheduler::Schedule', /^BackupsShopSchedule/)]!.Properties.Target;
      const family = resources[idOf('AWS::ECS::TaskDefinition', /^BackupsShop/)]!.Properties.Family as Json;
      expect(deployed(EcsParameters.TaskDefinitionArn)).toContain('Shop');
      const definition = `arn:aws:ecs:eu-west-1:111122223333:task-definition/${deployed(family)}:1`;
      const task = { cluster: deployed(Arn), definition, roles: roleArns('Shop') };
      return schedulerAccess({ ...bucketParts(), task, deadLetterQueue: deadLetterQueue() });
    },
  },
  'scheduler of pruning': {
    role: /^BackupsPruningSchedulerRole/,
    access: () =>
      schedulerAccess({
        ...bucketParts(),
        target: arn('AWS::Lambda::Function', /^BackupsPruningPrune/),
        deadLetterQueue: deadLetterQueue(),
      }),
  },
  'scheduler of the digest': {
    role: /^BackupsAlarmsDigestSchedulerRole/,
    access: () => schedulerAccess({ ...bucketParts(), target: events(), deadLetterQueue: deadLetterQueue() }),
  },
  prune: {
    role: /^BackupsPruningPruneRole/,
    access: () => functionAccess('prune', { ...bucketParts(), logGroup: logGroup(), events: events() }),
  },
  undelete: {
    role: /^BackupsPruningUndeleteRole/,
    access: () => functionAccess('undelete', { ...bucketParts(), logGroup: logGroup() }),
  },
  measure: { role: /^BackupsAlarmsMeasureRole/, access: () => functionAccess('measure', alarmParts()) },
  notify: { role: /^BackupsAlarmsNotifyRole/, access: () => functionAccess('notify', alarmParts()) },
};

describe.each(Object.entries(SCENES))('the role of %s', (_, { role, access }) => {
  test('may do what it needs, and must not do the rest', () => {
    const statements = statementsOf(idOf('AWS::IAM::Role', role));
    const { needed, denied } = access();
    expect(needed.filter((one) => !isAllowed(statements, one))).toEqual([]);
    expect(denied.filter((one) => isAllowed(statements, one))).toEqual([]);
  });

  test('needs whatever it may do', () => {
    const { needed } = access();
    const unneeded = statementsOf(idOf('AWS::IAM::Role', role))
      .filter(({ effect }) => effect === 'Allow')
      .flatMap((statement) => statement.actions.map((action) => ({ ...statement, actions: [action] })))
      .filter(({ actions: [action] }) => !UNUSED.includes(action!))
      .filter((statement) => !needed.some((one) => names(statement, one) && met(statement, one)));
    expect(unneeded.map(({ actions, resources: on }) => `${actions.join()} on ${on.join()}`)).toEqual([]);
  });
});
