/** Parts of the stack that are made on request. Each returns its outputs. */
import { Duration, Fn, Size } from 'aws-cdk-lib';
import * as cloudtrail from 'aws-cdk-lib/aws-cloudtrail';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as events from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as rds from 'aws-cdk-lib/aws-rds';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { EcsRunEc2Task } from 'aws-cdk-lib/aws-scheduler-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Backups } from '../../lib';
import { SnapshotRetention, SnapshotSchedule, VolumeSnapshots } from '../../lib';
import { addClient } from './app-server';
import type { Part } from './names';
import { MASTER, TAG, VOLUME_SOURCE } from './names';

interface Shared {
  readonly vpc: ec2.Vpc;
  readonly backups: Backups;
}
type Outputs = Record<string, string>;

const MYSQL = ecs.ContainerImage.fromRegistry('public.ecr.aws/docker/library/mysql:8.4');
const SMALL = ec2.InstanceType.of(ec2.InstanceClass.T4G, ec2.InstanceSize.MICRO);

const PARTS: Record<Part, (scope: Construct, shared: Shared) => Outputs> = {
  /** One small instance, and a schedule whose task is too large for it: RunTask answers 200 with `failures`. */
  ec2(scope, { vpc }) {
    const cluster = new ecs.Cluster(scope, 'InstanceCluster', { vpc });
    const provider = new ecs.AsgCapacityProvider(scope, 'Capacity', {
      ...{ enableManagedScaling: false, enableManagedTerminationProtection: false },
      autoScalingGroup: cluster.addCapacity('Instance', {
        ...{ instanceType: new ec2.InstanceType('t3.nano'), associatePublicIpAddress: true },
        ...{ vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }, taskDrainTime: Duration.seconds(0) },
      }),
    });
    void provider;
    const taskDefinition = new ecs.Ec2TaskDefinition(scope, 'TooLarge');
    taskDefinition.addContainer('large', {
      ...{
        image: ecs.ContainerImage.fromRegistry('public.ecr.aws/docker/library/busybox:stable'),
        memoryLimitMiB: 65_536,
      },
    });
    const deadLetterQueue = new sqs.Queue(scope, 'FailureDeadLetters');
    const group = new scheduler.ScheduleGroup(scope, 'FailureGroup');
    new scheduler.Schedule(scope, 'FailureSchedule', {
      schedule: scheduler.ScheduleExpression.rate(Duration.minutes(2)),
      scheduleGroup: group,
      target: new EcsRunEc2Task(cluster, { taskDefinition, deadLetterQueue, retryAttempts: 0 }),
    });
    return {
      ...{ FailureCluster: cluster.clusterName, FailureTask: taskDefinition.taskDefinitionArn },
      ...{ FailureDeadLetters: deadLetterQueue.queueUrl, FailureGroup: group.scheduleGroupName },
    };
  },

  /** CloudTrail's data events of the bucket, and a queue that gets them. */
  trail(scope, { backups }) {
    const trail = new cloudtrail.Trail(scope, 'Trail', {
      isMultiRegionTrail: false,
      managementEvents: cloudtrail.ReadWriteType.NONE,
    });
    const bucket = { bucket: backups.bucket.bucket };
    trail.addS3EventSelector([bucket], { readWriteType: cloudtrail.ReadWriteType.WRITE_ONLY });
    const queue = new sqs.Queue(scope, 'TrailEvents');
    new events.Rule(scope, 'TrailRule', {
      eventPattern: { detailType: ['AWS API Call via CloudTrail'], detail: { eventName: ['DeleteObjects'] } },
      targets: [new SqsQueue(queue)],
    });
    return { TrailEvents: queue.queueUrl };
  },

  volume(scope) {
    const encryptionKey = new kms.Key(scope, 'VolumeKey', { pendingWindow: Duration.days(7) });
    const volume = new ec2.Volume(scope, 'Volume', {
      ...{ availabilityZone: Fn.select(0, Fn.getAzs()), size: Size.gibibytes(1), encrypted: true, encryptionKey },
    });
    new VolumeSnapshots(scope, 'Snapshots', {
      sourceName: VOLUME_SOURCE,
      schedules: [SnapshotSchedule.hourly({ retention: SnapshotRetention.count(1) })],
      encryptionKeys: [encryptionKey],
      tagsToAdd: { [TAG.key]: TAG.value },
    }).protect(volume);
    return { Volume: volume.volumeId };
  },

  rds(scope, { vpc, backups: { logGroup } }) {
    const place = { vpc, vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }, publiclyAccessible: false };
    const small = { ...place, instanceType: SMALL, allocatedStorage: 20, backupRetention: Duration.days(0) };
    const credentials = rds.Credentials.fromGeneratedSecret(MASTER);
    const postgresql = new rds.DatabaseInstance(scope, 'RdsPostgresql', {
      ...{ ...small, credentials, databaseName: 'postgres' },
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17_9 }),
    });
    const mysql = new rds.DatabaseInstance(scope, 'RdsMysql', {
      ...{ ...small, credentials },
      engine: rds.DatabaseInstanceEngine.mysql({ version: rds.MysqlEngineVersion.VER_8_4_9 }),
    });
    const of = (
      id: string,
      { instanceEndpoint, secret, connections }: rds.DatabaseInstance,
      image?: ecs.ContainerImage,
    ) => {
      connections.allowDefaultPortFrom(ec2.Peer.ipv4(vpc.vpcCidrBlock));
      const server = { host: instanceEndpoint.hostname, port: String(instanceEndpoint.port), secret: secret! };
      const task = addClient(scope, { ...{ id, image, logGroup, user: MASTER, database: 'postgres' }, ...server });
      return { [id]: task.taskDefinitionArn };
    };
    return { ...of('RdsPostgresqlClient', postgresql), ...of('RdsMysqlClient', mysql, MYSQL) };
  },

  aurora(scope, { vpc, backups: { logGroup } }) {
    const closed = { publiclyAccessible: false };
    const of = (id: string, engine: rds.IClusterEngine, image?: ecs.ContainerImage) => {
      const cluster = new rds.DatabaseCluster(scope, id, {
        ...{ engine, vpc, vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }, serverlessV2MaxCapacity: 1 },
        ...{
          credentials: rds.Credentials.fromGeneratedSecret(MASTER),
          writer: rds.ClusterInstance.serverlessV2('Writer', closed),
        },
        readers: [rds.ClusterInstance.serverlessV2('Reader', closed)],
      });
      cluster.connections.allowDefaultPortFrom(ec2.Peer.ipv4(vpc.vpcCidrBlock));
      const { hostname: host, port } = cluster.clusterReadEndpoint;
      const server = { host, port: String(port), secret: cluster.secret!, database: 'postgres', user: MASTER };
      const client = addClient(scope, { ...server, id: `${id}Client`, image, logGroup });
      return { [`${id}Client`]: client.taskDefinitionArn };
    };
    const postgresql = rds.DatabaseClusterEngine.auroraPostgres({ version: rds.AuroraPostgresEngineVersion.VER_17_9 });
    const mysql = rds.DatabaseClusterEngine.auroraMysql({
      version: rds.AuroraMysqlEngineVersion.of('8.0.mysql_aurora.3.10.3', '8.0'),
    });
    return { ...of('AuroraPostgresql', postgresql), ...of('AuroraMysql', mysql, MYSQL) };
  },
};

/** Adds a part, and returns its outputs. */
export const addPart = (scope: Construct, part: Part, shared: Shared): Outputs => PARTS[part](scope, shared);
