import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { restoreDocument } from '../../catalog/contract/instance';
import { taskFamily } from '../../catalog/contract/task';
import { BackupAlarms } from '../alarms/backup-alarms';
import { BackupBucket } from '../bucket/backup-bucket';
import type { IBackupBucket } from '../bucket/backup-bucket-props';
import { BackupPruning } from '../pruning/backup-pruning';
import type { BackupsProps } from './backups-props';
import { DatabaseBackup } from './database-backup';
import type { AddDatabaseProps } from './database-backup-props';
import { acknowledge, acknowledgeCompliance, acknowledgeWildcards } from '../private/acknowledge';
import { ENCRYPTED_BY_SQS, VISIBILITY_TIMEOUT } from '../alarms/private/alarm-queues';
import { fault, requireProps } from '../private/fault';
import { Directory } from './private/directory';
import { defaultSubnets } from './private/first-run';
import { denyRun, grantRun, passRole } from './private/grant-run';
import { denySend, grantSend } from './private/instance-run';
import { logGroupOf } from '../private/log-group';
import { isStandIn } from '../private/lookup';
import { familyPrefix, roleArnOf, rolePath } from '../private/names';
import { schedulerRole } from './private/roles';
import { Retention } from '../pruning/retention';
import { RestoreTesting } from '../restore-tests/restore-testing';

/** Database backups that share a bucket, a key, a cluster and a log group. The stack prints the name of the bucket. */
export class Backups extends Construct {
  /** Bucket of the backups. */
  public readonly bucket: IBackupBucket;
  /** Key that encrypts the backups. */
  public readonly encryptionKey: kms.IKey;
  /** Cluster of the tasks. */
  public readonly cluster: ecs.ICluster;
  /** Log group of the runs. */
  public readonly logGroup: logs.ILogGroup;
  /** Dead-letter queue for runs that could not be started. */
  public readonly deadLetterQueue: sqs.IQueue;
  /** Group of the schedules. */
  public readonly scheduleGroup: scheduler.IScheduleGroup;
  /** Role with which EventBridge Scheduler starts the tasks. */
  public readonly schedulerRole: iam.Role;
  /** Pruning of old backups. */
  public readonly pruning: BackupPruning;
  /** Alarms, which notify people when something goes wrong. */
  public readonly alarms: BackupAlarms;
  private readonly children: DatabaseBackup[] = [];
  private readonly props: BackupsProps;
  private passedRoles?: iam.PolicyStatement;
  private testing?: RestoreTesting;
  private readonly endpoint?: ec2.GatewayVpcEndpoint;

  constructor(scope: Construct, id: string, props: BackupsProps) {
    super(scope, id);
    requireProps(this, props, { vpc: true });
    const { vpc, vpcSubnets } = props;
    this.props = props;
    this.bucket = props.bucket ?? new BackupBucket(this, 'Bucket');
    this.encryptionKey = this.bucket.encryptionKey;
    new CfnOutput(this, 'BucketName', {
      description: 'Bucket of the database backups',
      value: this.bucket.bucketName,
    });
    this.cluster = this.clusterIn(vpc, props.cluster);
    this.logGroup = logGroupOf(this, props, () => (this.admitLogs() ? this.encryptionKey : undefined));
    this.deadLetterQueue = props.deadLetterQueue ?? this.createQueue();
    // It has a name. If it stayed, the next deployment would collide with it.
    this.scheduleGroup =
      props.scheduleGroup ??
      new scheduler.ScheduleGroup(this, 'ScheduleGroup', { removalPolicy: RemovalPolicy.DESTROY });
    this.schedulerRole = this.createSchedulerRole();
    new Directory(this, this.bucket);
    this.pruning = new BackupPruning(this, 'Pruning', {
      ...props.pruning,
      bucket: this.bucket,
      logGroup: this.logGroup,
      scheduleGroup: this.scheduleGroup,
      deadLetterQueue: this.deadLetterQueue,
    });
    this.alarms = new BackupAlarms(this, 'Alarms', {
      ...props.alarms,
      bucket: this.bucket,
      logGroup: this.logGroup,
      scheduleGroup: this.scheduleGroup,
      deadLetterQueue: this.deadLetterQueue,
      // A queue of the user's may have other readers.
      readDeadLetters: props.deadLetterQueue === undefined,
    });
    this.alarms.watchPruning(this.pruning);
    if (props.s3GatewayEndpoint) {
      this.endpoint = new ec2.GatewayVpcEndpoint(this, 'S3Endpoint', {
        vpc,
        service: ec2.GatewayVpcEndpointAwsService.S3,
        subnets: [vpcSubnets ?? defaultSubnets(this, vpc)],
      });
    }
  }

  /** Backups added so far. */
  public get databases(): DatabaseBackup[] {
    return [...this.children];
  }

  /** Restore tests of the backups. Created with the first database whose tests are on, or when it is asked for. */
  public get restoreTesting(): RestoreTesting {
    return (this.testing ??= this.createTesting());
  }

