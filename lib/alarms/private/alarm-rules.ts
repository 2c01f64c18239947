import { Lazy, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct, IConstruct } from 'constructs';
import { restoreDocument, UNFINISHED } from '../../../catalog/contract/instance';
import { METRICS } from '../../../catalog/contract/task';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';
import { deletersOf } from '../../bucket/private/deleters';
import type { AlarmQueues } from './alarm-queues';
import type { AlarmSettingsWriter } from './alarm-settings';
import { fault } from '../../private/fault';

/** Characters of a pattern that EventBridge accepts. */
const MAX_PATTERN = 2048;
/** The longest that an account, a Region and a partition can be; and the name of an alarm, or an ARN, as it is made. */
const LONGEST = { pseudo: 16, name: 128 };

type Pattern = Readonly<Record<string, unknown>>;

/** The rules of the alarms: matching events go to the queue. */
export class AlarmRules {
  private readonly alarms: cloudwatch.IAlarm[] = [];
  private readonly policyArns: string[] = [];
  private readonly managed: string[] = [];
  private watchesTasks = false;
  private watchesCommands = false;

  /**
   * @param bucket bucket of the backups
   * @param settings whose task families may become more
   */
  constructor(
    private readonly scope: Construct,
    private readonly queues: AlarmQueues,
    private readonly bucket: IBackupBucket,
    private readonly settings: Pick<AlarmSettingsWriter, 'familyPrefixes' | 'addAlarm'>,
  ) {
    this.rule('AlarmRule', 'Alarms of backups that change their state', () => this.alarmPattern());
  }

  /** An alarm whose metric does not carry the name of the bucket. */
  watchAlarm(alarm: cloudwatch.IAlarm): void {
    this.alarms.push(alarm);
    this.settings.addAlarm(this.scope, alarm.alarmName);
    this.requireLength(this.scope, 'alarms', this.alarmPattern());
  }

  /** Tasks of the families. */
  watchTasks(scope: IConstruct): void {
    for (const pattern of [this.taskPattern(), this.callPattern()]) this.requireLength(scope, 'task families', pattern);
    if (this.watchesTasks) return;
    this.watchesTasks = true;
    this.rule('TaskRule', 'Backup tasks that stopped', () => this.taskPattern());
    this.rule('CallRule', 'Backups that ECS refused to start, and deletes by strangers', () => this.callPattern());
  }

  /** Commands on instances, by documents that have the names of families. */
  watchCommands(scope: IConstruct): void {
    this.requireLength(scope, 'task families', this.commandPattern());
    if (this.watchesCommands) return;
    this.watchesCommands = true;
    this.rule('CommandRule', 'Backups on instances that ended', () => this.commandPattern());
  }

  /** A policy of Data Lifecycle Manager. */
  watchSnapshots(scope: IConstruct, policyArn: string): void {
    this.policyArns.push(policyArn);
    this.requireLength(scope, 'snapshot policies', this.snapshotPattern());
    if (this.policyArns.length > 1) return;
    this.rule('SnapshotRule', 'Snapshot policies in error, and snapshots', () => this.snapshotPattern());
  }

  /** A resource that AWS Backup backs up. */
  watchManaged(scope: IConstruct, resource: string): void {
    this.managed.push(resource);
    this.requireLength(scope, 'resources of AWS Backup', this.managedPattern());
    if (this.managed.length > 1) return;
    this.rule('ManagedRule', 'Jobs of AWS Backup that ended', () => this.managedPattern());
  }

  private alarmPattern(): Pattern {
    const metric = { namespace: [METRICS.namespace], dimensions: { [METRICS.bucket]: [this.bucket.bucketName] } };
    const configuration = { metrics: { metricStat: { metric } } };
    const alarmName = this.alarms.map((alarm) => alarm.alarmName);
    return {
      source: ['aws.cloudwatch'],
      'detail-type': ['CloudWatch Alarm State Change'],
      detail: alarmName.length > 0 ? { $or: [{ configuration }, { alarmName }] } : { configuration },
    };
  }

  /** Every task that stopped: no pattern can tell those that failed, so the function does. */
  private taskPattern(): Pattern {
    return {
      source: ['aws.ecs'],
      'detail-type': ['ECS Task State Change'],
      detail: {
        lastStatus: ['STOPPED'],
        taskDefinitionArn: this.settings.familyPrefixes.map((family) => prefix(this.arnOf(family))),
      },
    };
  }

