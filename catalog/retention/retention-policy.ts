/**
 * The retention, as the constructs write it and the handlers read it. Free of dependencies: a policy is checked by the
 * same rules at synth and at run time.
 */
import { Zone, ZoneError } from './zone';

/** Days that a week can begin with, as JavaScript counts them: Sunday is 0. */
export const WEEK_STARTS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
export type WeekStart = (typeof WEEK_STARTS)[number];

/** Calendar periods, shortest first. */
export const PERIODS = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
export type Period = (typeof PERIODS)[number];

/**
 * Which backups of a source are kept. A backup stays if any of the rules keeps it.
 *
 * The calendar rules are those of restic's `forget`: for each, going from the newest backup to the oldest, the newest of
 * each period is kept, until as many periods are kept as the rule says. Only periods that hold a backup count, so that
 * an outage costs no history. Unlike restic, the oldest backup does not stay for being the oldest, and `keepForSeconds` is
 * measured from now, not from the newest backup. https://restic.readthedocs.io/en/stable/060_forget.html
 */
export interface RetentionPolicy {
  /** The floor: as many of the newest backups stay, however old they are. 1 or more. */
  readonly keepLast: number;
  /** Backups younger than this all stay. Seconds. */
  readonly keepForSeconds?: number;
  /** How many hours' newest backups stay. */
  readonly hourly?: number;
  /** How many days' newest backups stay. */
  readonly daily?: number;
  /** How many weeks' newest backups stay. */
  readonly weekly?: number;
  /** How many months' newest backups stay. */
  readonly monthly?: number;
  /** How many years' newest backups stay. */
  readonly yearly?: number;
  /** Every backup stays for ever. The other rules have no effect then. */
  readonly forever?: boolean;
  /** Time zone of the calendar, an IANA name. */
  readonly timeZone: string;
  /** Day on which weeks begin. */
  readonly weekStart: WeekStart;
}

/** Default of {@link RetentionPolicy.keepLast}. */
export const DEFAULT_KEEP_LAST = 3;

/**
 * The default: two days of everything, then 14 days, three months of weeks and a year of months. The current period counts
 * as one: 13 weeks would be over after 85 days, and 12 months after 335. 14 live 92 days, as long as three months can be, and
 * 13 a year and a day.
 */
export const ONE_YEAR = { keepForSeconds: 2 * 86_400, daily: 14, weekly: 14, monthly: 13 } as const;

/** The most that a count may be: far beyond any use, and small enough to catch a slip of the finger. */
export const MAX_COUNT = 100_000;
const MAX_SECONDS = 100 * 366 * 24 * 3600;

/** Says what is wrong with a policy; `undefined` if nothing is. */
export function retentionFault(policy: RetentionPolicy): string | undefined {
  const counts: [string, number | undefined, number][] = [
    ['keepLast', policy.keepLast, 1],
    ...PERIODS.map((period): [string, number | undefined, number] => [period, policy[period], 1]),
  ];
  for (const [name, value, from] of counts) {
    if (value === undefined || (Number.isInteger(value) && value >= from && value <= MAX_COUNT)) continue;
    return `${name} must be a whole number from ${from} to ${MAX_COUNT}, got: ${value}`;
  }
  const { keepForSeconds: seconds } = policy;
  if (seconds !== undefined && !(seconds >= 3600 && seconds <= MAX_SECONDS)) {
    return `keepFor must be from 1 hour to 100 years, got: ${seconds} seconds`;
  }
  if (!WEEK_STARTS.includes(policy.weekStart)) {
    return `weekStart must be one of ${WEEK_STARTS.join(', ')}, got: ${policy.weekStart}`;
  }
  try {
    Zone.of(policy.timeZone);
    return undefined;
  } catch (error) {
    if (error instanceof ZoneError) return error.message;
    throw error;
  }
}
