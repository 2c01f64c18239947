import type { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { ENV, MEASURE_METRICS, METRICS, taskFamily } from '../../catalog/contract/task';
import type { IBackupBucket } from '../bucket/backup-bucket-props';
import type { BoundInstanceRunner } from './private/bound-runner';
import type { DatabaseBackupProps } from './database-backup-props';
import type { SourceObjectives, WatchedSource } from '../alarms/private/alarm-source';
import { objectivesOf, requireNoAlarmProps, requireSameBucket } from '../alarms/private/alarm-source';
import { testsOf } from '../restore-tests/private/source-tests';
import { allowedAgeOf, requireObjective } from './private/allowed-age';
import { Directory } from './private/directory';
import { requireTestable, withPartsOfAlarms } from './private/parts-of-other-stacks';
import { dumpJob, requireBackup } from './private/dump-job';
import { letIn, wayOut } from './private/first-run';
import { grantSend, instanceRun, instanceSchedule, requireInstanceRun, requireTaskRun } from './private/instance-run';
import { logGroupOf } from '../private/log-group';
import { grantFollow, grantReadBackups, grantRestore, grantRun } from './private/grant-run';
import { fault, requireProps } from '../private/fault';
import { provenMetric } from '../private/metric';
import { familyPrefix, rolePath } from '../private/names';
import { retentionOf } from '../pruning/private/retention-of';
import { Maintenance } from './private/maintenance';
import { groupsOf, restoreOnInstance, restoreTask } from './private/restore-task';
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
  /** Task definition; none for runs on an instance. */
  public readonly taskDefinition?: ecs.FargateTaskDefinition;
  /** Container of the task; none for runs on an instance. */
  public readonly container?: ecs.ContainerDefinition;
  /** Name of the document of Systems Manager that runs on an instance; none for tasks. */
  public readonly documentName?: string;
  /** Name of the document of Systems Manager that restores on an instance; none for tasks, and without `restore`. */
  public readonly restoreDocumentName?: string;
  /** Task definition of restores; none without `restore`, and for runs on an instance. */
  public readonly restoreTaskDefinition?: ecs.FargateTaskDefinition;
  /** Schedule of the task. */
  public readonly schedule: scheduler.Schedule;
  /** Role of the program. */
  public readonly taskRole: iam.IRole;
  /** Role with which ECS, or the instance, pulls the image and reads the secret. */
  public readonly executionRole: iam.IRole;
  /** Role with which EventBridge Scheduler starts the runs. */
  public readonly schedulerRole: iam.IRole;
  /** Log group of the runs. */
  public readonly logGroup: logs.ILogGroup;
  /** Security groups of the task; none for runs on an instance. */
  public readonly securityGroups: ec2.ISecurityGroup[];
  /** Network connections of the task; none for runs on an instance. */
  public readonly connections: ec2.Connections;
  /** Principal of the task role. */
  public readonly grantPrincipal: iam.IPrincipal;
  /** Bucket of the backups. */
  public readonly bucket: IBackupBucket;
  /** Secret with the key of its repository; none without `repository`. Whoever loses the key loses the backups: keep a copy elsewhere. */
  public readonly repositoryKey?: secretsmanager.ISecret;
  /** Task definition of the maintenance of its repository; none without `repository`. */
  public readonly maintenanceTaskDefinition?: ecs.FargateTaskDefinition;
  /** Schedule of the maintenance of its repository; none without `repository`. */
  public readonly maintenanceSchedule?: scheduler.Schedule;
  /** Allowed age of the newest backup. */
  public readonly allowedAge: Duration;
  /** Retention of the backups; forever if nothing prunes them. */
  public readonly retention: Retention;
  /**
   * What a dashboard measures it by.
   *
   * @internal
   */
  public readonly _limits: SourceObjectives & Pick<WatchedSource, 'provenAgeSeconds'>;
  private readonly cluster: ecs.ICluster;
  private readonly runner?: BoundInstanceRunner;

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
    this.repositoryKey = database.secrets?.[ENV.repositoryKey]?.secret;
    // restic takes its own beside the program's.
    this.runner = props.runsOn?._bind(this, database.repository && 1024);
    const { runner } = this;
    if (runner) requireInstanceRun(this, props, database);
    else requireTaskRun(this, database);
    const { vpcSubnets } = props;
    const egress = runner && !database.repository ? [] : [wayOut(this, this.cluster.vpc, vpcSubnets)];

    const host = runner && new iam.ArnPrincipal(runner.role.roleArn);
    this.taskRole = props.taskRole ?? taskRole(this, bucket, this.sourceName, host);
    this.logGroup = logGroupOf(this, props);
    this.executionRole = props.executionRole ?? executionRole(this, this.logGroup, undefined, host);
    bucket.grantBackup(this.taskRole, this.sourceName);
    database.repository?._grantWrite(this, this.taskRole, this.sourceName);
    this.grantPrincipal = this.taskRole.grantPrincipal;
    const family = familyPrefix(scope);
    const { sourceName: source, executionRole: ecsRole, logGroup } = this;
    const image = props.image ?? builtImage(database, size.cpuArchitecture);
    const shared = { executionRole: ecsRole, logGroup, image };
    const run = {
      family: taskFamily(family, source, 'dump'),
      taskRole: this.taskRole,
      job: dumpJob(this, { source, database, timeoutSeconds: timeout }, props),
    };
    const restoring =
      host && props.restore ? restoreOnInstance(this, props.restore, { source, bucket, database }, host) : undefined;
    const instance = runner && instanceRun(this, { ...shared, ...run, runner, source, database, restore: restoring });
    this.documentName = instance?.document.ref;
    if (!runner) {
      this.taskDefinition = programTask(this, 'TaskDefinition', { ...database, ...size, ...shared, ...run });
      this.container = this.taskDefinition.defaultContainer!;
    }
    this.restoreDocumentName = instance?.restoring?.ref;
    this.restoreTaskDefinition =
      props.restore && !runner
        ? restoreTask(this, props.restore, { ...shared, family, source, bucket, database, size })
        : undefined;
    this.securityGroups = runner
      ? []
      : securityGroupsOf(this, this.cluster.vpc, source, database, props.securityGroups);
    this.connections = new ec2.Connections({ securityGroups: this.securityGroups });
    const rules = database.allowTo ? letIn(this, database.allowTo, `backup of ${this.sourceName}`) : [];
    const { allowedAge, retention } = this;
    props.pruning?.addSource(this.sourceName, { allowedAge, retention });
    if (props.pruning) {
      checkPruning(this, this.sourceName, retention._bind(this), props.pruning.maxDeletePercent / 100, bound);
    }
    requireObjective(this, props.recoveryPointObjective, bound);
    const tests = testsOf(this, props, allowedAge);
    this._limits = { provenAgeSeconds: tests?.provenAgeSeconds, ...objectivesOf(this, props) };
    if (props.restoreTesting && tests) {
      requireSameBucket(this, bucket, 'restoreTesting', props.restoreTesting.bucket);
      requireTestable(this, props, database.repository);
      const { cpuArchitecture } = size;
      props.restoreTesting._addSource({ ...props, name: source, database, cpuArchitecture, plan: tests.plan });
    }
    const timeoutSeconds = props.allowedAge === undefined ? timeout : undefined;
    const { provenAgeSeconds } = tests ?? {};
    this.watch(family, props, { timeoutSeconds, provenAgeSeconds, isTested: tests !== undefined });
    this.schedulerRole = props.schedulerRole ?? schedulerRole(this, props.scheduleGroup);
    this.grantStart(this.schedulerRole);
    props.deadLetterQueue?.grantSendMessages(this.schedulerRole);
    const timed = { ...props, bound, source, enabled: props.enabled ?? true, role: this.schedulerRole };
    this.schedule = instance
      ? instanceSchedule(this, timed, instance.document, runner!.target)
      : backupSchedule(this, {
          ...timed,
          taskDefinition: this.taskDefinition!,
          securityGroups: this.securityGroups,
          spot: props.spot ?? false,
        });
    const { assignPublicIp, platformVersion, scheduleGroup, deadLetterQueue } = props;
    const maintenance =
      database.repository &&
      new Maintenance(this, {
        ...{ cluster: this.cluster, vpcSubnets, assignPublicIp, platformVersion, scheduleGroup, deadLetterQueue },
        ...{ source, family, image, logGroup, size, enabled: timed.enabled, role: this.schedulerRole },
        ...{ secrets: database.secrets, places: { bucket, repository: database.repository } },
        rolePath: rolePath(scope, 'maintain'),
      });
    this.maintenanceTaskDefinition = maintenance?.taskDefinition;
    this.maintenanceSchedule = maintenance?.schedule;
    // A rate fires as soon as the schedule exists: everything that its first run needs comes first.
    this.schedule.node.addDependency(
      ...egress,
      ...(instance ? [instance.policy] : []),
      ...[props.taskRole, props.executionRole, props.schedulerRole, props.scheduleGroup].filter((part) => !!part),
      ...[...rules, ...(database.needs ?? []), ...(props.spot ? [this.cluster] : [])],
    );
    maintenance?.schedule.node.addDependency(...egress, ...(scheduleGroup ? [scheduleGroup] : []));
    const { engine } = database;
    const directory = Directory.of(this, bucket);
    const listed = { source, family, engine, logGroup: logGroup.logGroupName };
    if (instance) {
      directory.addCommand(source, engine, {
        ...{ document: instance.document.ref, logGroup: logGroup.logGroupName },
        ...(instance.restoring && { restore: instance.restoring.ref }),
        ...runner!.target,
      });
    } else {
      const { schedule } = this;
      directory.addTask({ ...listed, schedule, action: 'dump' });
      const securityGroups = props.restore && groupsOf(props.restore);
      if (props.restore) directory.addTask({ ...listed, schedule, action: 'restore', securityGroups });
    }
    if (maintenance) directory.addTask({ ...listed, schedule: maintenance.schedule, action: 'maintain' });
  }

  /**
   * Grants permission to start this backup, with `proven-backups run`, `ecs:RunTask` or `ssm:SendCommand`, and to follow the run to its end.
   *
   * @param grantee the principal that starts it, for example a deployment pipeline
   */
  public grantRun(grantee: iam.IGrantable): iam.Grant {
    const { bucket, cluster, logGroup, runner } = this;
    grantFollow(this, grantee, { bucket, cluster: runner ? undefined : cluster, logGroup });
    return this.grantStart(grantee);
  }

  /**
   * Grants permission to restore backups of this database, with `proven-backups restore`: to see and read its backups and to
   * retrieve them from an archive, to start a restore, to follow it to its end or to stop it; and to start this backup, because
   * a restore that replaces something makes one first. Whoever has it can change the database. Requires `restore`.
   *
   * @param grantee the principal that restores, for example the role of those on duty
   */
  public grantRestore(grantee: iam.IGrantable): iam.Grant {
    const { restoreTaskDefinition: task, restoreDocumentName: document, bucket, cluster, sourceName: source } = this;
    if (document !== undefined && this.runner) {
      this.grantRun(grantee);
      grantReadBackups(this, grantee, { bucket, source });
      return grantSend(this, grantee, document, this.runner.target);
    }
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

  private grantStart(grantee: iam.IGrantable): iam.Grant {
    if (this.runner) return grantSend(this, grantee, this.documentName!, this.runner.target);
    return grantRun(this, grantee, {
      cluster: this.cluster,
      family: `${this.taskDefinition!.family}:*`,
      roleArns: [this.taskRole.roleArn, this.executionRole.roleArn],
    });
  }

  private watch(
    prefix: string,
    props: DatabaseBackupProps,
    limits: Pick<WatchedSource, 'timeoutSeconds' | 'provenAgeSeconds' | 'isTested'>,
  ): void {
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
      ...limits,
      ageMetric,
      onInstance: this.runner !== undefined,
      props,
    });
    if (deadLetterQueue) alarms.watchDeadLetters(deadLetterQueue);
  }
}
