import type { Duration } from 'aws-cdk-lib';
import { Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type { IConstruct } from 'constructs';
import type { SourceSignal } from '../../../catalog/contract/alarms';
import { USUAL_SOURCE } from '../../../catalog/contract/alarms';
import type { SourceAlarmProps } from '../backup-alarms-props';
import { AlarmSignal } from '../backup-alarms-props';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';
import { signalsOffOf, sizeBoundsOf } from './alarm-checks';
import type { Alarmed } from './alarm-settings';
import { fault } from '../../private/fault';

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
  readonly props: SourceAlarmProps;
}

/** Settings of a source, checked. */
export function alarmedSource(scope: IConstruct, source: WatchedSource): Alarmed {
  const { sizeBounds, signalsOff } = source.props;
  const off = signalsOffOf(scope, signalsOff);
  if (off.includes(AlarmSignal.HOUSEKEEPING)) {
    fault(
      scope,
      `signalsOff of a source must be of its own signals, got: ${AlarmSignal.HOUSEKEEPING}, which is the bucket's: turn it off in the alarms`,
    );
  }
  return {
    familyPrefix: source.familyPrefix,
    logGroupName: source.logGroup.logGroupName,
    allowedAgeSeconds: source.allowedAge.toSeconds(),
    ...(source.timeoutSeconds !== undefined && { timeoutSeconds: source.timeoutSeconds }),
    provenAgeSeconds: USUAL_SOURCE.provenAgeSeconds,
    ...(sizeBounds && { sizeBounds: sizeBoundsOf(scope, sizeBounds) }),
    off: off as readonly string[] as readonly SourceSignal[],
  };
}

/** Refuses settings that nothing would use. */
export function requireNoAlarmProps(scope: IConstruct, props: SourceAlarmProps): void {
  const { sizeBounds, signalsOff } = props;
  const given = Object.entries({ sizeBounds, signalsOff }).find(([, value]) => value !== undefined);
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
