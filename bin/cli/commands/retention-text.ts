/** Reads retentions, schedules and times of the command line, in the words of a backups file. */
import type { RetentionPolicy } from '../../../catalog/retention/retention-policy';
import {
  DEFAULT_KEEP_LAST,
  MAX_COUNT,
  ONE_YEAR,
  PERIODS,
  retentionFault,
  WEEK_STARTS,
} from '../../../catalog/retention/retention-policy';
import { ScheduleExpressionError, scheduleTimes } from '../../../catalog/retention/schedule-times';
import { Zone, ZoneError } from '../../../catalog/retention/zone';
import { meant } from '../../meant';
import { RETENTION_WORDS } from '../../retention-words';
import { TIME_SPAN_RULE, timeSpan } from '../../time-span';
import { UsageError } from '../errors';

/** The rules of a retention, without the floor and the calendar. */
type RetentionRules = Omit<RetentionPolicy, 'keepLast' | 'timeZone' | 'weekStart'>;

/** Rule for a retention of one word. */
const RETENTION_WORD_RULE = 'oneYear, forever, or a time such as 7d or days(7)';

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of `90s`, `30m`, `6h` or `14d`; `undefined` for any other text. */
export function secondsOfText(text: string): number | undefined {
  const span = timeSpan(text);
  return span && span.number * UNITS[span.unit];
}

/** The rules of a retention of one word, `oneYear`, `forever`, `7d` or `days(7)`; `undefined` for any other text. */
function retentionWord(text: string): RetentionRules | undefined {
  if (text === 'oneYear') return ONE_YEAR;
  if (text === 'forever') return { forever: true };
  const seconds = secondsOfText(text.replace(/^days\((\d+)\)$/, '$1d'));
  return seconds === undefined ? undefined : { keepForSeconds: seconds };
}

const KEYS = ['keepFor', ...PERIODS, 'keepLast', 'timeZone', 'weekStart'];

/**
 * @param text one word, or rules: `daily=14,weekly=13,monthly=12,keepFor=2d,keepLast=3`
 * @param timeZone of the calendar, if the text names none
 * @throws UsageError
 */
export function readRetention(text: string, timeZone: string): RetentionPolicy {
  const rules = retentionWord(text.trim());
  const policy: RetentionPolicy = {
    keepLast: DEFAULT_KEEP_LAST,
    timeZone,
    weekStart: 'monday',
    ...(rules ?? readRules(text)),
  };
  const wrong = retentionFault(policy);
  if (wrong !== undefined) throw new UsageError(`retention: ${wrong}`);
  return policy;
}

function readRules(text: string): Partial<RetentionPolicy> {
  const pairs = text.split(',').map((pair) => pair.split('=').map((part) => part.trim()));
  if (pairs.some(({ length }) => length !== 2)) {
    const mend = meant(text.trim(), RETENTION_WORDS);
    throw new UsageError(
      `retention must be ${RETENTION_WORD_RULE}, or rules such as daily=14,weekly=13,monthly=12, got: ${JSON.stringify(text)}${mend === undefined ? '' : `: ${mend}`}`,
    );
  }
  const rules = new Map<string, number | string>();
  for (const [key, value] of pairs as [string, string][]) {
    if (!KEYS.includes(key)) {
      throw new UsageError(
        `retention has an unknown rule ${JSON.stringify(key)}: ${meant(key, KEYS) ?? `allowed are ${KEYS.join(', ')}`}`,
      );
    }
    const name = key === 'keepFor' ? 'keepForSeconds' : key;
    if (rules.has(name)) throw new UsageError(`retention has the rule ${key} twice: leave one out`);
    rules.set(name, readValue(key, value));
  }
  if (![...rules.keys()].some((name) => name === 'keepForSeconds' || PERIODS.some((period) => period === name))) {
    throw new UsageError(
      `retention must have a rule besides keepLast, got: ${JSON.stringify(text)}: give keepFor, daily, weekly or the like`,
    );
  }
  return Object.fromEntries(rules);
}

function readValue(key: string, value: string): number | string {
  if (key === 'timeZone' || key === 'weekStart') return value;
  if (key === 'keepFor') return readSeconds('keepFor of the retention', value);
  if (/^\d+$/.test(value)) return Number(value);
  throw new UsageError(
    `${key} of the retention must be a whole number from 1 to ${MAX_COUNT}, got: ${JSON.stringify(value)}`,
  );
}

/** @throws UsageError */
export function readSeconds(what: string, text: string): number {
  const seconds = secondsOfText(text);
  if (seconds !== undefined) return seconds;
  throw new UsageError(`${what} must be ${TIME_SPAN_RULE}, got: ${JSON.stringify(text)}`);
}

/** @throws UsageError */
export function readZone(name: string): Zone {
  try {
    return Zone.of(name);
  } catch (error) {
    if (error instanceof ZoneError) throw new UsageError(error.message);
    throw error;
  }
}

/**
 * @param text `every 6h`, `daily 02:30`, `weekly sunday 04:00` or `cron(0 2 * * ? *)`
 * @param timeZone of the times of day
 * @param from when the schedule begins
 * @returns the expression of EventBridge Scheduler
 * @throws UsageError
 */
export function readSchedule(text: string, timeZone: string, from: Date): string {
  const expression = expressionOf(text.trim().replace(/\s+/g, ' '));
  if (expression === undefined) {
    throw new UsageError(
      `schedule must be every 6h, daily 02:30, weekly sunday 04:00 or cron(0 2 * * ? *), or the like, got: ${JSON.stringify(text)}`,
    );
  }
  try {
    scheduleTimes(expression, timeZone, from);
    return expression;
  } catch (error) {
    if (error instanceof ScheduleExpressionError) throw new UsageError(error.message);
    throw error;
  }
}

function expressionOf(text: string): string | undefined {
  if (text.startsWith('cron(')) return text;
  const every = /^every (\S+)$/.exec(text);
  const seconds = every ? secondsOfText(every[1]!) : undefined;
  if (seconds !== undefined) return seconds % 60 === 0 ? `rate(${seconds / 60} minutes)` : undefined;
  const [, day, hour, minute] = /^(?:daily|weekly (\w+)) ([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hour === undefined) return undefined;
  const time = `${Number(minute)} ${Number(hour)}`;
  if (day === undefined) return `cron(${time} * * ? *)`;
  // Scheduler counts Sunday as 1.
  const number = WEEK_STARTS.findIndex((one) => one === day) + 1;
  return number === 0 ? undefined : `cron(${time} ? * ${number} *)`;
}
