import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import { CloudWatchLogsClient, DeleteLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DeleteRouteCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DisableRuleCommand, EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { BatchDeleteImageCommand, CreateRepositoryCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { DeregisterTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs';
import {
  DeleteRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { KMSClient, PutKeyPolicyCommand, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import {
  DeleteFunctionCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import {
  DeletePublicAccessBlockCommand,
  GetBucketPolicyCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListSubscriptionsByTopicCommand, SNSClient, UnsubscribeCommand } from '@aws-sdk/client-sns';
import type { Finding } from '../../bin/cli/doctor/finding';
import { CHECKS } from '../../bin/cli/doctor/checks';
import { Emulator, ROOT, appCommand } from '../emulator/emulator';
import { PolicySimulator } from '../emulator/policy-simulator';
import { REPOSITORY, STACK } from './doctor-app';

// The CDK CLI, on a machine that may be busy with other tests.
jest.setTimeout(180_000);

/** Checks whose services the emulated AWS does not have: test/bin/cli/cli-doctor.test.ts has them. */
const NOT_EMULATED = ['instances', 'quotas'];
const SKIP = NOT_EMULATED.flatMap((check) => ['--skip', check]);

let emulator: Emulator;
let simulator: PolicySimulator;
let iam: string;
let outputs: Record<string, string>;

beforeAll(async () => {
  emulator = await Emulator.start();
  simulator = new PolicySimulator(emulator);
  iam = await simulator.start();
  await emulator.bootstrap();
  outputs = (await emulator.deploy(await appCommand('test/e2e/doctor-app.ts')))[STACK]!;
  const ecr = new ECRClient(emulator.client);
  await ecr.send(new CreateRepositoryCommand({ repositoryName: REPOSITORY }));
  const imageManifest = JSON.stringify({ schemaVersion: 2, config: {}, layers: [] });
  await ecr.send(new PutImageCommand({ repositoryName: REPOSITORY, imageTag: '1', imageManifest }));
});
afterAll(async () => {
  await simulator.stop();
  await emulator.stop();
});

/** Runs the bundled program in a process of its own. */
async function doctor(...args: readonly string[]) {
  const env = { PATH: process.env.PATH, HOME: emulator.directory, ...emulator.environment, AWS_ENDPOINT_URL_IAM: iam };
  const command = [path.join(ROOT, 'dist/bin/cli.js'), 'doctor', '--stack', STACK, ...args];
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: code as number, out, err };
}

interface Report {
  readonly checks: readonly { readonly id: string; readonly findings: readonly Finding[] }[];
}

/** Sentences of a report, of things that are not well. */
const bad = ({ checks }: Report): string[] =>
  checks.flatMap(({ id, findings }) =>
    findings.flatMap(({ of, result, finding }) => (result === 'ok' ? [] : [`${result} ${id}: ${of}: ${finding}`])),
  );

test('nobody has confirmed the email yet', async () => {
  const { code, out } = await doctor(...SKIP);
  expect(code).toBe(3);
  expect(out).toMatch(
    /^failed {7}subscriptions: \S+: nobody gets the alarms: not confirmed by ops@example\.com\n {13}→ confirm the email that AWS sent$/m,
  );
  await emulator.confirmEmails();
});

test('a deployment that works ends with 0, and every check has looked at something', async () => {
  const { code, out, err } = await doctor(...SKIP);
  expect({ code, err, failed: /^failed.*/m.exec(out)?.[0] }).toEqual({ code: 0, err: '', failed: undefined });
  const lines = out.trimEnd().split('\n');
  expect(lines.slice(0, -2).map((line) => /^ok {11}([\w-]+): /.exec(line)?.[1])).toEqual(
    CHECKS.map(({ id }) => id).filter((id) => !NOT_EMULATED.includes(id)),
  );
  expect(lines.at(-1)).toMatch(/^16 checks: 16 ok$/);
});

test('what cannot be asked is not checked, and not well', async () => {
  const { code, out } = await doctor('--json');
  expect(code).toBe(3);
  const { checks } = JSON.parse(out) as Report;
  const unknown = checks.filter(({ findings }) => findings.some(({ result }) => result === 'not checked'));
  expect(unknown.map(({ id }) => id)).toEqual(NOT_EMULATED);
  // Two tasks with two roles each, as has the maintenance of a source on an instance, and two that restore with one of their own; the
  // schedules of the tasks, which share a role, and of five functions; and six functions.
  const { findings } = checks.find(({ id }) => id === 'permissions')!;
  expect(findings.map(({ of }) => of.split(' ')[0])).toEqual([
    ...['task', 'execution', 'task', 'execution', 'maintenance', 'execution', 'restore', 'restore'],
    ...Array<string>(5).fill('schedule'),
    ...Array<string>(6).fill('function'),
  ]);
});

describe('after somebody has changed everything by hand', () => {
  let found: string[];

  beforeAll(async () => {
    await changeBucket();
    await changeSurroundings();
    await changeTasks();
    await changeRestores();
    await changeAlarms();
    await changeRoles();
    const { code, out } = await doctor('--json', ...SKIP);
    expect(code).toBe(3);
    found = bad(JSON.parse(out) as Report);
  });

  async function changeBucket(): Promise<void> {
    const s3 = new S3Client({ ...emulator.client, forcePathStyle: true });
    const { Bucket } = outputs;
    const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }];
    await s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules } }));
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } }));
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
    const { Policy } = await s3.send(new GetBucketPolicyCommand({ Bucket }));
    const policy = JSON.parse(Policy!) as { Statement: { Sid?: string; Condition?: object }[] };
    const Statement = policy.Statement.filter(({ Sid }) => Sid !== 'DenyOverwritingManifests').map((statement) =>
      statement.Sid === 'DenyDeletes' ? { ...statement, Condition: undefined } : statement,
    );
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ ...policy, Statement }) }));
    const rule = { ID: 'Cheap', Status: 'Enabled' as const, Filter: { Prefix: '' }, Expiration: { Days: 30 } };
    await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [rule] } }));
    await new KMSClient(emulator.client).send(new ScheduleKeyDeletionCommand({ KeyId: outputs.BucketKey }));
  }

  async function changeSurroundings(): Promise<void> {
    const route = { RouteTableId: outputs.RouteTable, DestinationCidrBlock: '0.0.0.0/0' };
    await new EC2Client(emulator.client).send(new DeleteRouteCommand(route));
    const logs = new CloudWatchLogsClient(emulator.client);
    await logs.send(new DeleteLogGroupCommand({ logGroupName: outputs.LogGroup }));
    const images = { repositoryName: REPOSITORY, imageIds: [{ imageTag: '1' }] };
    await new ECRClient(emulator.client).send(new BatchDeleteImageCommand(images));
    await new SecretsManagerClient(emulator.client).send(new DeleteSecretCommand({ SecretId: outputs.Secret }));
  }

  async function changeTasks(): Promise<void> {
    const scheduler = new SchedulerClient(emulator.client);
    const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({}));
    for (const { Name, GroupName } of Schedules) {
      const schedule = await scheduler.send(new GetScheduleCommand({ Name, GroupName }));
      if (schedule.Description === 'Prunes backups')
        await scheduler.send(new DeleteScheduleCommand({ Name, GroupName }));
      const { Description, ScheduleExpression, FlexibleTimeWindow, Target } = schedule;
      if (Description === 'Backs up wiki') {
        const taskDefinition = Target!.EcsParameters!.TaskDefinitionArn;
        await new ECSClient(emulator.client).send(new DeregisterTaskDefinitionCommand({ taskDefinition }));
      }
      if (!/^(Backs up shop|Prunes snapshots|Removes from the repository .*)$/.test(Description!)) continue;
      const kept = { Name, GroupName, ScheduleExpression, FlexibleTimeWindow, Target };
      await scheduler.send(new UpdateScheduleCommand({ ...kept, State: 'DISABLED' }));
    }
  }

  async function changeRestores(): Promise<void> {
    const taskDefinition = outputs.RestoreTask;
    await new ECSClient(emulator.client).send(new DeregisterTaskDefinitionCommand({ taskDefinition }));
  }

  async function changeAlarms(): Promise<void> {
    const lambda = new LambdaClient(emulator.client);
    const none = { FunctionName: outputs.Prune, ReservedConcurrentExecutions: 0 };
    await lambda.send(new PutFunctionConcurrencyCommand(none));
    await lambda.send(new DeleteFunctionCommand({ FunctionName: outputs.Undelete }));
    const { EventSourceMappings = [] } = await lambda.send(
      new ListEventSourceMappingsCommand({ FunctionName: outputs.Notify }),
    );
    const { UUID } = EventSourceMappings[0]!;
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
    const events = new EventBridgeClient(emulator.client);
    const { Rules = [] } = await events.send(new ListRulesCommand({}));
    const stopped = Rules.find(({ Description }) => Description === 'Backup tasks that stopped');
    await events.send(new DisableRuleCommand({ Name: stopped!.Name }));
    const sns = new SNSClient(emulator.client);
    const { Subscriptions = [] } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: outputs.Topic }));
    for (const { SubscriptionArn } of Subscriptions) await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    const Principal = { AWS: 'arn:aws:iam::000000000000:role/somebody' };
    const Policy = JSON.stringify({ Statement: [{ Effect: 'Allow', Principal, Action: 'kms:*', Resource: '*' }] });
    const kms = new KMSClient(emulator.client);
    await kms.send(new PutKeyPolicyCommand({ KeyId: outputs.TopicKey, PolicyName: 'default', Policy }));
  }

  async function changeRoles(): Promise<void> {
    const client = new IAMClient(emulator.client);
    const { Roles = [] } = await client.send(new ListRolesCommand({}));
    const nameOf = (part: string) => Roles.map(({ RoleName }) => RoleName!).find((name) => name.includes(part))!;
    const PolicyDocument = JSON.stringify({ Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] });
    for (const RoleName of [nameOf('ShopExecutionRole'), nameOf('MediaMaintenanceRole')])
      await client.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'Everything', PolicyDocument }));
    const measure = { RoleName: nameOf('AlarmsMeasureRole') };
    const { PolicyNames = [] } = await client.send(new ListRolePoliciesCommand(measure));
    for (const PolicyName of PolicyNames) await client.send(new DeleteRolePolicyCommand({ ...measure, PolicyName }));
  }

  test.each([
    /^failed encryption: \S+: its default encryption has no key of KMS$/,
    /^failed versioning: \S+: keeps no versions \(Suspended\): what is deleted is gone, so nothing is pruned$/,
    /^failed public-access: \S+: public access is not blocked: BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets off$/,
    /^failed bucket-policy: \S+: the policy does not deny overwriting manifests$/,
    /^failed bucket-policy: \S+: the policy does not admit the role of \S+, which cannot prune$/,
    /^failed lifecycle: \S+: the rule Cheap deletes backups after 30 days, whatever the retention says$/,
    /^failed lifecycle: \S+: no rule for the whole bucket aborts unfinished uploads: /,
    /^failed lifecycle: \S+: no rule for the whole bucket removes old versions: /,
    /^failed keys: arn:\S+: the key will be deleted on \d{4}-\d\d-\d\d, and with it everything that it encrypts$/,
    /^failed schedules: shop: the schedule \S+ is disabled: nothing starts it$/,
    /^failed schedules: maintenance of media: the schedule \S+ is disabled: nothing starts it$/,
    /^failed network: maintenance of media: the subnet \S+ has no way out/,
    /^failed permissions: maintenance of media \(\S+\): must not be allowed to s3:ListBucketVersions on \S+$/,
    /^failed schedules: \S+Prune\S+: no schedule starts it$/,
    /^failed schedules: \S+Snapshots\S+: the schedule \S+ is disabled: nothing starts it$/,
    /^failed tasks: wiki: the task definition is not active$/,
    /^failed tasks: restore of wiki: the task definition is not active$/,
    /^failed tasks: arn:\S+-wiki:1: the task definition is not active$/,
    /^failed images: \S+\/backup-images:1: the image is gone: /,
    /^failed secrets: arn:\S+: the secret is scheduled for deletion$/,
    /^failed network: shop: the subnet \S+ has no way out, and no VPC endpoint for s3, logs, ecr\.api, ecr\.dkr, secretsmanager$/,
    /^failed logs: \S+: the log group does not exist: /,
    /^failed functions: \S+Prune\S+: its reserved concurrency is 0: Lambda does not run it$/,
    /^failed functions: \S+Undelete\S+: the function does not exist$/,
    /^failed functions: \S+Notify\S+: its event source mapping is Disabled: /,
    /^failed events: \S+: the rule is disabled: nobody is told of "Backup tasks that stopped"$/,
    /^failed subscriptions: arn:\S+: nobody gets the alarms: no subscription$/,
    /^failed permissions: execution of shop \(\S+\): must not be allowed to s3:GetObject on \S+; .*kms:Decrypt on \S+$/,
    /^failed permissions: function \S+ \(\S+\): may not s3:ListBucket on \S+: no policy of the role allows it; .*dynamodb:PutItem on /,
    /^failed keys: \S+: the policy of the key does not admit the service cloudwatch$/,
    /^warning keys: \S+: the policy of the key does not admit the account: /,
  ])('%s', (sentence) => {
    expect(found).toContainEqual(expect.stringMatching(sentence));
  });
});
