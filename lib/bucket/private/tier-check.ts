import { Annotations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { RetentionPolicy } from '../../../catalog/retention/retention-policy';
import { PERIODS } from '../../../catalog/retention/retention-policy';
import type { IBackupBucket } from '../backup-bucket-props';
import type { Retention } from '../../pruning/retention';
import type { BoundSchedule } from '../../backup/private/bound-schedule';
import type { BoundTier } from './tier-rules';
import { LEFT_EARLY } from './tier-rules';

const DAY = 86_400;
/** Months differ in length: lifetimes are right to about a day. */
const PERIOD_DAYS = { hourly: 1 / 24, daily: 1, weekly: 7, monthly: 30.4, yearly: 365 };

/** Lifetime of the backups that no rule keeps longer. */
export interface Life {
  /** `weekly backups`; `backups` for the rules that keep every backup. */
  readonly of: string;
  readonly days: number;
}

/** Warns about each tier in which backups of a source are deleted before its minimum billing ends. */
export function checkTiers(
  scope: IConstruct,
  bucket: IBackupBucket,
  source: string,
  retention: Retention,
  { shortestGap }: BoundSchedule,
): void {
  const tiers = bucket.storageTiers?._chosenTiers(scope) ?? [];
  // A schedule that runs once: its backup stays the newest forever.
  if (tiers.length === 0 || shortestGap === undefined) return;
  const undo = bucket.noncurrentVersionRetention?.toDays() ?? 0;
  for (const { of, days } of expectedLives(retention._bind(scope), shortestGap)) {
    // The tier that they are in when they are deleted.
    const tier = tiers.filter(({ day }) => day < days).at(-1);
    const stay = days + undo - (tier?.day ?? 0);
    if (tier === undefined || stay >= tier.billed) continue;
    Annotations.of(scope).addWarningV2(
      LEFT_EARLY,
      `the ${of} of source ${source} live ${days} days and enter ${tier.name} at ${tier.day} days: with the ${undo} days in which they can be brought back they lie ${stay} days there, and S3 bills ${tier.billed}: let ${tier.name} begin ${better(tier, days, undo)}, or keep them longer`,
    );
  }
}

/** Advises the latest day on which the minimum fits into the lifetime, if there is one, and the first on which nothing enters. */
function better({ from, billed }: BoundTier, days: number, undo: number): string {
  const latest = days + undo - billed;
  return `${latest >= from ? `at ${latest} days or earlier, or ` : ''}at ${days} days or later`;
}

/**
 * Lifetimes of backups, shortest first. Each rule counts for the backups that no rule before it keeps longer.
 *
 * The newest backup of a period is the last one in it. With 13 weeks and a backup a day it goes when the thirteenth week
 * after its own begins: after 12 weeks and a day. With a backup a week it goes after 13 weeks.
 */
export function expectedLives(policy: RetentionPolicy, gapSeconds: number): Life[] {
  if (policy.forever) return [];
  const gap = gapSeconds / DAY;
  const all = Math.max((policy.keepForSeconds ?? 0) / DAY, policy.keepLast * gap);
  const lives: Life[] = [{ of: 'backups', days: Math.round(all) }];
  for (const period of PERIODS) {
    const count = policy[period];
    if (count === undefined) continue;
    const days = Math.round((count - 1) * Math.max(PERIOD_DAYS[period], gap) + gap);
    if (days > lives.at(-1)!.days) lives.push({ of: `${period} backups`, days });
  }
  return lives;
}
