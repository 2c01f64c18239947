import { Duration, Names, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { SourceSignal } from '../../catalog/contract/alarms';
import { alarmSettingsPath } from '../../catalog/contract/alarms';
import { MEASURE_METRICS, METRICS } from '../../catalog/contract/task';
import type { BackupAlarmsProps, WatchReplicationProps } from './backup-alarms-props';
import { AlarmSignal } from './backup-alarms-props';
import type { IBackupBucket } from '../bucket/backup-bucket-props';
import type { BackupPruning } from '../pruning/backup-pruning';
import { BackupSchedule } from '../backup/backup-schedule';
import { Directory } from '../backup/private/directory';
import { Digest } from './digest';
import { requireEmail, requireZone, signalsOffOf } from './private/alarm-checks';
import { alarmFunctions, NOTIFY_TIMEOUT } from './private/alarm-functions';
import { ageAlarm, deadLetterAlarm, lostRunAlarm, replicationAlarms, subscriptionAlarm } from './private/alarm-metrics';
import { alarmQueues, brokenNotifyAlarms, moveUnread } from './private/alarm-queues';
import { grantTrying, LookUps, RecoveryPointReaders } from './private/alarm-roles';
import { AlarmRules } from './private/alarm-rules';
import { digestSchedule } from './private/alarm-schedule';
import { AlarmSettingsWriter } from './private/alarm-settings';
import type { WatchedManaged, WatchedSource } from './private/alarm-source';
import { alarmedManaged, alarmedSource, requireSameBucket } from './private/alarm-source';
import { warnIfNobodyIsTold } from './private/alarm-subscribers';
import { alarmTopic } from './private/alarm-topic';
import { readDeadLettersOf } from '../private/dead-letter-queue';
import { requireGiven, requireProps, requireRange, secondsOf } from '../private/fault';
import { reportTo } from '../private/report-to';
import { handlerSchedule } from '../private/handler-schedule';
import { logGroupOf } from '../private/log-group';
import { zoneNameOf } from '../private/lookup';
import { memoryTable } from '../private/memory-table';
import { provenMetric } from '../private/metric';
import { requireRegion } from '../private/region';
import { WatchList } from './private/watch-list';
import type { RestoreTesting } from '../restore-tests/restore-testing';
import type { SnapshotPruning } from '../volumes/snapshot-pruning';
import type { VolumeSnapshots } from '../volumes/volume-snapshots';

/**
 * Sends an email when backups go wrong, with the next steps, and another when they work again. Other subscribers get
 * the same facts as JSON.
 */
export class BackupAlarms extends Construct {
  /** The bucket of the backups. */
  public readonly bucket: IBackupBucket;
  /** The topic of all notifications. */
  public readonly topic: sns.Topic;
  /** The key that encrypts the topic. */
  public readonly topicEncryptionKey: kms.IKey;
  /** Queue that the notify function reads. */
  public readonly eventQueue: sqs.Queue;
  /** Dead-letter queue of that queue. */
  public readonly undeliveredQueue: sqs.Queue;
  /** Publishes to the topic when messages are in the dead-letter queue. */
  public readonly undeliveredAlarm: cloudwatch.Alarm;
  /** Publishes to the topic when events wait and nothing reads them. */
  public readonly unreadAlarm: cloudwatch.Alarm;
  /** Remembers which problems are open. */
  public readonly memory: dynamodb.Table;
  /** Turns events into emails. */
  public readonly notifyFunction: lambda.Function;
  /** Measures the backups every hour. */
  public readonly measureFunction: lambda.Function;
  /** Schedule of the measure function. */
  public readonly schedule: scheduler.Schedule;
  /** Log group of the functions. */
  public readonly logGroup: logs.ILogGroup;
  /** Dead-letter queue for runs that could not be started, if there is one. */
  public readonly deadLetterQueue?: sqs.IQueue;
  private readonly settings: AlarmSettingsWriter;
  private readonly rules: AlarmRules;
  private readonly lookUps: LookUps;
  private readonly recoveryPoints: RecoveryPointReaders;
  private readonly addresses: string[] = [];
  private readonly watched: WatchList;

  constructor(scope: Construct, id: string, props: BackupAlarmsProps) {
    super(scope, id);
    requireProps(this, props, { bucket: true });
    const { bucket, digest = Digest.off() } = props;
    const timeZone = zoneNameOf(props.timeZone);
    this.bucket = bucket;
    this.deadLetterQueue = props.deadLetterQueue;
    requireRegion(this, 'bucket', bucket);
    requireZone(this, timeZone);
    const off = signalsOffOf(this, props.signalsOff);
    this.watched = new WatchList(off);
    const deadLetters = readDeadLettersOf(this, props, NOTIFY_TIMEOUT.toSeconds());
    this.logGroup = logGroupOf(this, props);
    const { topic, key } = alarmTopic(this, props.topicEncryptionKey);
    [this.topic, this.topicEncryptionKey] = [topic, key];
    for (const address of props.emails ?? []) this.addEmail(address);
    for (const subscription of props.subscriptions ?? []) this.addSubscription(subscription);
    warnIfNobodyIsTold(this, topic);
    const queues = alarmQueues(this);
    [this.eventQueue, this.undeliveredQueue] = [queues.events, queues.undelivered];
    const broken = brokenNotifyAlarms(this, queues, topic);
    [this.undeliveredAlarm, this.unreadAlarm] = [broken.undelivered, broken.unread];
    this.memory = memoryTable(
      this,
      'It remembers which emails were sent: lost, it costs an email too many, never one too few.',
    );

    const name = Names.uniqueResourceName(this, { maxLength: 100, separator: '-' });
    const parameterName = `${alarmSettingsPath(bucket.bucketName)}${name}`;
    const parts = { bucket, topic, key, memory: this.memory, events: queues.events, parameterName };
    const { notify, measure } = alarmFunctions(this, parts, this.logGroup, deadLetters);
    [this.notifyFunction, this.measureFunction] = [notify.function, measure.function];
    Directory.of(this, bucket).addFunctions({
      measure: this.measureFunction.functionName,
      notify: this.notifyFunction.functionName,
    });
    this.settings = new AlarmSettingsWriter({
      bucket: bucket.bucketName,
      timeZone,
      digest: digest._frequency,
      off,
      measureFunction: this.measureFunction.functionName,
      notifyFunction: this.notifyFunction.functionName,
      functionLogGroupName: this.logGroup.logGroupName,
    });
    const parameter = this.settings.parameterIn(this, parameterName);
    this.rules = new AlarmRules(this, queues, bucket, this.settings);
    this.lookUps = new LookUps(this, notify.role);
    this.recoveryPoints = new RecoveryPointReaders([measure.role, notify.role]);
    this.lookUps.allowSchedules(props.scheduleGroup);

    this.schedule = handlerSchedule(this, measure, {
      ...props,
      description: 'Measures how backups are',
      schedule: BackupSchedule.every(Duration.hours(1)),
    });
    // A rate fires as soon as the schedule exists: what its first run needs comes before.
    this.schedule.node.addDependency(parameter, this.memory, topic, queues.events);
    const due = digest._bind(props.timeZone);
    if (due) digestSchedule(this, { ...props, schedule: due, events: queues.events });
    this.watchSurroundings(props, deadLetters);
  }

  /** Adds an address that gets the emails. It has to confirm a first email within two days. */
  public addEmail(address: string): void {
    requireGiven(this, 'address', address);
    requireEmail(this, address, this.addresses);
    this.addresses.push(address);
    this.topic.addSubscription(new EmailSubscription(address));
  }

  /** Adds a subscriber, which gets the same facts as JSON. */
  public addSubscription(subscription: sns.ITopicSubscription): void {
    this.topic.addSubscription(subscription);
  }

  /**
   * Reports a pruning of the bucket that refuses to delete, fails or finds damaged backups. `Backups` calls this by itself.
   * A pruning that only waits for a new backup of a source is not reported if the silence of that source is.
   */
  public watchPruning(pruning: BackupPruning): void {
    requireSameBucket(this, this.bucket, 'pruning', pruning.bucket);
    this.watchReports(pruning);
  }

  /** Reports a pruning of snapshots that refuses to delete, or fails. */
  public watchSnapshotPruning(pruning: SnapshotPruning): void {
    this.watchReports(pruning, `${pruning.tagKey}=${pruning.tagValue}`);
  }

  /**
   * Reports backups that cannot be tested, and restore tests that cannot be started, or end without a verdict.
   * `Backups` calls this by itself.
   */
  public watchRestoreTesting(testing: RestoreTesting): void {
    requireSameBucket(this, this.bucket, 'restoreTesting', testing.bucket);
    if (!this.watched.isNew(testing, AlarmSignal.NOT_PROVEN)) return;
    reportTo(testing.startFunction, this.eventQueue);
    const { _familyPrefix: familyPrefix, logGroup } = testing;
    this.settings.addTesting(this, { familyPrefix, logGroupName: logGroup.logGroupName });
    this.rules.watchTasks(this);
  }

  /**
   * Reports a policy of Data Lifecycle Manager in error, and snapshots that fail: all snapshots of the account and
   * Region, because their events name no policy.
   */
  public watchSnapshots(snapshots: VolumeSnapshots): void {
    if (!this.watched.isNew(snapshots, AlarmSignal.HOUSEKEEPING)) return;
    this.rules.watchSnapshots(snapshots, snapshots.policyArn);
  }

  /** Reports copies of the bucket to another one that fail or are late. */
  public watchReplication(props: WatchReplicationProps): void {
    requireProps(this, props, { destinationBucketName: true, ruleId: true });
    const { destinationBucketName: DestinationBucket, ruleId: RuleId, maxLatency = Duration.minutes(15) } = props;
    const seconds = secondsOf(this, 'maxLatency', maxLatency);
    requireRange(this, 'maxLatency', seconds, { from: 60, to: 7 * 86_400, unit: 'seconds' });
    if (!this.watched.isNew(JSON.stringify([DestinationBucket, RuleId]), AlarmSignal.HOUSEKEEPING)) return;
    const metrics = { SourceBucket: this.bucket.bucketName, DestinationBucket, RuleId };
    const alarms = replicationAlarms(this, this.watched.idOf('Replication'), metrics, maxLatency);
    for (const alarm of alarms) this.rules.watchAlarm(alarm);
  }

  /** Reports messages that wait in a dead-letter queue of EventBridge Scheduler. They stay there. */
  public watchDeadLetters(queue: sqs.IQueue): void {
    if (!this.watched.isNew(queue, AlarmSignal.HOUSEKEEPING, AlarmSignal.NEVER_STARTED)) return;
    this.rules.watchAlarm(deadLetterAlarm(this, this.watched.idOf('DeadLetterAlarm'), queue));
  }

  /** Allows `proven-backups alarm test`: finding the functions, and invoking the one that sends emails. */
  public grantInvoke(grantee: iam.IGrantable): iam.Grant {
    return grantTrying(this, grantee, this.bucket, this.notifyFunction);
  }

  /**
   * Sources that could not be measured: 0 when all is well.
   *
   * @default - maximum over one hour
   */
  public metricUnmeasured(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MEASURE_METRICS.unmeasured, props);
  }

  /**
   * Subscriptions of the topic that are confirmed.
   *
   * @default - maximum over one hour
   */
  public metricConfirmedSubscriptions(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(MEASURE_METRICS.subscriptions, props);
  }

  /**
   * Watches a source.
   *
   * @internal
   */
  public _watchSource(scope: Construct, source: WatchedSource): void {
    requireSameBucket(scope, source.bucket, 'alarms', this.bucket);
    const alarmed = alarmedSource(scope, source);
    this.settings.add(scope, source.name, alarmed);
    this.rules.watchTasks(scope);
    if (source.onInstance) {
      this.rules.watchCommands(scope);
      this.lookUps.allowCommands();
    }
    this.lookUps.allowLog(source.logGroup);
    this.lookUps.allowSchedules(source.scheduleGroup);
    const silent: SourceSignal = AlarmSignal.SILENT;
    if (this.watched.isOff(AlarmSignal.SILENT) || alarmed.off?.includes(silent)) return;
    ageAlarm(scope, source.name, source.ageMetric, source.allowedAge);
  }

  /**
   * Watches a resource that AWS Backup backs up.
   *
   * @internal
   */
  public _watchManaged(scope: Construct, managed: WatchedManaged): void {
    const alarmed = alarmedManaged(scope, managed);
    this.settings.addManaged(scope, managed.name, alarmed);
    this.rules.watchManaged(scope, managed.resource);
    this.recoveryPoints.allow(managed.vault);
    const silent: SourceSignal = AlarmSignal.SILENT;
    if (this.watched.isOff(AlarmSignal.SILENT) || alarmed.off?.includes(silent)) return;
    ageAlarm(scope, managed.name, this.metricAge(managed.name), managed.allowedAge);
  }

  private metricAge(source: string): cloudwatch.Metric {
    const dimensions = { [METRICS.bucket]: this.bucket.bucketName, [METRICS.source]: source };
    return provenMetric(dimensions, MEASURE_METRICS.age, undefined);
  }

  private metric(metricName: string, props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return provenMetric({ [METRICS.bucket]: this.bucket.bucketName }, metricName, props);
  }

  /** Watches everything besides the sources. */
  private watchSurroundings({ scheduleGroup, deadLetterQueue }: BackupAlarmsProps, read: sqs.IQueue | undefined): void {
    if (read) {
      moveUnread(read, this.undeliveredQueue);
      this.watched.add(read);
    } else if (deadLetterQueue) {
      this.watchDeadLetters(deadLetterQueue);
    }
    const ofEither = [AlarmSignal.HOUSEKEEPING, AlarmSignal.NEVER_STARTED];
    if (scheduleGroup && deadLetterQueue && this.watched.isNew(scheduleGroup, ...ofEither)) {
      this.rules.watchAlarm(lostRunAlarm(this, 'LostRunAlarm', scheduleGroup));
    }
    if (this.watched.isOff(AlarmSignal.HOUSEKEEPING) && this.watched.isOff(AlarmSignal.SILENT)) return;
    subscriptionAlarm(this, this.metricConfirmedSubscriptions());
  }

  /** Lets a pruning send its reports to the queue, and its failures if it dies. */
  private watchReports(pruning: BackupPruning | SnapshotPruning, tag?: string): void {
    if (!this.watched.isNew(pruning, AlarmSignal.HOUSEKEEPING)) return;
    reportTo(pruning.pruneFunction, this.eventQueue);
    // A stack that needs this one cannot be needed by it.
    if (Stack.of(pruning) !== Stack.of(this)) return;
    const { functionName } = pruning.pruneFunction;
    const logGroupName = pruning.logGroup.logGroupName;
    this.settings.addPruning(this, { functionName, logGroupName, ...(tag !== undefined && { tag }) });
  }
}
