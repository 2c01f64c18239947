/** When backups are made and which are kept, in words. */
import type { Period, RetentionPolicy } from '../../../catalog/retention/retention-policy';
import { PERIODS } from '../../../catalog/retention/retention-policy';
import { countOf, formatDuration } from '../../../catalog/units';
import type { SourcePlan } from '../aws/plans';

/** `daily at 02:30 Europe/Paris`, `every 6 hours`, or the expression itself. */
export function scheduleText({ expression, timeZone = 'UTC', disabled }: NonNullable<SourcePlan['schedule']>): string {
  const [, minute, hour] = /^cron\((\d+) (\d+) (?:\* \* \?|\? \* \*) \*\)$/.exec(expression) ?? [];
  const [, rate] = /^rate\((.*)\)$/.exec(expression) ?? [];
  const two = (text: string): string => text.padStart(2, '0');
  const when =
    hour !== undefined
      ? `daily at ${two(hour)}:${two(minute!)} ${timeZone}`
      : rate !== undefined
        ? `every ${rate}`
        : `${expression} ${timeZone}`;
  return disabled ? `${when}, but the schedule is disabled` : when;
}

const NAMES: Readonly<Record<Period, string>> = {
  hourly: 'hour',
  daily: 'day',
  weekly: 'week',
  monthly: 'month',
  yearly: 'year',
};

/** `all of 2 days, the last of each of 14 days, 13 weeks and 12 months, and always the newest 3`. */
export function retentionText(policy: RetentionPolicy): string {
  const { forever, keepForSeconds, keepLast } = policy;
  if (forever) return 'all, for ever';
  const periods = PERIODS.flatMap((period) => {
    const count = policy[period];
    return count === undefined ? [] : [countOf(count, NAMES[period])];
  });
  const rules = [
    ...(keepForSeconds === undefined ? [] : [`all of ${formatDuration(keepForSeconds)}`]),
    ...(periods.length === 0 ? [] : [`the last of each of ${joined(periods)}`]),
    `always the newest ${keepLast}`,
  ];
  return joined(rules);
}

const joined = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
