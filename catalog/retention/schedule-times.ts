/**
 * When an EventBridge Scheduler expression fires. Pure arithmetic: what is wrong with a schedule shows at synth.
 *
 * A cron expression is read on the wall clock of its time zone, as Scheduler does: a time that the spring change leaves
 * out is skipped, and one that the autumn change repeats fires once, the first time.
 */
import { Cron } from 'croner';
import { Zone, ZoneError } from './zone';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Eight years and a day: the longest that a 29 February, the rarest of days, stays away. */
const HORIZON_DAYS = 8 * 366 + 1;
const EVERY_DAY = '0 0 0 * * * *';
/** Days with runs that are looked at: two years of every day, which hold each change of the clock twice. */
const MAX_DAYS = 800;

/** The times that an expression and a time zone come to. Gaps in seconds. */
export interface ScheduleTimes {
  /** First time after the one asked from; left out for a rate, which counts from the creation of the schedule. */
  readonly first?: Date;
  /** Shortest time between two runs; left out when there is one run only. */
  readonly shortestGap?: number;
  /**
   * Longest time between two runs; left out when there is one run only. One that the clock leaves out counts as if it took
   * place: it is one night of a year.
   */
  readonly longestGap?: number;
  /** Local times (`2027-03-28T02:30`) that the clock leaves out in spring, with no run in the hour that follows. */
  readonly skipped: readonly string[];
}

/** An expression that Scheduler would refuse, or that never fires. The message says why and what is allowed. */
export class ScheduleExpressionError extends Error {}

/**
 * @param expression `rate(6 hours)`, or `cron(0 2 * * ? *)` with six fields
 * @param timeZone IANA name, for example `Europe/Paris`
 * @param from runs after this time count
 * @throws ScheduleExpressionError
 */
export function scheduleTimes(expression: string, timeZone: string, from: Date): ScheduleTimes {
  const rate = /^rate\((.*)\)$/.exec(expression);
  if (rate) {
    const gap = rateSeconds(rate[1]!, expression);
    return { shortestGap: gap, longestGap: gap, skipped: [] };
  }
  const fields = cronFields(expression);
  const zone = zoneOf(timeZone);
  const [minute, hour, dayOfMonth, month, dayOfWeek, year] = fields;
  const minutes = minutesOfDay(`0 ${minute} ${hour} * * * *`, expression);
  const days = firstDays(`0 0 0 ${dayOfMonth} ${month} ${dayOfWeek} ${year}`, expression, zone, from);
  return walk(days, minutes, zone, from, expression);
}

/** The next times that an expression fires on; none for a rate, which counts from the creation of the schedule. */
export function nextTimes(expression: string, timeZone: string, from: Date, count: number): Date[] {
  const times: Date[] = [];
  if (expression.startsWith('rate(')) return times;
  const zone = zoneOf(timeZone);
  const cron = cronOf(`0 ${cronFields(expression).join(' ')}`, expression);
  let wall = cron.nextRun(new Date(zone.wall(from.getTime())));
  while (wall && times.length < count) {
    const time = zone.instant(wall.getTime());
    if (time !== undefined && time > from.getTime()) times.push(new Date(time));
    wall = cron.nextRun(wall);
  }
  return times;
}

/** How long a run may take if nobody says it, of the time that is free between two. Seconds. */
export const usualTimeout = (free: number): number => Math.min(12 * HOUR, Math.floor(free * 0.9));

/**
 * How old a source's newest backup may get if nobody says it. Its time is that of the schedule: before the next one is
 * complete, it gets as old as the longest gap, the flexible window and the timeout together. An hour is for being late:
 * Fargate starts tasks within minutes, and Scheduler tries again, for longer if it may. Seconds.
 *
 * @param longestGap between two runs; left out when there is one run only
 */
export const usualAllowedAge = (
  longestGap: number | undefined,
  timeout: number,
  { flexibleWindow = 0, maxEventAge = HOUR } = {},
): number =>
  longestGap === undefined ? DAY + timeout : longestGap + flexibleWindow + timeout + Math.max(HOUR, maxEventAge);

function zoneOf(name: string): Zone {
  try {
    return Zone.of(name);
  } catch (error) {
    if (error instanceof ZoneError) throw new ScheduleExpressionError(error.message);
    throw error;
  }
}

function rateSeconds(text: string, expression: string): number {
  const match = /^(\d+) (minute|hour|day)s?$/.exec(text);
  const value = Number(match?.[1]);
  if (!match || value < 1) {
    throw new ScheduleExpressionError(`rate must be a whole number of minutes, hours or days, got: ${expression}`);
  }
  return value * { minute: MINUTE, hour: HOUR, day: DAY }[match[2] as 'minute' | 'hour' | 'day'];
}

