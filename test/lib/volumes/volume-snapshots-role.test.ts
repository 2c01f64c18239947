import { App, Size, Stack, Validations } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { AwsSolutionsChecks } from 'cdk-nag';
import { SnapshotRetention, SnapshotSchedule, SnapshotScripts, SnapshotTarget, VolumeSnapshots } from '../../../lib';
import type { Json } from '../support';
import { flat } from '../support';
import { ENV, instanceIn, KEY_ARN, newStack, only, snapshots, volumeIn } from './volume-snapshots-support';

const { count, days } = SnapshotRetention;
const { daily } = SnapshotSchedule;

describe('protect', () => {
  test("a volume with the account's default key needs no right to it", () => {
    const stack = new Stack(new App(), 'Shop', { env: { region: 'eu-west-1' } });
    const encryptionKey = kms.Alias.fromAliasName(stack, 'Default', 'alias/aws/ebs');
    own(stack).protect(
      new ec2.Volume(stack, 'Data', {
        availabilityZone: 'eu-west-1a',
        size: Size.gibibytes(1),
        encrypted: true,
        encryptionKey,
      }),
    );
    const [role] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role'));
    expect(JSON.stringify(role)).not.toContain('kms:');
  });

  const own = (stack: Stack, target?: SnapshotTarget, id = 'Snapshots') =>
    new VolumeSnapshots(stack, id, { target, schedules: [daily({ hour: 3, retention: count(14) })] });

  test('tags instances, and nothing around them', () => {
    const stack = newStack();
    own(stack, SnapshotTarget.instances()).protect(instanceIn(stack));
    const tag = { Key: 'proven-backups:snapshots:Shop-Snapshots-260B1137', Value: 'true' };
    expect(only(stack, 'AWS::EC2::Instance').Tags).toContainEqual(tag);
    expect(only(stack, 'AWS::DLM::LifecyclePolicy').PolicyDetails.TargetTags).toEqual([tag]);
    expect(JSON.stringify(only(stack, 'AWS::EC2::SecurityGroup'))).not.toContain('proven-backups');
    expect(Annotations.fromStack(stack).findWarning('/Shop/Server', Match.anyValue())).toEqual([]);
  });

  test('hands the tag of an instance on to its volumes, and warns of those that exist', () => {
    const stack = newStack();
    own(stack).protect(instanceIn(stack));
    expect(only(stack, 'AWS::EC2::Instance')).toMatchObject({ PropagateTagsToVolumeOnCreation: true });
    Annotations.fromStack(stack).hasWarning(
      '/Shop/Server',
      'volumes get the tag proven-backups:snapshots:Shop-Snapshots-260B1137 when the instance is created: tag those of an instance that exists by hand, or use SnapshotTarget.instances() [ack: proven-backups:volumesOfInstance]',
    );
  });

  test('uses the first tag that the user names', () => {
    const stack = newStack();
    own(stack, SnapshotTarget.volumes({ tags: { backup: 'yes', other: 'no' } })).protect(volumeIn(stack));
    expect(only(stack, 'AWS::EC2::Volume').Tags).toEqual([{ Key: 'backup', Value: 'yes' }]);
  });

  test('one volume for two policies', () => {
    const stack = newStack();
    const volume = volumeIn(stack);
    own(stack).protect(volume).protect(volume);
    own(stack, undefined, 'Others').protect(volume);
    expect(only(stack, 'AWS::EC2::Volume').Tags).toHaveLength(2);
  });

  test("lets the role use the volume's key, once", () => {
    const stack = newStack();
    const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', KEY_ARN);
    const volume = volumeIn(stack, { encrypted: true, encryptionKey });
    own(stack).protect(volume).protect(volume);
    expect(only(stack, 'AWS::IAM::Role').Policies[0].PolicyDocument.Statement.slice(3)).toEqual(
      KEY_STATEMENTS(KEY_ARN),
    );
  });

  test.each<[name: string, make: (stack: Stack) => void, sentence: string]>([
    [
      'an imported volume',
      (stack) =>
        own(stack).protect(
          ec2.Volume.fromVolumeAttributes(stack, 'Old', { volumeId: 'vol-1', availabilityZone: 'eu-west-1a' }),
        ),
      'Shop/Snapshots: protect takes a volume or an instance that is made in this app, got: Shop/Old: tag it by hand, and give the tag in target',
    ],
    [
      'a volume for instances',
      (stack) => own(stack, SnapshotTarget.instances()).protect(volumeIn(stack)),
      'Shop/Snapshots: protect takes an instance, as the target says, got: the volume Shop/Data: give its instance, or use SnapshotTarget.volumes()',
    ],
    [
      'another Region',
      (stack) =>
        own(stack).protect(
          volumeIn(new Stack(stack.node.root as App, 'Far', { env: { ...ENV, region: 'us-east-1' } })),
        ),
      "Shop/Snapshots: protect takes what is in the policy's Region, eu-west-1, got: Far/Data in us-east-1: make a VolumeSnapshots there",
    ],
    [
      'one tag with two values',
      (stack) => {
        const volume = volumeIn(stack);
        own(stack, SnapshotTarget.volumes({ tags: { backup: 'yes' } })).protect(volume);
        own(stack, SnapshotTarget.volumes({ tags: { backup: 'often' } }), 'Others').protect(volume);
      },
      'Shop/Others: tag backup of Shop/Data must have one value, got: "often", and "yes" for Shop/Snapshots: give another tag in target',
    ],
    [
      'nothing at all',
      (stack) => {
        own(stack);
        stack.node.root.node.validate();
        (stack.node.root as App).synth();
      },
      '[Shop/Snapshots] no volume and no instance carries the tag of this policy: call protect(…), or give tags in target',
    ],
  ])('refuses %s', (_, make, sentence) => {
    expect(() => make(newStack())).toThrow(sentence);
  });
});

