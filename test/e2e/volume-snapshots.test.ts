import { DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import type { RecordedResource } from '../emulator/emulator';
import { Emulator, appCommand } from '../emulator/emulator';
import { REFUSED, STACK } from './volume-snapshots-app';

// The CDK CLI, several times, on a machine that may be busy with other tests.
jest.setTimeout(180_000);

let emulator: Emulator;
let app: string;
let outputs: Record<string, string>;
let resources: RecordedResource[];

beforeAll(async () => {
  emulator = await Emulator.start();
  await emulator.bootstrap();
  app = await appCommand('test/e2e/volume-snapshots-app.ts');
  outputs = (await emulator.deploy(app, [STACK]))[STACK]!;
  resources = Object.values(await emulator.recorded(STACK));
});
afterAll(async () => await emulator.stop());

/** What CloudFormation resolved, and what the emulator held against the API of Data Lifecycle Manager. */
const policy = (id: string): RecordedResource =>
  resources.find(({ type, physicalId }) => type === 'AWS::DLM::LifecyclePolicy' && id.endsWith(physicalId))!;
const roleOf = (id: string): Record<string, unknown> => {
  const arn = policy(id).properties.ExecutionRoleArn as string;
  return resources.find(({ type, physicalId }) => type === 'AWS::IAM::Role' && arn.endsWith(`/${physicalId}`))!
    .properties;
};

test('Data Lifecycle Manager takes a policy of volumes', () => {
  const { Description, State, PolicyDetails } = policy(outputs.Volumes!).properties as Record<string, unknown>;
  expect({ Description, State }).toEqual({ Description: 'Snapshots of Snapshots Volumes', State: 'ENABLED' });
  expect(PolicyDetails).toMatchObject({
    ResourceTypes: ['VOLUME'],
    Schedules: [
      {
        Name: 'Daily',
        CrossRegionCopyRules: [
          { Target: 'eu-west-1', CmkArn: 'arn:aws:kms:eu-west-1:000000000000:key/0aa1bb2c', Encrypted: true },
          { Target: 'eu-central-1', Encrypted: true },
        ],
        FastRestoreRule: { Count: 1, AvailabilityZones: ['us-east-1a'] },
        ShareRules: [{ TargetAccounts: ['111122223333'], UnshareInterval: 7, UnshareIntervalUnit: 'DAYS' }],
      },
      { CreateRule: { CronExpression: 'cron(0 3 ? * SUN *)' } },
      { ArchiveRule: { RetainRule: { RetentionArchiveTier: { Count: 12 } } } },
      { Name: 'Last day of the year', RetainRule: { Count: 1000 } },
    ],
  });
});

test('and one of instances, with scripts', () => {
  expect(policy(outputs.Instances!).properties).toMatchObject({
    State: 'DISABLED',
    PolicyDetails: {
      ResourceTypes: ['INSTANCE'],
      Parameters: { ExcludeBootVolume: true, ExcludeDataVolumeTags: [{ Key: 'scratch', Value: 'true' }] },
      Schedules: [
        { CreateRule: { Interval: 6, Scripts: [{ ExecutionHandler: 'freeze', ExecutionTimeout: 60 }] } },
        { CreateRule: { Scripts: [{ ExecutionHandler: 'AWS_VSS_BACKUP', MaximumRetryCount: 0 }] } },
      ],
    },
  });
});

test('the volume carries a tag that its policy looks for, and no other volume does', async () => {
  const { TargetTags } = policy(outputs.Volumes!).properties.PolicyDetails as {
    TargetTags: { Key: string; Value: string }[];
  };
  expect(TargetTags).toHaveLength(1);
  const { Volumes } = await new EC2Client(emulator.client).send(
    new DescribeVolumesCommand({ Filters: [{ Name: `tag:${TargetTags[0]!.Key}`, Values: [TargetTags[0]!.Value] }] }),
  );
  expect(Volumes!.map(({ VolumeId }) => VolumeId)).toEqual([outputs.VolumeId]);
});

test("its role may be taken by Data Lifecycle Manager for policies of the account, and use the volume's key", () => {
  const { AssumeRolePolicyDocument, Policies } = roleOf(outputs.Volumes!) as {
    AssumeRolePolicyDocument: { Statement: { Condition: unknown }[] };
    Policies: { PolicyDocument: { Statement: { Action: string | string[]; Resource: string }[] } }[];
  };
  expect(AssumeRolePolicyDocument.Statement[0]!.Condition).toEqual({
    StringEquals: { 'aws:SourceAccount': '000000000000' },
    ArnLike: { 'aws:SourceArn': 'arn:aws:dlm:us-east-1:000000000000:policy/*' },
  });
  const grants = Policies[0]!.PolicyDocument.Statement.filter(({ Action }) => Action === 'kms:CreateGrant');
  expect(grants.map(({ Resource }) => Resource).sort()).toEqual(
    ['arn:aws:kms:eu-west-1:000000000000:key/0aa1bb2c', outputs.KeyArn].sort(),
  );
});

test('what Data Lifecycle Manager would refuse fails the deployment', async () => {
  await expect(emulator.deploy(app, [REFUSED])).rejects.toThrow(/Description does not match \[0-9A-Za-z _-\]\+/);
});
