import { Duration } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { BackupBucket, BackupSchedule, Database, DatabaseBackup } from '../../../lib';
import { Setup } from '../support';

/** What the one schedule whose id begins like this waits for, besides what it refers to. */
function needs(setup: Setup, id = 'BackupsShop'): string[] {
  const schedules = Object.entries(setup.template().findResources('AWS::Scheduler::Schedule'));
  const [found] = schedules.filter(([logicalId]) => logicalId.startsWith(id));
  return (found![1].DependsOn as string[]).map((logicalId) => logicalId.replace(/[0-9A-F]{8}$/, ''));
}

// A rate fires as soon as the schedule exists, and the next run is hours away.
test('the first run finds a way out of its subnets', () => {
  const setup = new Setup();
  setup.add();
  expect(needs(setup)).toEqual(
    expect.arrayContaining(['VpcPrivateSubnet1DefaultRoute', 'VpcPrivateSubnet2DefaultRoute']),
  );
});

test('the first run finds the instances of its cluster, and is let in by its own rule only', () => {
  const setup = new Setup();
  const cluster = new rds.DatabaseCluster(setup.stack, 'Database', {
    vpc: setup.vpc,
    engine: rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_16_4 }),
    writer: rds.ClusterInstance.serverlessV2('Writer'),
  });
  const database = Database.fromCluster(cluster);
  setup.add({ database });
  setup.add({ database }, 'Other');
  const rules = needs(setup).filter((id) => id.includes('from'));
  expect(needs(setup)).toContain('DatabaseWriter');
  expect(rules).toEqual([expect.stringMatching(/^DatabaseSecurityGroupfromStackBackupsShopSecurityGroup/)]);
});

test('the first run on Spot finds the capacity provider, and the S3 gateway endpoint', () => {
  const setup = new Setup();
  setup.create({ s3GatewayEndpoint: true });
  setup.add({ spot: true });
  const providers = Object.keys(setup.template().findResources('AWS::ECS::ClusterCapacityProviderAssociations'));
  expect(needs(setup)).toEqual(
    expect.arrayContaining([providers[0]!.replace(/[0-9A-F]{8}$/, ''), 'BackupsS3Endpoint']),
  );
});

test('the first run finds roles of the user with their policies, and the schedule group by name', () => {
  const setup = new Setup();
  const { stack, vpc } = setup;
  const role = (id: string) =>
    new iam.Role(stack, id, { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
  new DatabaseBackup(stack, 'Shop', {
    database: setup.mysql(),
    schedule: BackupSchedule.every(Duration.hours(6)),
    bucket: new BackupBucket(stack, 'Bucket'),
    cluster: new ecs.Cluster(stack, 'Cluster', { vpc }),
    taskRole: role('Task'),
    executionRole: role('Execution'),
    schedulerRole: role('Starter'),
    scheduleGroup: new scheduler.ScheduleGroup(stack, 'Group', { scheduleGroupName: 'mine' }),
  });
  expect(needs(setup, 'Shop')).toEqual(
    expect.arrayContaining(['TaskDefaultPolicy', 'ExecutionDefaultPolicy', 'StarterDefaultPolicy', 'Group']),
  );
});

test('an imported database whose security groups are not known is warned of, and only those', () => {
  const warned = (securityGroups?: ec2.ISecurityGroup[]): number => {
    const setup = new Setup();
    const cluster = rds.DatabaseCluster.fromDatabaseClusterAttributes(setup.stack, 'Orders', {
      clusterIdentifier: 'orders',
      clusterEndpointAddress: 'orders.internal',
      port: 3306,
      engine: rds.DatabaseClusterEngine.auroraMysql({ version: rds.AuroraMysqlEngineVersion.VER_3_08_0 }),
      ...(securityGroups && { securityGroups }),
    });
    setup.add({ database: Database.fromCluster(cluster, { secret: setup.secret }) }, 'Orders');
    return Annotations.fromStack(setup.stack).findWarning('*', Match.stringLikeRegexp('^no security group of the'))
      .length;
  };
  expect(warned()).toBe(1);
  expect(warned([ec2.SecurityGroup.fromSecurityGroupId(new Setup().stack, 'Of', 'sg-0a1b2c3d4e5f60718')])).toBe(0);
});
