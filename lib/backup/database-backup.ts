import type { Duration } from 'aws-cdk-lib';
import { Annotations } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { MEASURE_METRICS, METRICS, taskFamily } from '../../catalog/contract/task';
import type { IBackupBucket } from '../bucket/backup-bucket-props';
import type { DatabaseBackupProps } from './database-backup-props';
import { requireNoAlarmProps } from '../alarms/private/alarm-source';
import { allowedAgeOf } from './private/allowed-age';
import { Directory } from './private/directory';
import { withPartsOfAlarms } from '../alarms/private/alarms-of-other-stack';
import type { BoundDatabase } from '../database/private/bound-database';
import { dumpJob, requireBackup } from './private/dump-job';
import { letIn, wayOut } from './private/first-run';
import { logGroupOf } from '../private/log-group';
import { grantFollow, grantRun } from './private/grant-run';
import { requireProps } from '../private/fault';
import { provenMetric } from '../private/metric';
import { familyPrefix } from '../private/names';
import { retentionOf } from '../pruning/private/retention-of';
import { executionRole, schedulerRole, taskRole } from './private/roles';
import { backupSchedule } from './private/schedule';
import { checkPruning } from '../pruning/private/prune-check';
import { registerSource, sourceNameOf } from './private/source-registry';
import { backupTask } from './private/task-definition';
import { checkTiers } from '../bucket/private/tier-check';
import { timeoutOf } from './private/timeout';
import type { Retention } from '../pruning/retention';

/** Backs up one database on a schedule. */
export class DatabaseBackup extends Construct implements ec2.IConnectable, iam.IGrantable {
  /** Name of the source in the bucket. */
  public readonly sourceName: string;
  /** The task. */
  public readonly taskDefinition: ecs.FargateTaskDefinition;
  /** The task's container. */
  public readonly container: ecs.ContainerDefinition;
  /** The schedule. */
  public readonly schedule: scheduler.Schedule;
  /** Role of the program. */
  public readonly taskRole: iam.IRole;
  /** Role with which ECS starts the task. */
  public readonly executionRole: iam.IRole;
  /** Role with which EventBridge Scheduler starts the task. */
  public readonly schedulerRole: iam.IRole;
  /** Log group of the runs. */
  public readonly logGroup: logs.ILogGroup;
  /** Security groups of the task. */
  public readonly securityGroups: ec2.ISecurityGroup[];
  /** Network connections of the task. */
  public readonly connections: ec2.Connections;
  /** The task role. */
  public readonly grantPrincipal: iam.IPrincipal;
  /** Where the backups go. */
  public readonly bucket: IBackupBucket;
  /** How old the newest backup may get before that is a fault. */
  public readonly allowedAge: Duration;
  /** Which backups are kept; all of them if nothing prunes them. */
  public readonly retention: Retention;
  private readonly cluster: ecs.ICluster;

  constructor(scope: Construct, id: string, props: DatabaseBackupProps) {
    super(scope, id);
    requireProps(this, props, { bucket: true, cluster: true, database: true, schedule: true });
    props = withPartsOfAlarms(this, props);
    const { bucket } = props;
    this.bucket = bucket;
    this.cluster = props.cluster;
    this.sourceName = props.sourceName ?? sourceNameOf(id);
    registerSource(this, bucket, this.sourceName);
    const database = props.database._bind(this, { ownImage: props.image !== undefined });
    const bound = props.schedule._bind(this);
    const timeout = timeoutOf(this, props.timeout, bound);
    this.allowedAge = allowedAgeOf(this, props.allowedAge, bound, timeout);
    this.retention = retentionOf(this, props);
    checkTiers(this, bucket, this.sourceName, this.retention, bound);
    const size = requireBackup(this, props, database);
    const egress = wayOut(this, this.cluster.vpc, props.vpcSubnets);

    this.taskRole = props.taskRole ?? taskRole(this, bucket, this.sourceName);
    this.logGroup = logGroupOf(this, props);
    this.executionRole = props.executionRole ?? executionRole(this, this.logGroup);
    bucket.grantBackup(this.taskRole, this.sourceName);
    this.grantPrincipal = this.taskRole.grantPrincipal;
    this.taskDefinition = backupTask(this, {
      ...size,
      family: taskFamily(familyPrefix(scope), this.sourceName, 'dump'),
      taskRole: this.taskRole,
      executionRole: this.executionRole,
      logGroup: this.logGroup,
      database,
      job: dumpJob(this.sourceName, bucket, database, timeout, props.compressionLevel),
      image: props.image,
    });
    this.container = this.taskDefinition.defaultContainer!;
    this.securityGroups = this.taskSecurityGroups(database, props.securityGroups);
    this.connections = new ec2.Connections({ securityGroups: this.securityGroups });
    const rules = database.allowTo ? letIn(this, database.allowTo, `backup of ${this.sourceName}`) : [];
    const { allowedAge, retention } = this;
    props.pruning?.addSource(this.sourceName, { allowedAge, retention });
    if (props.pruning) {
      checkPruning(this, this.sourceName, retention._bind(this), props.pruning.maxDeletePercent / 100, bound);
    }
    this.watch(familyPrefix(scope), props, props.allowedAge === undefined ? timeout : undefined);
    this.schedulerRole = props.schedulerRole ?? schedulerRole(this, props.scheduleGroup);
    this.grantTask(this.schedulerRole);
    props.deadLetterQueue?.grantSendMessages(this.schedulerRole);
    this.schedule = backupSchedule(this, {
      ...props,
      bound,
      source: this.sourceName,
      enabled: props.enabled ?? true,
      taskDefinition: this.taskDefinition,
      role: this.schedulerRole,
      securityGroups: this.securityGroups,
      spot: props.spot ?? false,
    });
    // A rate fires as soon as the schedule exists: what its first run needs comes before.
    this.schedule.node.addDependency(
      egress,
      ...[props.taskRole, props.executionRole, props.schedulerRole, props.scheduleGroup].filter((part) => !!part),
      ...[...rules, ...(database.needs ?? []), ...(props.spot ? [this.cluster] : [])],
    );
    Directory.of(this, bucket).addTask({
      source: this.sourceName,
      engine: database.engine,
      action: 'dump',
      family: familyPrefix(scope),
      logGroup: this.logGroup.logGroupName,
      target: (this.schedule.node.defaultChild as scheduler.CfnSchedule).target as scheduler.CfnSchedule.TargetProperty,
    });
  }

