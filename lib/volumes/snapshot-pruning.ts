import type { Duration } from 'aws-cdk-lib';
import { Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { PRUNE_METRICS } from '../../catalog/contract/task';
import type { SnapshotSettings } from '../../catalog/contract/handlers';
import { HANDLER_ENV } from '../../catalog/contract/handlers';
import { BackupSchedule } from '../backup/backup-schedule';
import { acknowledgeWildcards } from '../private/acknowledge';
import { fault, requireProps, requireRange, requireValue, secondsOf } from '../private/fault';
import { HandlerFunction } from '../private/handler-function';
import { handlerSchedule } from '../private/handler-schedule';
import { logGroupOf } from '../private/log-group';
import { provenMetric } from '../private/metric';
import { Retention } from '../pruning/retention';
import type { ScheduledFunctionOptions } from '../scheduled-function-options';

/** Properties of SnapshotPruning. */
export interface SnapshotPruningProps extends ScheduledFunctionOptions {
  /** Key of the snapshots' tag. Snapshots without the tag are never touched. */
  readonly tagKey: string;

  /** Value of the tag. */
  readonly tagValue: string;

  /**
   * Retention of the snapshots, for each volume.
   *
   * @default Retention.oneYear()
   */
  readonly retention?: Retention;

  /**
   * No snapshot of a volume is deleted while its newest one is older than this.
   *
   * @default - the age of the newest snapshot does not matter; the floor of the retention stays
   */
  readonly allowedAge?: Duration;

  /**
   * When snapshots are pruned.
   *
   * @default - every day at 05:00 UTC
   */
  readonly schedule?: BackupSchedule;

  /**
   * Largest share of a volume's snapshots that a scheduled run deletes, in percent. 1 to 100. A run that would delete more
   * deletes none of them: look at them first, then delete them with the CLI.
   *
   * @default 50
   */
  readonly maxDeletePercent?: number;

  /**
   * Whether the schedule is enabled. While it is not, snapshots are deleted on demand only.
   *
   * @default true
   */
  readonly enabled?: boolean;
}

/**
 * Deletes snapshots of EBS volumes that were made by hand or by scripts, and that the retention does not keep. Snapshots of
 * Data Lifecycle Manager, AWS Backup and other owners are never touched, nor are snapshots that an image uses, or that are
 * locked or shared.
 */
export class SnapshotPruning extends Construct {
  /** Function that deletes snapshots. */
  public readonly pruneFunction: lambda.Function;
  /** Schedule of the function. */
  public readonly schedule: scheduler.Schedule;
  /** Log group of the function. */
  public readonly logGroup: logs.ILogGroup;
  /** Key of the snapshots' tag. */
  public readonly tagKey: string;
  /** Value of the tag. */
  public readonly tagValue: string;
  private readonly handler: HandlerFunction;

  constructor(scope: Construct, id: string, props: SnapshotPruningProps) {
    super(scope, id);
    requireProps(this, props, { tagKey: true, tagValue: true });
    const settings = this.settingsOf(props);
    this.tagKey = props.tagKey;
    this.tagValue = props.tagValue;
    this.logGroup = logGroupOf(this, props);
    this.handler = new HandlerFunction(this, 'Prune', {
      handler: 'prune-snapshots',
      description: 'Deletes snapshots that their retention does not keep',
      environment: { [HANDLER_ENV.snapshotSettings]: JSON.stringify(settings) },
      logGroup: this.logGroup,
      invokedAsynchronously: true,
    });
    this.pruneFunction = this.handler.function;
    this.grantPruning(settings);
    this.schedule = handlerSchedule(this, this.handler, {
      ...props,
      description: 'Prunes snapshots',
      schedule: props.schedule ?? BackupSchedule.daily({ hour: 5 }),
    });
  }

  /** Grants permission to prune with the CLI. The grantee needs no permission to delete anything. */
  public grantInvoke(grantee: iam.IGrantable): iam.Grant {
    return this.handler.grantInvoke(grantee);
  }

  /**
   * Number of refusals, failures and damaged snapshots. 0 when all is well.
   *
   * @default - maximum over one hour
   */
  public metricProblems(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(PRUNE_METRICS.problems, props);
  }

  /**
   * Number of deleted snapshots.
   *
   * @default - sum over one hour
   */
  public metricDeleted(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(PRUNE_METRICS.deleted, { statistic: 'Sum', ...props });
  }

  private metric(metricName: string, props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return provenMetric({ [PRUNE_METRICS.tag]: `${this.tagKey}=${this.tagValue}` }, metricName, props);
  }

  private settingsOf(props: SnapshotPruningProps): SnapshotSettings {
    const { tagKey: key, tagValue: value, maxDeletePercent = 50 } = props;
    this.requireTag('tagKey', key, { from: 1, to: 128 });
    this.requireTag('tagValue', value, { from: 0, to: 256 });
    if (/^aws:/i.test(key)) {
      fault(this, `tagKey must not begin with aws:, got: "${key}": AWS owns those tags; name a tag of your own`);
    }
    requireValue(this, 'maxDeletePercent', maxDeletePercent);
    requireRange(this, 'maxDeletePercent', maxDeletePercent, { from: 1, to: 100 });
    const allowedAgeSeconds = secondsOf(this, 'allowedAge', props.allowedAge);
    requireRange(this, 'allowedAge', allowedAgeSeconds, { from: 60, to: MAX_AGE_SECONDS, unit: 'seconds' });
    return {
      tag: { key, value },
      retention: (props.retention ?? Retention.oneYear())._bind(this),
      maxDeleteShare: maxDeletePercent / 100,
      ...(allowedAgeSeconds !== undefined && { allowedAgeSeconds }),
    };
  }

  private requireTag(what: string, text: string, { from, to }: { readonly from: number; readonly to: number }): void {
    requireValue(this, what, text);
    if (text.length < from || text.length > to) {
      fault(this, `${what} must be ${from} to ${to} characters, got: ${text.length}: choose another tag`);
    }
    // Other characters have a meaning in filters of EC2 or conditions of IAM, or are illegal in dimensions of metrics.
    if (/^[A-Za-z0-9 _.:/=+@-]*$/.test(text)) return;
    fault(
      this,
      `${what} must be of ASCII letters, digits, spaces and _ . : / = + - @, got: "${text}": choose another tag`,
    );
  }

  private grantPruning({ tag: { key, value } }: SnapshotSettings): void {
    const { role } = this.handler;
    const resource = Stack.of(this).formatArn({
      service: 'ec2',
      account: '',
      resource: 'snapshot',
      resourceName: '*',
    });
    role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: [...QUESTIONS], resources: ['*'] }));
    role.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['ec2:DeleteSnapshot'],
        resources: [resource],
        conditions: { StringEquals: { [`aws:ResourceTag/${key}`]: value } },
      }),
    );
    acknowledgeWildcards(role, 'Questions about snapshots and images know no resources.', ['*']);
    acknowledgeWildcards(role, 'Snapshots that carry the tag, whatever their id.', [resource]);
  }
}

/** Read actions of the handler. */
const QUESTIONS = [
  'ec2:DescribeImages',
  'ec2:DescribeLockedSnapshots',
  'ec2:DescribeSnapshotAttribute',
  'ec2:DescribeSnapshots',
  'ec2:DescribeSnapshotTierStatus',
] as const;

/** Ten years. */
const MAX_AGE_SECONDS = 10 * 366 * 86_400;