  /** Adds a database. */
  public addDatabase(id: string, props: AddDatabaseProps): DatabaseBackup {
    const restoreTest = props.restoreTest ?? this.props.restoreTest;
    // A repository is encrypted by its own key.
    const { encryptTo, proveWith } = props.database?._hasRepository ? {} : this.props;
    const backup = new DatabaseBackup(this, id, {
      ...props,
      vpcSubnets: props.vpcSubnets ?? this.props.vpcSubnets,
      assignPublicIp: props.assignPublicIp ?? this.props.assignPublicIp,
      retention: props.retention ?? this.props.retention ?? Retention.oneYear(),
      encryptTo: props.encryptTo ?? encryptTo,
      proveWith: props.proveWith ?? proveWith,
      restoreTest,
      pruning: this.pruning,
      restoreTesting: restoreTest && !restoreTest._bind(this).plan ? undefined : this.restoreTesting,
      alarms: this.alarms,
      bucket: this.bucket,
      cluster: this.cluster,
      logGroup: this.logGroup,
      scheduleGroup: this.scheduleGroup,
      deadLetterQueue: this.deadLetterQueue,
      // One policy by path and prefix serves all databases: 60 of them would not fit into an inline policy.
      schedulerRole: this.schedulerRole.withoutPolicyUpdates(),
    });
    for (const role of [props.taskRole, props.executionRole]) if (role) this.admitRole(role);
    const runner = props.runsOn?._bind(this);
    if (runner) grantSend(this, this.schedulerRole, `${familyPrefix(this)}*`, runner.target);
    // Of equal statements the CDK keeps one.
    if (props.restore && runner) denySend(this, this.schedulerRole, restoreDocument(`${familyPrefix(this)}*`));
    // Its prefix covers restores as well.
    else if (props.restore) denyRun(this, this.schedulerRole, `${taskFamily(familyPrefix(this), '*', 'restore')}*`);
    if (backup.maintenanceTaskDefinition) this.admitMaintenance();
    if (this.endpoint) backup.schedule.node.addDependency(this.endpoint);
    this.children.push(backup);
    return backup;
  }

  /**
   * Number of runs that could not be started and whose messages are in the dead-letter queue.
   *
   * @default - maximum over five minutes
   */
  public metricDeadLetters(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.deadLetterQueue.metricApproximateNumberOfMessagesVisible(props);
  }

  /**
   * Number of attempts to start a run that ECS refused.
   *
   * @default - sum over five minutes
   */
  public metricTargetErrors(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.scheduleGroup.metricTargetErrors(props);
  }

  private clusterIn(vpc: ec2.IVpc, given: ecs.ICluster | undefined): ecs.ICluster {
    if (given === undefined) {
      return new ecs.Cluster(this, 'Cluster', {
        vpc,
        enableFargateCapacityProviders: true,
        containerInsightsV2: ecs.ContainerInsights.ENABLED,
      });
    }
    const stack = Stack.of(this);
    const ids = [given.vpc.vpcId, vpc.vpcId];
    const [theirs, ours] = ids.map((id) => JSON.stringify(stack.resolve(id)));
    if (given.vpc !== vpc && theirs !== ours && !ids.some(isStandIn)) {
      fault(
        this,
        `cluster must be in vpc ${vpc.node.path}, got: a cluster in ${given.vpc.node.path}: give its VPC in vpc`,
      );
    }
    return given;
  }

  /** Lets CloudWatch Logs use the key. Returns false for an imported key, whose policy belongs to its owner. */
  private admitLogs(): boolean {
    const { region, partition, account, urlSuffix } = Stack.of(this);
    const statement = new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal(`logs.${region}.${urlSuffix}`)],
      actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
      resources: ['*'],
      conditions: {
        ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*` },
      },
    });
    return this.encryptionKey.addToResourcePolicy(statement, true).statementAdded;
  }

  private createTesting(): RestoreTesting {
    const { vpcSubnets, assignPublicIp, restoreTesting } = this.props;
    const { bucket, cluster, logGroup, scheduleGroup, deadLetterQueue } = this;
    const shared = { bucket, cluster, logGroup, scheduleGroup, deadLetterQueue };
    const options = { ...restoreTesting, vpcSubnets, assignPublicIp };
    const testing = new RestoreTesting(this, 'RestoreTesting', { ...options, ...shared });
    // Their families begin with the prefix of those that it may start.
    denyRun(this, this.schedulerRole, `${taskFamily(familyPrefix(this), '*', 'prove')}*`);
    this.alarms.watchRestoreTesting(testing);
    return testing;
  }

  private createQueue(): sqs.IQueue {
    const queue = new sqs.Queue(this, 'DeadLetterQueue', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      visibilityTimeout: VISIBILITY_TIMEOUT,
    });
    acknowledge(queue, 'AwsSolutions-SQS3', 'This is the dead-letter queue.');
    acknowledgeCompliance(queue, [ENCRYPTED_BY_SQS]);
    return queue;
  }

  /** Lets the scheduler role pass a role of the user's. One statement serves all: 60 would not fit into the policy. */
  private admitRole({ roleArn }: Pick<iam.IRole, 'roleArn'>): void {
    this.passedRoles?.addResources(roleArn);
    if (this.passedRoles) return;
    this.passedRoles = passRole([roleArn]);
    this.schedulerRole.addToPrincipalPolicy(this.passedRoles);
  }

  /** Lets the scheduler role pass the roles of maintenance, whose path is not that of the backups. */
  private admitMaintenance(): void {
    const roleArn = roleArnOf(this, `${rolePath(this, 'maintain')}*`);
    this.admitRole({ roleArn });
    acknowledgeWildcards(this.schedulerRole, 'The roles made for the maintenance of repositories.', [roleArn]);
  }

  /** Creates the role that starts the tasks below this construct, and nothing else. Role path and family prefix limit it. */
  private createSchedulerRole(): iam.Role {
    const role = schedulerRole(this, this.scheduleGroup);
    grantRun(this, role, {
      cluster: this.cluster,
      family: `${familyPrefix(this)}*`,
      roleArns: [roleArnOf(this, `${rolePath(this)}*`)],
    });
    this.deadLetterQueue.grantSendMessages(role);
    return role;
  }
}