  /**
   * Allows to start this backup, on demand or before a deployment, by `proven-backups run` or `ecs:RunTask`, and to see how
   * the run ends.
   *
   * @param grantee whoever starts it
   */
  public grantRun(grantee: iam.IGrantable): iam.Grant {
    const { bucket, cluster, logGroup } = this;
    grantFollow(this, grantee, { bucket, cluster, logGroup });
    return this.grantTask(grantee);
  }

  /**
   * A metric of this source.
   *
   * @default - maximum over one hour
   */
  public metric(metricName: string, props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    const dimensions = { [METRICS.bucket]: this.bucket.bucketName, [METRICS.source]: this.sourceName };
    return provenMetric(dimensions, metricName, props);
  }

  /**
   * Complete backups: a run writes 1 for a complete one and 0 for a failed one.
   *
   * @default - sum over one hour
   */
  public metricSuccess(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(METRICS.success, { statistic: 'Sum', ...props });
  }

  /**
   * Seconds that a run took.
   *
   * @default - maximum over one hour
   */
  public metricDuration(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(METRICS.duration, props);
  }

  /**
   * Bytes stored in the bucket.
   *
   * @default - maximum over one hour
   */
  public metricSize(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(METRICS.size, props);
  }

  /**
   * Age of the newest whole backup; without one, how long it has been waited for. Seconds. Needs `alarms`.
   *
   * @default - maximum over one hour
   */
  public metricAge(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MEASURE_METRICS.age, props);
  }

  /**
   * How many robust deviations the newest backup is off the history of its source, below it with a minus. Needs `alarms`.
   *
   * @default - maximum over one hour
   */
  public metricSizeDeviation(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MEASURE_METRICS.sizeDeviation, props);
  }

  private grantTask(grantee: iam.IGrantable): iam.Grant {
    return grantRun(this, grantee, {
      cluster: this.cluster,
      family: `${this.taskDefinition.family}:*`,
      roleArns: [this.taskRole.roleArn, this.executionRole.roleArn],
    });
  }

  private watch(prefix: string, props: DatabaseBackupProps, timeoutSeconds: number | undefined): void {
    const { alarms, bucket, scheduleGroup, deadLetterQueue } = props;
    if (alarms === undefined) return requireNoAlarmProps(this, props);
    const { sourceName: name, logGroup, allowedAge } = this;
    const ageMetric = this.metricAge();
    alarms._watchSource(this, {
      name,
      bucket,
      familyPrefix: prefix,
      logGroup,
      scheduleGroup,
      allowedAge,
      timeoutSeconds,
      ageMetric,
      props,
    });
    if (deadLetterQueue) alarms.watchDeadLetters(deadLetterQueue);
  }

  private taskSecurityGroups(database: BoundDatabase, given: ec2.ISecurityGroup[] = []): ec2.ISecurityGroup[] {
    const groups = [...new Set([...(database.securityGroups ?? []), ...given])];
    if (groups.length > 0) return groups;
    const group = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc: this.cluster.vpc,
      description: `Backup of ${this.sourceName}`,
    });
    // Rules are written from this side, so that a database in another stack need not know its backup.
    const reason = 'The group lets everything out already.';
    // Of this construct, not of the group: older versions of the CDK look at what is above only.
    Annotations.of(this).acknowledgeWarning('@aws-cdk/aws-ec2:ipv4IgnoreEgressRule', reason);
    return [group];
  }
}
