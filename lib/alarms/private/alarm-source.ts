import { Duration, Stack } from 'aws-cdk-lib';
import type * as backup from 'aws-cdk-lib/aws-backup';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type { IConstruct } from 'constructs';
import type { AlarmedSource, SourceSignal, WrittenSource } from '../../../catalog/contract/alarms';
import { USUAL_SOURCE } from '../../../catalog/contract/alarms';
import type { SignalOff, SourceAlarmProps } from '../backup-alarms-props';
import { AlarmSignal } from '../backup-alarms-props';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';
import { signalsOffOf, sizeBoundsOf } from './alarm-checks';
import type { Alarmed } from './alarm-settings';
import { fault, requireRange, secondsOf } from '../../private/fault';

/** Facts about a source for the alarms. */
export interface WatchedSource {
  readonly name: string;
  readonly bucket: IBackupBucket;
  /** Prefix of its task family, before its name. */
  readonly familyPrefix: string;
  readonly logGroup: logs.ILogGroup;
  readonly scheduleGroup?: scheduler.IScheduleGroup;
  readonly allowedAge: Duration;
  /** Seconds of the timeout in it; left out if somebody has set it. */
  readonly timeoutSeconds?: number;
  readonly ageMetric: cloudwatch.IMetric;
  /** Whether something tests its backups. */
  readonly isTested: boolean;
  /** Age of the newest proven backup above which it is not proven, in seconds; left out if nothing can be proven. */
  readonly provenAgeSeconds?: number;
  /** Whether it runs on an instance. */
  readonly onInstance: boolean;
  readonly props: SourceAlarmProps;
}

/** Facts about a resource that AWS Backup backs up. */
export interface WatchedManaged {
  readonly name: string;
  /** ARN. */
  readonly resource: string;
  readonly vault: backup.IBackupVault;
  readonly plan: backup.IBackupPlan;
  readonly copies: readonly backup.IBackupVault[];
  readonly allowedAge: Duration;
  /** Seconds of the completion window in it; left out if somebody has set it. */
  readonly timeoutSeconds?: number;
  readonly signalsOff?: readonly SignalOff[] | undefined;
}

/** Objectives of a source. */
export type SourceObjectives = Pick<AlarmedSource, 'recoveryTimeSeconds' | 'recoveryPointSeconds'>;

/** Settings of a source, checked. */
export function alarmedSource(scope: IConstruct, source: WatchedSource): Alarmed {
  const { sizeBounds, signalsOff } = source.props;
  const off = sourceSignalsOff(scope, signalsOff);
  return {
    familyPrefix: source.familyPrefix,
    logGroupName: source.logGroup.logGroupName,
    allowedAgeSeconds: source.allowedAge.toSeconds(),
    ...(source.timeoutSeconds !== undefined && { timeoutSeconds: source.timeoutSeconds }),
    provenAgeSeconds: source.provenAgeSeconds ?? USUAL_SOURCE.provenAgeSeconds,
    ...(source.provenAgeSeconds === undefined && { tests: source.isTested ? 'unprovable' : 'off' }),
    ...objectivesOf(scope, source.props),
    ...(sizeBounds && { sizeBounds: sizeBoundsOf(scope, sizeBounds) }),
    off,
  };
}

/** Settings of a resource that AWS Backup backs up, checked. Nothing tests its backups. */
export function alarmedManaged(scope: IConstruct, managed: WatchedManaged): WrittenSource {
  const { resource, vault, plan, copies, allowedAge, timeoutSeconds, signalsOff } = managed;
  const off = sourceSignalsOff(scope, signalsOff);
  return {
    allowedAgeSeconds: allowedAge.toSeconds(),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
    tests: 'off',
    ...(off.length > 0 && { off }),
    managed: {
      ...{ resource, vault: vault.backupVaultName, plan: plan.backupPlanId },
      ...(copies.length > 0 && { copies: copies.map(({ backupVaultArn }) => backupVaultArn) }),
    },
  };
}

function sourceSignalsOff(scope: IConstruct, signalsOff: readonly SignalOff[] | undefined): SourceSignal[] {
  const off = signalsOffOf(scope, signalsOff);
  if (off.includes(AlarmSignal.HOUSEKEEPING)) {
    fault(
      scope,
      `signalsOff of a source must be of its own signals, got: ${AlarmSignal.HOUSEKEEPING}, which is the bucket's: turn it off in the alarms`,
    );
  }
  return off as readonly string[] as SourceSignal[];
}

/** What a source must keep to, checked. */
export function objectivesOf(scope: IConstruct, props: SourceAlarmProps): SourceObjectives {
  const { recoveryTimeObjective, recoveryPointObjective } = props;
  const recoveryTimeSeconds = secondsOf(scope, 'recoveryTimeObjective', recoveryTimeObjective);
  const recoveryPointSeconds = secondsOf(scope, 'recoveryPointObjective', recoveryPointObjective);
  const bounds = { from: 1, to: Duration.days(366).toSeconds(), unit: 'seconds' };
  requireRange(scope, 'recoveryTimeObjective', recoveryTimeSeconds, bounds);
  requireRange(scope, 'recoveryPointObjective', recoveryPointSeconds, bounds);
  return {
    ...(recoveryTimeSeconds !== undefined && { recoveryTimeSeconds }),
    ...(recoveryPointSeconds !== undefined && { recoveryPointSeconds }),
  };
}

/** Refuses settings that nothing would use. */
export function requireNoAlarmProps(scope: IConstruct, props: SourceAlarmProps): void {
  const { sizeBounds, signalsOff, recoveryTimeObjective, recoveryPointObjective } = props;
  const all = { sizeBounds, signalsOff, recoveryTimeObjective, recoveryPointObjective };
  const given = Object.entries(all).find(([, value]) => value !== undefined);
  if (given === undefined) return;
  fault(scope, `${given[0]} needs alarms, got: none: give a BackupAlarms in alarms, or use Backups`);
}

/** Refuses alarms of another bucket. */
export function requireSameBucket(scope: IConstruct, bucket: IBackupBucket, what: string, other: IBackupBucket): void {
  const names = [bucket, other].map(({ bucketName }) => JSON.stringify(Stack.of(scope).resolve(bucketName)));
  if (bucket === other || names[0] === names[1]) return;
  fault(
    scope,
    `${what} must be of the bucket ${bucket.node.path}, got: one of ${other.node.path}: give it the same bucket`,
  );
}
