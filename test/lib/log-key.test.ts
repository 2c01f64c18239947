import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import { BackupBucket, BackupSchedule, DatabaseBackup, RestoreTests } from '../../lib';
import { everything } from './everything';
import type { Json } from './support';
import { flat, READY_IMAGE, Setup } from './support';

const VIA_LOGS = 'logs.<AWS::Region>.<AWS::URLSuffix>';
const ARN = 'arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:';
const [CONTEXT, VIA] = ['kms:EncryptionContext:aws:logs:arn', 'kms:ViaService'];

/** Whether a request of CloudWatch Logs to KMS, for one log group or none, is allowed, as IAM decides it. */
function allowed(statements: Json[], action: string, key: string, context: string | undefined, via: string): boolean {
  const conditionsHold = ({ StringEquals = {}, ArnEquals = {} }: Json) => {
    const wanted: [string, Json][] = [...Object.entries(StringEquals), ...Object.entries(ArnEquals)];
    const given: Json = { [VIA]: via, [CONTEXT]: context };
    return wanted.every(([name, values]) => [values].flat().map(flat).includes(given[name]));
  };
  return statements.some(
    ({ Effect, Action, Resource, Condition = {} }) =>
      Effect === 'Allow' &&
      [Action].flat().some((one) => one === action || (one.endsWith('*') && action.startsWith(one.slice(0, -1)))) &&
      [Resource].flat().map(flat).includes(key) &&
      conditionsHold(Condition),
  );
}

/** Statements of each role and of each principal with a policy beside it. */
function principals(setup: Setup): [string, Json[]][] {
  const resources: [string, Json][] = Object.entries(setup.template().toJSON().Resources);
  return resources.flatMap(([id, { Type, Properties }]): [string, Json[]][] => {
    if (Type === 'AWS::IAM::Policy') return [[id, Properties.PolicyDocument.Statement]];
    if (Type !== 'AWS::IAM::Role' || !Properties.Policies) return [];
    return [[id, Properties.Policies.flatMap(({ PolicyDocument }: Json) => PolicyDocument.Statement)]];
  });
}

const NEEDED = {
  'logs:PutLogEvents': ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo', 'GenerateDataKey'],
  'logs:GetLogEvents': ['Decrypt'],
};

/** Who writes or reads each encrypted log group, and what they lack for it. */
function users(setup: Setup): { readonly found: string[]; readonly lacking: string[] } {
  const [found, lacking]: [string[], string[]] = [[], []];
  for (const [logGroup, { Properties }] of Object.entries(setup.template().findResources('AWS::Logs::LogGroup'))) {
    if (Properties.KmsKeyId === undefined) continue;
    const key = flat(Properties.KmsKeyId);
    for (const [principal, statements] of principals(setup)) {
      for (const [use, actions] of Object.entries(NEEDED)) {
        const uses = statements.some(
          ({ Action, Resource }) =>
            [Action].flat().includes(use) && [Resource].flat().map(flat).includes(`<${logGroup}.Arn>`),
        );
        if (!uses) continue;
        found.push(`${principal} ${use}`);
        const may = (action: string, context?: string, via = VIA_LOGS) =>
          allowed(statements, `kms:${action}`, key, context, via);
        // The context names the log group without the `:*` of its ARN.
        const lacks = actions.filter((action) => !may(action, `${ARN}<${logGroup}>`));
        if (use === 'logs:PutLogEvents' && !may('DescribeKey')) lacks.push('DescribeKey');
        // The key also encrypts backups: nothing of this opens those, or another log group.
        if (may('Encrypt', `${ARN}<${logGroup}>`, 's3.<AWS::Region>.<AWS::URLSuffix>')) lacks.push('a limit to logs');
        if (may('ReEncryptTo', `${ARN}other`)) lacks.push('a limit to the log group');
        lacking.push(...lacks.map((what) => `${principal} ${use}: ${what}`));
      }
    }
  }
  return { found, lacking };
}