/** The six fields, with `?` and a lone `L` of the week (Saturday) written as croner writes them. */
function cronFields(expression: string): string[] {
  const fields = /^cron\((.*)\)$/.exec(expression)?.[1]?.trim().split(/\s+/) ?? [];
  if (fields.length !== 6) {
    throw new ScheduleExpressionError(
      `cron expression must have six fields (minutes hours day-of-month month day-of-week year), got: ${expression}`,
    );
  }
  if ((fields[2] === '?') === (fields[4] === '?')) {
    throw new ScheduleExpressionError(
      `cron expression must have a ? in exactly one of day-of-month and day-of-week, got: ${expression}`,
    );
  }
  // croner would take 8 for Sunday.
  const strange = fields[4]!
    .split(/[,-]/)
    .find((day) => /^\d/.test(day) && !(parseInt(day) >= 1 && parseInt(day) <= 7));
  if (strange !== undefined) {
    throw new ScheduleExpressionError(
      `cron expression is not valid, got: ${expression}: day of week must be 1 (Sunday) to 7 (Saturday), got: ${strange}`,
    );
  }
  return fields.map((field, index) => (field === '?' ? '*' : index === 4 && field.toUpperCase() === 'L' ? '7' : field));
}

function cronOf(pattern: string, expression: string): Cron {
  try {
    return new Cron(pattern, { timezone: 'UTC', mode: '7-part', alternativeWeekdays: true, sloppyRanges: true });
  } catch (error) {
    throw new ScheduleExpressionError(`cron expression is not valid, got: ${expression}: ${(error as Error).message}`);
  }
}

/** Minutes after midnight that a day's runs are on. */
function minutesOfDay(pattern: string, expression: string): number[] {
  const cron = cronOf(pattern, expression);
  const minutes: number[] = [];
  for (let time = cron.nextRun(new Date(-1000)); time && time.getTime() < DAY * 1000; time = cron.nextRun(time)) {
    minutes.push(time.getTime() / 1000 / MINUTE);
  }
  return minutes;
}

/** Midnights, on the wall clock, of the days with runs, from the day asked from and for the horizon after the first. */
function firstDays(pattern: string, expression: string, zone: Zone, from: Date): number[] {
  const start = Math.floor(zone.wall(from.getTime()) / 1000 / DAY) * DAY * 1000;
  const cron = cronOf(pattern, expression);
  // Most schedules: croner would take a fifth of a second.
  if (pattern === EVERY_DAY) return Array.from({ length: MAX_DAYS }, (_, day) => start + day * DAY * 1000);
  const days: number[] = [];
  let day = cron.nextRun(new Date(start - 1000));
  const end = (day?.getTime() ?? 0) + HORIZON_DAYS * DAY * 1000;
  for (; day && day.getTime() <= end && days.length < MAX_DAYS; day = cron.nextRun(day)) days.push(day.getTime());
  return days;
}

/** Goes through the days. All runs of a day are looked at only where the clock changes: the other days are alike. */
function walk(days: number[], minutes: number[], zone: Zone, from: Date, expression: string): ScheduleTimes {
  const gaps = new Gaps();
  const withinDay = new Gaps();
  minutes.forEach((minute) => withinDay.add(minute * MINUTE * 1000));
  const skipped: string[] = [];
  let open: { wall: number; meant: number }[] = [];
  let first: number | undefined;
  const run = (time: number): void => {
    if (time <= from.getTime()) return;
    const missed = open.filter(({ meant }) => time - meant > HOUR * 1000);
    skipped.push(...missed.map(({ wall }) => new Date(wall).toISOString().slice(0, 16)));
    for (const { meant } of missed) gaps.leaveOut(meant);
    open = [];
    first ??= time;
    gaps.add(time);
  };
  for (const day of days) {
    const alike = first !== undefined && !zone.changesOn(day);
    for (const minute of alike ? minutes.slice(0, 1) : minutes) {
      const wall = day + minute * MINUTE * 1000;
      const time = zone.instant(wall);
      if (time !== undefined) run(time);
      else open.push({ wall, meant: wall - zone.offset(wall - DAY * 1000) });
    }
    if (alike) gaps.skip(withinDay, zone.instant(day + minutes.at(-1)! * MINUTE * 1000)!);
  }
  if (first === undefined) {
    throw new ScheduleExpressionError(`schedule never fires: no such time lies in the future, got: ${expression}`);
  }
  return { first: new Date(first), shortestGap: gaps.shortest, longestGap: gaps.longest, skipped };
}

/** The shortest and the longest time between times that come in order. In seconds. */
class Gaps {
  shortest: number | undefined;
  longest: number | undefined;
  private last: number | undefined;
  /** The last one, or one that was left out after it. */
  private lastMeant: number | undefined;

  add(time: number): void {
    if (this.last !== undefined) this.shorten((time - this.last) / 1000);
    this.last = time;
    this.leaveOut(time);
  }

  /** A time that does not come: no gap is longer for it, nor shorter. */
  leaveOut(time: number): void {
    if (this.lastMeant !== undefined) this.lengthen((time - this.lastMeant) / 1000);
    this.lastMeant = time;
  }

  /** Takes over the gaps of times that need no looking at one by one, the last of which is given. */
  skip(others: Gaps, last: number): void {
    if (others.shortest !== undefined) this.shorten(others.shortest);
    if (others.longest !== undefined) this.lengthen(others.longest);
    this.last = last;
    this.lastMeant = last;
  }

  private shorten(gap: number): void {
    this.shortest = Math.min(gap, this.shortest ?? gap);
  }

  private lengthen(gap: number): void {
    this.longest = Math.max(gap, this.longest ?? gap);
  }
}
