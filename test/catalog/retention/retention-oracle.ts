import type { Period, RetentionPolicy } from '../../../catalog/retention/retention-policy';
import { PERIODS, WEEK_STARTS } from '../../../catalog/retention/retention-policy';
import type { RetainedBackup } from '../../../catalog/retention/retention';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Year, month, day and hour that a clock shows, and its name for its offset, asked for each time anew. */
function wallOf(time: Date, timeZone: string): Record<string, string> {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      ...{ timeZone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', hourCycle: 'h23' },
      timeZoneName: 'longOffset',
    });
    formats.set(timeZone, format);
  }
  return Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]));
}

/** Which period a time lies in: any text that is the same for the times of one period, and for no others. */
export function periodOf(period: Period, time: Date, { timeZone, weekStart }: RetentionPolicy): string {
  const { year, month, day, hour, timeZoneName } = wallOf(time, timeZone);
  const date = `${year}/${month}/${day}`;
  if (period === 'hourly') return `${date} ${hour} ${timeZoneName}`;
  if (period === 'daily') return date;
  if (period === 'monthly') return `${year}/${month}`;
  if (period === 'yearly') return `${year}`;
  // Weeks since a Sunday of long ago, moved by the day that begins them.
  const days = Math.round(Date.UTC(Number(year), Number(month) - 1, Number(day)) / DAY);
  return `week ${Math.floor((days + 4 - WEEK_STARTS.indexOf(weekStart)) / 7)}`;
}

/**
 * The ids that are kept, by the words of restic's manual taken literally: group the backups by period, take the newest of
 * each group, keep those of the newest groups. Slow, and written without a look at the code it is compared with.
 */
export function keptByOracle(backups: readonly RetainedBackup[], policy: RetentionPolicy, now: Date): string[] {
  const isLater = (a: RetainedBackup, b: RetainedBackup): boolean =>
    a.time.getTime() === b.time.getTime() ? a.id > b.id : a.time > b.time;
  const ahead = (backup: RetainedBackup): boolean => backup.time.getTime() - now.getTime() > HOUR;
  const counted = backups.filter((backup) => backup.damage === undefined && !ahead(backup));
  const rank = (backup: RetainedBackup): number => counted.filter((other) => isLater(other, backup)).length;
  const kept = new Set(backups.filter((backup) => !counted.includes(backup) || backup.held !== undefined));
  for (const backup of counted) {
    const age = now.getTime() - backup.time.getTime();
    if (policy.forever) kept.add(backup);
    if (rank(backup) < policy.keepLast) kept.add(backup);
    if (policy.keepForSeconds !== undefined && age < policy.keepForSeconds * 1000) kept.add(backup);
    if (backup.proven && !counted.some((other) => other.proven && isLater(other, backup))) kept.add(backup);
  }
  for (const period of PERIODS) {
    const newest = new Map<string, RetainedBackup>();
    for (const backup of counted) {
      const name = periodOf(period, backup.time, policy);
      const known = newest.get(name);
      if (!known || isLater(backup, known)) newest.set(name, backup);
    }
    const heads = [...newest.values()];
    for (const head of heads) {
      if (heads.filter((other) => isLater(other, head)).length < (policy[period] ?? 0)) kept.add(head);
    }
  }
  return [...kept].map(({ id }) => id).sort();
}
