import type { Duration } from 'aws-cdk-lib';
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
import { dumpJob, requireBackup } from './private/dump-job';
import { letIn, wayOut } from './private/first-run';
import { logGroupOf } from '../private/log-group';
import { grantFollow, grantRestore, grantRun } from './private/grant-run';
import { fault, requireProps } from '../private/fault';
import { provenMetric } from '../private/metric';
import { familyPrefix } from '../private/names';
import { retentionOf } from '../pruning/private/retention-of';
import { groupsOf, restoreTask } from './private/restore-task';
import { executionRole, schedulerRole, taskRole } from './private/roles';
import { backupSchedule } from './private/schedule';
import { checkPruning } from '../pruning/private/prune-check';
import { registerSource, sourceNameOf } from './private/source-registry';
import { builtImage, programTask } from './private/task-definition';
import { securityGroupsOf } from './private/security-groups';
import { checkTiers } from '../bucket/private/tier-check';
import { timeoutOf } from './private/timeout';
import type { Retention } from '../pruning/retention';

/** A scheduled backup of one database. */
export class DatabaseBackup extends Construct implements ec2.IConnectable, iam.IGrantable {
  /** Name of the source in the bucket. */
  public readonly sourceName: string;
  /** Task definition. */
  public readonly taskDefinition: ecs.FargateTaskDefinition;
  /** Container of the task. */
  public readonly container: ecs.ContainerDefinition;
  /** Task definition of restores; none without `restore`. */
  public readonly restoreTaskDefinition?: ecs.FargateTaskDefinition;
  /** Schedule of the task. */
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
  /** Principal of the task role. */
  public readonly grantPrincipal: iam.IPrincipal;
  /** Bucket of the backups. */
  public readonly bucket: IBackupBucket;
  /** Allowed age of the newest backup. */
  public readonly allowedAge: Duration;
  /** Retention of the backups; forever if nothing prunes them. */
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
    const family = familyPrefix(scope);
    const { sourceName: source, executionRole: ecsRole, logGroup } = this;
    const image = props.image ?? builtImage(database, size.cpuArchitecture);
    const shared = { executionRole: ecsRole, logGroup, image };
    this.taskDefinition = programTask(this, 'TaskDefinition', {
      ...{ ...database, ...size, ...shared },
      family: taskFamily(family, source, 'dump'),
      taskRole: this.taskRole,
      job: dumpJob(source, bucket, database, timeout, props.compressionLevel),
    });
    this.restoreTaskDefinition =
      props.restore && restoreTask(this, props.restore, { ...shared, family, source, bucket, database, size });
    this.container = this.taskDefinition.defaultContainer!;
    this.securityGroups = securityGroupsOf(this, this.cluster.vpc, source, database, props.securityGroups);
    this.connections = new ec2.Connections({ securityGroups: this.securityGroups });
    const rules = database.allowTo ? letIn(this, database.allowTo, `backup of ${this.sourceName}`) : [];
    const { allowedAge, retention } = this;
    props.pruning?.addSource(this.sourceName, { allowedAge, retention });
    if (props.pruning) {
      checkPruning(this, this.sourceName, retention._bind(this), props.pruning.maxDeletePercent / 100, bound);
    }
    this.watch(family, props, props.allowedAge === undefined ? timeout : undefined);
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
    // A rate fires as soon as the schedule exists: everything that its first run needs comes first.
    this.schedule.node.addDependency(
      egress,
      ...[props.taskRole, props.executionRole, props.schedulerRole, props.scheduleGroup].filter((part) => !!part),
      ...[...rules, ...(database.needs ?? []), ...(props.spot ? [this.cluster] : [])],
    );
    const { target } = this.schedule.node.defaultChild as scheduler.CfnSchedule;
    const listed = {
      ...{ source, family, engine: database.engine, logGroup: logGroup.logGroupName },
      target: target as scheduler.CfnSchedule.TargetProperty,
    };
    const directory = Directory.of(this, bucket);
    directory.addTask({ ...listed, action: 'dump' });
    if (props.restore) directory.addTask({ ...listed, action: 'restore', securityGroups: groupsOf(props.restore) });
  }

  /**
   * Grants permission to start this backup, with `proven-backups run` or `ecs:RunTask`, and to follow the run to its end.
   *
   * @param grantee the principal that starts it, for example a deployment pipeline
   */
  public grantRun(grantee: iam.IGrantable): iam.Grant {
    const { bucket, cluster, logGroup } = this;
    grantFollow(this, grantee, { bucket, cluster, logGroup });
    return this.grantTask(grantee);
  }

  /**
   * Grants permission to restore backups of this database, with `proven-backups restore`: to see its backups and to fetch them
   * from an archive, to start a restore, to follow it to its end or to stop it; and to start this backup, because a restore
   * that replaces something makes one first. Whoever has it can change the database. Requires `restore`.
   *
   * @param grantee the principal that restores, for example the role of those on duty
   */
  public grantRestore(grantee: iam.IGrantable): iam.Grant {
    const { restoreTaskDefinition: task, bucket, cluster, sourceName: source } = this;
    if (!task) fault(this, 'grantRestore must have something to grant, got: a backup without restore: give restore');
    this.grantRun(grantee);
    const roleArns = [task.taskRole.roleArn, this.executionRole.roleArn];
    return grantRestore(this, grantee, { bucket, source, cluster, family: `${task.family}:*`, roleArns });
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
   * Number of complete backups. A run writes 1 for a complete backup and 0 for a failed one.
   *
   * @default - sum over one hour
   */
  public metricSuccess(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(METRICS.success, { statistic: 'Sum', ...props });
  }

  /**
   * Duration of a run, in seconds.
   *
   * @default - maximum over one hour
   */
  public metricDuration(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(METRICS.duration, props);
  }

  /**
   * Size of a backup in the bucket, in bytes.
   *
   * @default - maximum over one hour
   */
  public metricSize(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(METRICS.size, props);
  }

  /**
   * Age of the newest complete backup, in seconds. Before the first one, the time since the source was first seen. Requires
   * `alarms`.
   *
   * @default - maximum over one hour
   */
  public metricAge(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MEASURE_METRICS.age, props);
  }

  /**
   * Deviation of the newest backup's size from earlier backups, in robust standard deviations; negative if it is smaller.
   * Requires `alarms`.
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
}
