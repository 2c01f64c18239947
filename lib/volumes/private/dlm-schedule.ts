import { Annotations } from 'aws-cdk-lib';
import type { CfnLifecyclePolicy } from 'aws-cdk-lib/aws-dlm';
import type { IConstruct } from 'constructs';
import { ScheduleExpressionError, scheduleTimes } from '../../../catalog/retention/schedule-times';
import type { CronSnapshotOptions } from '../snapshot-schedule-options';
import type { TagMap } from './dlm-checks';
import { dlmTags, requireText } from './dlm-checks';
import { copyRules, fastRestoreRule, shareRules } from './dlm-copies';
import type { BoundSnapshotRetention } from './dlm-retention';
import { fault, requireProps, requireValue } from '../../private/fault';

const HOUR = 3600;
const DAY = 24 * HOUR;
const INTERVALS = [1, 2, 3, 4, 6, 8, 12, 24];

/** Times of a schedule. */
export interface SnapshotTimes {
  readonly rule: CfnLifecyclePolicy.CreateRuleProperty;
  /** Seconds. Missing for a schedule that makes a single snapshot. */
  readonly shortestGap?: number;
}

/** Settings of the policy. */
export interface SnapshotContext {
  readonly instances: boolean;
  readonly copyTags: boolean;
  readonly tags: TagMap;
  readonly sourceTag: TagMap;
}

/** A checked schedule. */
export interface BoundSnapshotSchedule {
  readonly name: string;
  readonly retention: BoundSnapshotRetention['kind'];
  readonly property: CfnLifecyclePolicy.ScheduleProperty;
}

/** Returns the times of every so many hours, starting at a time of day. */
export function hourlyTimes(scope: IConstruct, every: number, hour: number, minute: number): SnapshotTimes {
  requireValue(scope, 'every of the snapshot schedule', every);
  if (!INTERVALS.includes(every)) {
    fault(
      scope,
      `every of the snapshot schedule must be one of ${INTERVALS.join(', ')} hours, got: ${every}: use cron for others`,
    );
  }
  const time = [hour, minute].map((part) => String(part).padStart(2, '0')).join(':');
  return { rule: { interval: every, intervalUnit: 'HOURS', times: [time] }, shortestGap: every * HOUR };
}

/** Returns the times of a cron expression. */
export function cronTimes(scope: IConstruct, cronExpression: string): SnapshotTimes {
  requireValue(scope, 'snapshot schedule', cronExpression);
  if (cronExpression.length > 106) {
    fault(
      scope,
      `snapshot schedule must be at most 106 characters, got: ${cronExpression.length}: Data Lifecycle Manager takes no more`,
    );
  }
  const { shortestGap, longestGap } = timesOf(scope, cronExpression);
  if (shortestGap === undefined) {
    Annotations.of(scope).addWarningV2(
      'proven-backups:snapshotOnce',
      `${cronExpression} makes one snapshot only, which Data Lifecycle Manager never deletes: delete it by hand`,
    );
  } else if (shortestGap < HOUR || longestGap! > 366 * DAY) {
    fault(
      scope,
      `snapshot schedule must run at most every hour and at least once a year, got: ${cronExpression}: Data Lifecycle Manager takes no other`,
    );
  }
  return { rule: { cronExpression }, shortestGap };
}

function timesOf(scope: IConstruct, expression: string): { shortestGap?: number; longestGap?: number } {
  try {
    return scheduleTimes(expression, 'UTC', new Date());
  } catch (error) {
    if (error instanceof ScheduleExpressionError) fault(scope, error.message);
    throw error;
  }
}

/** Checks a schedule, and renders it in CloudFormation's form. */
export function dlmSchedule(
  scope: IConstruct,
  name: string,
  times: SnapshotTimes,
  options: CronSnapshotOptions,
  { instances, copyTags, tags, sourceTag }: SnapshotContext,
): BoundSnapshotSchedule {
  requireText(scope, 'name of a snapshot schedule', name, 120);
  requireProps(scope, options, { retention: true });
  const { variableTags, crossRegionCopies, fastRestore, scripts, archiveRetention } = options;
  const of = (what: string) => `${what} of schedule "${name}"`;
  for (const [what, value] of Object.entries({ variableTags, scripts })) {
    if (value === undefined || instances) continue;
    fault(scope, `${of(what)} needs instances, got: a target of volumes: use SnapshotTarget.instances()`);
  }
  const retention = options.retention._bind(scope, of('retention'), archiveRetention ? 0 : 1);
  warnOfLastSnapshot(scope, name, times, retention);
  const property: CfnLifecyclePolicy.ScheduleProperty = {
    name,
    createRule: { ...times.rule, scripts: scripts && [scripts._bind(scope)] },
    retainRule: retention.rule,
    archiveRule: archiveRetention && {
      retainRule: {
        retentionArchiveTier: archiveRule(
          scope,
          of('archiveRetention'),
          { times, retention, instances },
          archiveRetention._bind(scope, of('archiveRetention')),
        ),
      },
    },
    copyTags: options.copyTags ?? copyTags,
    tagsToAdd: dlmTags(scope, of('tagsToAdd'), { ...tags, ...options.tagsToAdd, ...sourceTag }, 0, 45),
    variableTags: variableTags && dlmTags(scope, of('variableTags'), variableTags, 1, 45),
    crossRegionCopyRules: crossRegionCopies && copyRules(scope, of, crossRegionCopies),
    fastRestoreRule: fastRestore && fastRestoreRule(scope, of, fastRestore),
    shareRules: shareRules(scope, of, options),
  };
  return { name, retention: retention.kind, property };
}

function warnOfLastSnapshot(
  scope: IConstruct,
  name: string,
  { shortestGap }: SnapshotTimes,
  { days }: BoundSnapshotRetention,
): void {
  if (shortestGap === undefined || days === undefined || days === 0 || days * DAY >= shortestGap) return;
  Annotations.of(scope).addWarningV2(
    'proven-backups:snapshotRetention',
    `schedule "${name}" keeps snapshots for ${days} days, and makes one every ${shortestGap / DAY} days: when its policy or volume goes, Data Lifecycle Manager never deletes the last one`,
  );
}

interface Archived {
  readonly times: SnapshotTimes;
  readonly retention: BoundSnapshotRetention;
  readonly instances: boolean;
}

function archiveRule(
  scope: IConstruct,
  what: string,
  { times: { rule, shortestGap }, retention, instances }: Archived,
  archive: BoundSnapshotRetention,
): CfnLifecyclePolicy.RetentionArchiveTierProperty {
  if (instances) fault(scope, `${what} needs volumes, got: a target of instances: use SnapshotTarget.volumes()`);
  if (shortestGap === undefined || shortestGap < 28 * DAY) {
    fault(scope, `${what} needs 28 days or more between two snapshots, got: ${rule.cronExpression}: use monthly`);
  }
  if (archive.kind !== retention.kind) {
    fault(scope, `${what} must be by ${retention.kind}, as its retention is, got: by ${archive.kind}`);
  }
  const days = archive.days ?? (archive.rule.count! * shortestGap) / DAY;
  if (days < 90) fault(scope, `${what} must come to 90 days or more, got: ${days} days: keep more`);
  return archive.rule;
}