const KEY_STATEMENTS = (resource: string) => [
  {
    Effect: 'Allow',
    Action: [
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:GenerateDataKeyWithoutPlaintext',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ],
    Resource: resource,
  },
  {
    Effect: 'Allow',
    Action: 'kms:CreateGrant',
    Resource: resource,
    Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } },
  },
];

describe('the role', () => {
  const statements = (stack: Stack): Json[] =>
    only(stack, 'AWS::IAM::Role').Policies[0].PolicyDocument.Statement.map(({ Resource, ...rest }: Json) => ({
      ...rest,
      Resource: [Resource].flat().map(flat),
    }));
  const REGIONAL = 'arn:<AWS::Partition>:ec2:eu-west-1:111122223333';

  test('is for policies of this account and Region', () => {
    const stack = newStack();
    snapshots(stack);
    const [{ Condition, Principal }] = only(stack, 'AWS::IAM::Role').AssumeRolePolicyDocument.Statement;
    expect(Principal).toEqual({ Service: 'dlm.amazonaws.com' });
    expect(Condition.StringEquals).toEqual({ 'aws:SourceAccount': '111122223333' });
    expect(flat(Condition.ArnLike['aws:SourceArn'])).toBe('arn:<AWS::Partition>:dlm:eu-west-1:111122223333:policy/*');
  });

  test('may make snapshots of volumes of this account, and manage snapshots', () => {
    const stack = newStack();
    snapshots(stack);
    expect(statements(stack)).toEqual([
      {
        Effect: 'Allow',
        Action: [
          'ec2:DescribeAvailabilityZones',
          'ec2:DescribeFastSnapshotRestores',
          'ec2:DescribeInstances',
          'ec2:DescribeSnapshotAttribute',
          'ec2:DescribeSnapshotTierStatus',
          'ec2:DescribeSnapshots',
          'ec2:DescribeVolumes',
          'ec2:DisableFastSnapshotRestores',
          'ec2:EnableFastSnapshotRestores',
        ],
        Resource: ['*'],
      },
      {
        Effect: 'Allow',
        Action: ['ec2:CreateSnapshot', 'ec2:CreateSnapshots'],
        Resource: [`${REGIONAL}:volume/*`, 'arn:<AWS::Partition>:ec2:*:*:snapshot/*'],
      },
      {
        Effect: 'Allow',
        Action: [
          'ec2:CopySnapshot',
          'ec2:CreateTags',
          'ec2:DeleteSnapshot',
          'ec2:ModifySnapshotAttribute',
          'ec2:ModifySnapshotTier',
        ],
        Resource: ['arn:<AWS::Partition>:ec2:*:*:snapshot/*'],
      },
    ]);
  });

  test('may use the keys of volumes and of copies', () => {
    const stack = newStack();
    const far = 'arn:aws:kms:eu-central-1:111122223333:key/1bb2cc3d';
    const copy = {
      region: 'eu-central-1',
      retention: days(30),
      encryptionKey: kms.Key.fromKeyArn(stack, 'FarKey', far),
    };
    snapshots(stack, {
      schedules: [daily({ hour: 3, retention: count(14), crossRegionCopies: [copy] })],
      encryptionKeys: [kms.Key.fromKeyArn(stack, 'Key', KEY_ARN)],
    });
    expect(only(stack, 'AWS::IAM::Role').Policies[0].PolicyDocument.Statement.slice(3)).toEqual([
      ...KEY_STATEMENTS(KEY_ARN),
      ...KEY_STATEMENTS(far),
    ]);
  });

  test.each([
    [
      'of your own',
      SnapshotScripts.document('freeze'),
      'arn:<AWS::Partition>:ssm:eu-west-1:111122223333:document/freeze',
    ],
    [
      'of another account',
      SnapshotScripts.document('arn:aws:ssm:eu-west-1:444455556666:document/freeze'),
      'arn:aws:ssm:eu-west-1:444455556666:document/freeze',
    ],
    ['for VSS', SnapshotScripts.vss(), 'arn:<AWS::Partition>:ssm:eu-west-1:*:document/AWSEC2-CreateVssSnapshot'],
    [
      'for SAP HANA',
      SnapshotScripts.sapHana(),
      'arn:<AWS::Partition>:ssm:eu-west-1:*:document/AWSSystemsManagerSAP-CreateDLMSnapshotForSAPHANA',
    ],
  ])('may run scripts %s on instances', (_, scripts, document) => {
    const stack = newStack();
    snapshots(stack, {
      target: SnapshotTarget.instances({ tags: { backup: 'yes' } }),
      schedules: [daily({ hour: 3, retention: count(14), scripts })],
    });
    const [, create, , ...ssm] = statements(stack);
    expect(create!.Resource).toContain(`${REGIONAL}:instance/*`);
    expect(ssm).toEqual([
      {
        Effect: 'Allow',
        Action: ['ssm:DescribeInstanceInformation', 'ssm:GetCommandInvocation', 'ssm:ListCommands'],
        Resource: ['*'],
      },
      { Effect: 'Allow', Action: ['ssm:DescribeDocument', 'ssm:GetDocument', 'ssm:SendCommand'], Resource: [document] },
      { Effect: 'Allow', Action: 'ssm:SendCommand', Resource: [`${REGIONAL}:instance/*`] },
    ]);
  });

  test("can be the user's, and gets its rights before the policy is made", () => {
    const stack = newStack();
    const role = new iam.Role(stack, 'Mine', { assumedBy: new iam.ServicePrincipal('dlm.amazonaws.com') });
    const made = snapshots(stack, { role });
    expect(made.role).toBe(role);
    expect(made.grantPrincipal).toBe(role);
    Template.fromStack(stack).resourceCountIs('AWS::IAM::Role', 1);
    const { Statement } = only(stack, 'AWS::IAM::Policy').PolicyDocument;
    expect(Statement).toHaveLength(3);
    Template.fromStack(stack).hasResource('AWS::DLM::LifecyclePolicy', {
      DependsOn: Match.arrayWith([Match.stringLikeRegexp('MineDefaultPolicy')]),
    });
  });

  test('cdk-nag finds nothing that is not explained', () => {
    const stack = newStack();
    const target = SnapshotTarget.instances({ tags: { backup: 'yes' } });
    const schedule = (name: string, scripts: SnapshotScripts) => daily({ name, hour: 3, retention: count(1), scripts });
    snapshots(stack, {
      target,
      schedules: [schedule('a', SnapshotScripts.vss()), schedule('b', SnapshotScripts.document('freeze'))],
      encryptionKeys: [kms.Key.fromKeyArn(stack, 'Key', KEY_ARN)],
    });
    const { node } = stack;
    Validations.of(node.root).addPlugins(new AwsSolutionsChecks(node.root));
    expect(() => (node.root as App).synth()).not.toThrow();
    new iam.Role(stack, 'Wide', { assumedBy: new iam.AnyPrincipal() }).addToPolicy(
      new iam.PolicyStatement({ actions: ['*'], resources: ['*'] }),
    );
    const log = jest.spyOn(console, 'error').mockImplementation();
    expect(() => (node.root as App).synth({ force: true })).toThrow();
    log.mockRestore();
  });
});