  /** A command that finds no instance has no invocation. */
  private commandPattern(): Pattern {
    return {
      source: ['aws.ssm'],
      'detail-type': ['EC2 Command Invocation Status-change Notification', 'EC2 Command Status-change Notification'],
      detail: {
        'document-name': this.settings.familyPrefixes.flatMap((name) => [name, restoreDocument(name)].map(prefix)),
        status: [{ 'anything-but': UNFINISHED }],
      },
    };
  }

  /** Seen only if the account has a trail of CloudTrail; of S3, one with data events of the bucket. */
  private callPattern(): Pattern {
    const requestParameters = { bucketName: [this.bucket.bucketName] };
    const deleters = deletersOf(this.scope, this.bucket);
    const taskDefinition = this.settings.familyPrefixes.flatMap((family) => [
      prefix(this.arnOf(family)),
      prefix(family),
    ]);
    return {
      source: ['aws.ecs', 'aws.s3'],
      'detail-type': ['AWS API Call via CloudTrail'],
      detail: {
        $or: [
          {
            eventName: ['RunTask'],
            requestParameters: { taskDefinition },
            // ECS answers with 200, and starts nothing.
            responseElements: { failures: { reason: [{ exists: true }] } },
          },
          {
            eventName: [prefix('Delete')],
            errorCode: ['AccessDenied'],
            requestParameters,
          },
          {
            // S3 answers for each object: that all were denied is no error of the call.
            eventName: ['DeleteObjects'],
            errorCode: [{ exists: false }],
            requestParameters,
            ...(deleters.length > 0 && {
              userIdentity: { sessionContext: { sessionIssuer: { arn: noneOf(deleters) } } },
            }),
          },
        ],
      },
    };
  }

  /** Events of snapshots name no policy. */
  private snapshotPattern(): Pattern {
    return {
      source: ['aws.dlm', 'aws.ec2'],
      'detail-type': [
        'DLM Policy State Change',
        'DLM Pre Post Script Notification',
        'EBS Snapshot Notification',
        'EBS Multi-Volume Snapshots Completion Status',
      ],
      detail: {
        $or: [
          { policy_id: this.policyArns },
          { event: ['createSnapshot', 'createSnapshots', 'copySnapshot'], result: ['failed', 'succeeded'] },
        ],
      },
    };
  }

  private managedPattern(): Pattern {
    return {
      source: ['aws.backup'],
      'detail-type': ['Backup Job State Change', 'Copy Job State Change'],
      detail: { resourceArn: this.managed, state: ['ABORTED', 'COMPLETED', 'EXPIRED', 'FAILED', 'PARTIAL'] },
    };
  }

  private arnOf(family: string): string {
    return Stack.of(this.scope).formatArn({ service: 'ecs', resource: 'task-definition', resourceName: family });
  }

  private rule(id: string, description: string, pattern: () => Pattern): void {
    const { events: queue, undelivered } = this.queues;
    const rule = new events.CfnRule(this.scope, id, {
      description,
      eventPattern: Lazy.any({ produce: pattern }),
      state: 'ENABLED',
      targets: [{ id: 'Events', arn: queue.queueArn, deadLetterConfig: { arn: undelivered.queueArn } }],
    });
    for (const target of [queue, undelivered]) {
      target.addToResourcePolicy(
        new iam.PolicyStatement({
          principals: [new iam.ServicePrincipal('events.amazonaws.com')],
          actions: ['sqs:SendMessage'],
          resources: [target.queueArn],
          conditions: { ArnEquals: { 'aws:SourceArn': rule.attrArn } },
        }),
      );
    }
  }

  private requireLength(scope: IConstruct, what: string, pattern: Pattern): void {
    const { length } = JSON.stringify(pattern)
      .replaceAll(/\$\{Token\[AWS[^\]]*\]\}/g, 'n'.repeat(LONGEST.pseudo))
      .replaceAll(/\$\{Token\[[^\]]*\]\}/g, 'n'.repeat(LONGEST.name));
    if (length <= MAX_PATTERN) return;
    fault(
      scope,
      `${what} of the alarms must fit into an event pattern of ${MAX_PATTERN} characters, which EventBridge takes, got: ${length}: use another BackupAlarms or Backups`,
    );
  }
}

const prefix = (text: string) => ({ prefix: text });
/** Users and services have no role at all. */
const noneOf = (wildcard: string[]) => [{ 'anything-but': { wildcard } }, { exists: false }];
