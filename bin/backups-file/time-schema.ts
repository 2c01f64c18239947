/** The schema of times in a backups file: schedules, retentions and ages. */
import { aws_logs as logs } from 'aws-cdk-lib';
import { MAX_COUNT, WEEK_STARTS } from '../../catalog/retention/retention-policy';
import { duration, durationOf, has, integer, isMap, isText, map, oneOf, scalar, text, ways } from './fields';
import { RETENTION_WORDS } from '../retention-words';

export const TIER_PRESETS = ['cheapest', 'instant-access', 'standard-only'] as const;
export const storageTiers = ways(`one of ${TIER_PRESETS.join(', ')}, or a map with the ages of the tiers`, [
  { fits: isText, schema: oneOf(TIER_PRESETS, 'for your own ages write storageTiers: { deepArchive: 90d }') },
  {
    fits: isMap,
    schema: map('a map', {
      infrequentAccess: duration().optional(),
      glacierInstantRetrieval: duration().optional(),
      glacierFlexibleRetrieval: duration().optional(),
      deepArchive: duration().optional(),
    }),
  },
]);

const RETENTION_DAYS = Object.values(logs.RetentionDays).filter((days) => typeof days === 'number' && days < 9999);
export const logRetention = scalar(
  `forever, or a number of days that CloudWatch Logs offers: ${RETENTION_DAYS.join(', ')}`,
  (value): logs.RetentionDays | undefined =>
    value === 'forever' ? logs.RetentionDays.INFINITE : (RETENTION_DAYS.find((days) => `${days}` === value) as number),
);

const options = {
  flexibleWindow: duration().optional(),
  retryAttempts: integer(0, 185).optional(),
  maxEventAge: duration().optional(),
};
export const timeZone = text('a time zone of the IANA database, for example Europe/Paris').optional();
const timed = { timeZone, ...options };

/** Hour and minute of `02:30`. */
const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/;
function timeOfDay(value = ''): { hour: number; minute: number } | undefined {
  const [, hour, minute] = TIME.exec(value) ?? [];
  return hour === undefined ? undefined : { hour: Number(hour), minute: Number(minute) };
}

export const timeOfDayText = scalar('a time of day from 00:00 to 23:59', timeOfDay);

export const weekly = scalar('a day and a time, such as sunday 02:30', (value) => {
  const [day, clock, ...rest] = value.trim().split(/\s+/);
  const [weekDay, time] = [WEEK_STARTS.find((one) => one === day), timeOfDay(clock)];
  return weekDay && time && rest.length === 0 ? { weekDay, ...time } : undefined;
});

export const schedule = ways('a map with every, daily, weekly or cron', [
  { fits: has('every'), schema: map('a map', { every: duration(), ...options }) },
  {
    fits: has('daily'),
    schema: map('a map', { daily: timeOfDayText, ...timed }),
  },
  { fits: has('weekly'), schema: map('a map', { weekly, ...timed }) },
  {
    fits: has('cron'),
    schema: map('a map', {
      cron: text('six fields: minutes hours day-of-month month day-of-week year, such as 0 2 * * ? *'),
      ...timed,
    }),
  },
]);

const RETENTION = `${RETENTION_WORDS.join(', ')}, a time span such as 7d, or a map with keepFor, daily, weekly or the like`;
const count = () => integer(1, MAX_COUNT).optional();
export const retention = ways(RETENTION, [
  {
    fits: isText,
    schema: scalar(RETENTION, (value) => RETENTION_WORDS.find((word) => word === value) ?? durationOf(value)),
  },
  {
    fits: isMap,
    schema: map('a map', {
      keepFor: duration().optional(),
      hourly: count(),
      daily: count(),
      weekly: count(),
      monthly: count(),
      yearly: count(),
      keepLast: count(),
      timeZone,
      weekStart: oneOf(WEEK_STARTS).optional(),
    }),
  },
]);
