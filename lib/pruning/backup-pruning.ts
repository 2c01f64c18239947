import { Duration, Lazy, Names, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { METRICS, PRUNE_METRICS } from '../../catalog/contract/task';
import { HANDLER_ENV, settingsPath } from '../../catalog/contract/handlers';
import type { IBackupBucket } from '../bucket/backup-bucket-props';
import { BackupSchedule } from '../backup/backup-schedule';
import { Directory } from '../backup/private/directory';
import { grantDirectory } from '../backup/private/grant-directory';
import { acknowledgeStatements, acknowledgeWildcards } from '../private/acknowledge';
import { parameterArns } from '../private/parameter-arns';
import { pruneStatements, undeleteStatements } from '../bucket/private/bucket-policy';
import { requireProps, requireRange, requireValue, secondsOf } from '../private/fault';
import { HandlerFunction } from '../private/handler-function';
import { handlerSchedule } from '../private/handler-schedule';
import { logGroupOf } from '../private/log-group';
import { provenMetric } from '../private/metric';
import type { BackupPruningProps, PrunedSourceProps } from './backup-pruning-props';
import { PruneSettings } from './private/prune-settings';
import { requireRegion } from '../private/region';
import { requireSourceName } from '../private/source-name';
import { registerPruned } from '../backup/private/source-registry';

/**
 * Deletes the backups of a bucket that their retention does not keep, and brings deleted backups back. Sources that were not
 * added are never touched.
 */
export class BackupPruning extends Construct {
  /** Bucket of the backups. */
  public readonly bucket: IBackupBucket;
  /** Function that deletes backups. */
  public readonly pruneFunction: lambda.Function;
  /** Function that brings deleted backups back. Runs only when a person invokes it. */
  public readonly undeleteFunction: lambda.Function;
  /** Schedule of the prune function. */
  public readonly schedule: scheduler.Schedule;
  /** Log group of the functions. */
  public readonly logGroup: logs.ILogGroup;
  /** Largest share of a source's backups that a scheduled run deletes, in percent. */
  public readonly maxDeletePercent: number;
  private readonly directory: Directory;
  private readonly settings: PruneSettings;

  constructor(scope: Construct, id: string, props: BackupPruningProps) {
    super(scope, id);
    const { bucket, maxDeletePercent = 50 } = props;
    requireProps(this, props, { bucket: true });
    this.bucket = bucket;
    this.maxDeletePercent = maxDeletePercent;
    requireRegion(this, 'bucket', bucket);
    requireValue(this, 'maxDeletePercent', maxDeletePercent);
    requireRange(this, 'maxDeletePercent', maxDeletePercent, { from: 1, to: 100 });
    this.logGroup = logGroupOf(this, props);
    const name = Names.uniqueResourceName(this, { maxLength: 100, separator: '-' });
    const parameterName = `${settingsPath(bucket.bucketName)}${name}`;
    const environment = { [HANDLER_ENV.bucket]: bucket.bucketName };
    const prune = new HandlerFunction(this, 'Prune', {
      handler: 'prune',
      description: 'Deletes backups that their retention does not keep',
      environment: { ...environment, [HANDLER_ENV.settings]: parameterName },
      logGroup: this.logGroup,
      invokedAsynchronously: true,
    });
    const undelete = new HandlerFunction(this, 'Undelete', {
      handler: 'undelete',
      description: 'Brings back deleted backups',
      environment,
      logGroup: this.logGroup,
    });
    this.grantPruning(prune, undelete);
    [this.pruneFunction, this.undeleteFunction] = [prune.function, undelete.function];
    this.settings = new PruneSettings({
      bucket: bucket.bucketName,
      maxDeleteShare: maxDeletePercent / 100,
    });
    this.directory = Directory.of(this, bucket);
    this.directory.addFunctions({
      prune: this.pruneFunction.functionName,
      undelete: this.undeleteFunction.functionName,
    });
    const parameter = new ssm.StringParameter(this, 'Settings', {
      parameterName,
      simpleName: false,
      description: 'Which backups are kept',
      tier: ssm.ParameterTier.INTELLIGENT_TIERING,
      stringValue: Lazy.string({ produce: () => Stack.of(this).toJsonString(this.settings.content) }),
    });
    this.schedule = handlerSchedule(this, prune, {
      ...props,
      description: 'Prunes backups',
      schedule: props.schedule ?? BackupSchedule.daily({ hour: 4, minute: 30 }),
    });
    // A rate fires as soon as the schedule exists: everything that its first run needs comes first.
    const { policy } = bucket.bucket;
    const admits = policy !== undefined && Stack.of(policy) === Stack.of(this);
    this.schedule.node.addDependency(parameter, ...(admits ? [policy] : []));
  }

  /**
   * Adds a source.
   *
   * @param name name of the source
   */
  public addSource(name: string, props: PrunedSourceProps): void {
    requireProps(this, props, { retention: true, allowedAge: true });
    requireSourceName(this, 'source name', name);
    registerPruned(this, this.bucket, name);
    const allowedAge = secondsOf(this, 'allowedAge', props.allowedAge)!;
    requireRange(this, 'allowedAge', allowedAge, { from: 60, to: MAX_AGE, unit: 'seconds' });
    this.settings.add(this, name, props.retention._bind(this), allowedAge);
    this.directory.addSource(name);
  }

  /**
   * Grants permission to prune and to bring backups back with the CLI: to find the functions, and to invoke them. The
   * grantee needs no permission to delete anything.
   */
  public grantInvoke(grantee: iam.IGrantable): iam.Grant {
    const { functionArn: prune } = this.pruneFunction;
    const { functionArn: undelete } = this.undeleteFunction;
    const invoke = { grantee, actions: ['lambda:InvokeFunction'], resourceArns: [prune, undelete] };
    return iam.Grant.addToPrincipal(invoke).combine(grantDirectory(this, grantee, this.bucket));
  }

  /**
   * Number of refusals, failures and damaged backups. 0 when all is well.
   *
   * @default - maximum over one hour
   */
  public metricProblems(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(PRUNE_METRICS.problems, props);
  }

  /**
   * Number of deleted backups.
   *
   * @default - sum over one hour
   */
  public metricDeleted(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(PRUNE_METRICS.deleted, { statistic: 'Sum', ...props });
  }

  /**
   * Size of the deleted backups, in bytes.
   *
   * @default - sum over one hour
   */
  public metricBytesFreed(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(PRUNE_METRICS.bytesFreed, { statistic: 'Sum', ...props });
  }

  private metric(metricName: string, props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return provenMetric({ [METRICS.bucket]: this.bucket.bucketName }, metricName, props);
  }

  private grantPruning(prune: HandlerFunction, undelete: HandlerFunction): void {
    this.bucket.grantPrune(prune.role);
    this.bucket.grantUndelete(undelete.role);
    this.grantSettings(prune);
    const { bucketArn, encryptionKey } = this.bucket;
    const of = [pruneStatements, undeleteStatements].flatMap((statements) =>
      statements(bucketArn, encryptionKey.keyArn),
    );
    const reason = 'The backups of the bucket, whatever their source; what is denied, is denied for all of the bucket.';
    for (const { role } of [prune, undelete]) acknowledgeStatements(role, reason, of);
    acknowledgeWildcards(prune.role, 'The settings of all sources of the bucket.', this.settingsArns);
  }

  /** Lets the prune function find what is set for the sources of the bucket, by this construct and by others. */
  private grantSettings({ role }: HandlerFunction): void {
    const actions = ['ssm:GetParametersByPath'];
    role.addToPrincipalPolicy(new iam.PolicyStatement({ actions, resources: this.settingsArns }));
  }

  private get settingsArns(): string[] {
    return parameterArns(this, settingsPath(this.bucket.bucketName));
  }
}

/** Longer than the gap of any schedule: up to eight years pass between two 29 Februaries. */
const MAX_AGE = Duration.days(10 * 366).toSeconds();