const short = (found: string[]) => found.map((one) => one.replace(/[0-9A-F]{8}/, '')).sort();

test('whoever writes or reads the log may use its key, for that log and through CloudWatch Logs only', () => {
  const setup = everything();
  setup.backups.databases[0]!.grantRun(new iam.User(setup.stack, 'Ann'));
  const { found, lacking } = users(setup);
  expect(lacking).toEqual([]);
  const writers = [
    ...['AlarmsMeasureRole', 'AlarmsNotifyRole', 'PruningPruneRole', 'PruningUndeleteRole'],
    ...['RestoreTestingExecutionRole', 'RestoreTestingStartRole'],
  ];
  const tasks = [
    ...['FilesExecutionRole', 'OrdersExecutionRole', 'ShopExecutionRole'],
    ...['UploadsExecutionRole', 'UploadsMaintenanceExecutionRole'],
  ];
  expect(short(found)).toEqual(
    [
      'AnnDefaultPolicy logs:GetLogEvents',
      'BackupsAlarmsNotifyRole logs:GetLogEvents',
      'BeforeFunctionRole logs:GetLogEvents',
      'BeforeFunctionRole logs:PutLogEvents',
      ...[...writers, ...tasks].map((role) => `Backups${role} logs:PutLogEvents`),
    ].sort(),
  );
});

test('the policy of the key lets CloudWatch Logs in', () => {
  const setup = new Setup();
  setup.add();
  const { KeyPolicy } = setup.resource('AWS::KMS::Key', 'BucketKey');
  const statement = KeyPolicy.Statement.find(({ Principal }: Json) => Principal.Service !== undefined);
  expect(flat(statement.Principal.Service)).toBe(VIA_LOGS);
  expect(statement.Action).toEqual([
    'kms:Encrypt',
    'kms:Decrypt',
    'kms:ReEncrypt*',
    'kms:GenerateDataKey*',
    'kms:DescribeKey',
  ]);
  expect(flat(statement.Condition.ArnLike[CONTEXT])).toBe(`${ARN}*`);
});

test('log groups of the user with keys of their own, and an execution role of the user', () => {
  const setup = new Setup();
  const { stack, backups } = setup;
  const assumedBy = new iam.ServicePrincipal('ecs-tasks.amazonaws.com');
  for (const id of ['One', 'Two']) {
    new DatabaseBackup(stack, id, {
      bucket: backups.bucket,
      cluster: backups.cluster,
      alarms: backups.alarms,
      database: setup.mysql(),
      schedule: BackupSchedule.every(Duration.hours(6)),
      image: READY_IMAGE,
      logGroup: new logs.LogGroup(stack, `${id}Log`, { encryptionKey: new kms.Key(stack, `${id}Key`) }),
      executionRole: new iam.Role(stack, `${id}Role`, { assumedBy }),
    });
  }
  const { found, lacking } = users(setup);
  expect(lacking).toEqual([]);
  expect(short(found).filter((one) => /^(One|Two)|GetLogEvents/.test(one))).toEqual([
    'BackupsAlarmsNotifyRole logs:GetLogEvents',
    'BackupsAlarmsNotifyRole logs:GetLogEvents',
    'OneRoleDefaultPolicy logs:PutLogEvents',
    'TwoRoleDefaultPolicy logs:PutLogEvents',
  ]);
});

test('an imported key, whose policy the stack cannot change, does not encrypt the log', () => {
  const setup = new Setup();
  const key = kms.Key.fromKeyArn(setup.stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d');
  const restoreTest = RestoreTests.off('Its roles use the key through S3.');
  setup.create({ bucket: BackupBucket.fromBucketName(setup.stack, 'Bucket', 'shared', key), restoreTest });
  setup.add();
  expect(setup.resource('AWS::Logs::LogGroup').KmsKeyId).toBeUndefined();
  expect(JSON.stringify(setup.template().toJSON())).not.toContain(VIA);
});
