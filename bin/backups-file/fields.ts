/**
 * Parts of the schema of a backups file. Texts stay as they are written: `8.0` is not the number 8, and an account id
 * keeps its leading zero. The message of an issue is a rule with a placeholder for the value: {@link GOT}.
 */
import { Duration } from 'aws-cdk-lib';
import * as z from 'zod';
import { meant } from '../meant';
import { TIME_SPAN_RULE, timeSpan } from '../time-span';

/** Placeholder for the value in a message. */
export const GOT = '{got}';

const message = (rule: string, mend?: string): string =>
  `must be ${rule}, got: ${GOT}${mend === undefined ? '' : `: ${mend}`}`;

/**
 * A text that stands for a value.
 *
 * @param rule allowed values, in words
 * @param read returns the value; `undefined` if the text is not allowed
 * @param mend returns the remedy
 */
export function scalar<T>(
  rule: string,
  read: (text: string) => T | undefined,
  mend?: (text: string) => string | undefined,
) {
  return z.string({ error: message(rule) }).transform((text, context): T => {
    const value = read(text);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: message(rule, mend?.(text)), input: text });
    return z.NEVER;
  });
}

/** A text that matches a pattern. */
export const text = (rule: string, pattern = /\S/) =>
  scalar(rule, (value) => (pattern.test(value) ? value : undefined));

/** One of a closed set of words. */
export const oneOf = <const T extends string>(allowed: readonly T[], mend?: string) =>
  scalar(
    `one of ${allowed.join(', ')}`,
    (value) => allowed.find((one) => one === value),
    (value) => meant(value, allowed) ?? mend,
  );

/** One of a closed set of codes, such as versions: the closest one is not the one that was meant. */
export const exactly = <const T extends string>(rule: string, allowed: readonly T[], mend: string) =>
  scalar(
    rule,
    (value) => allowed.find((one) => one === value),
    () => mend,
  );

/** A whole number. */
export const integer = (from: number, to: number) =>
  scalar(`a whole number from ${from} to ${to}`, (value) => {
    const number = /^\d+$/.test(value) ? Number(value) : NaN;
    return number >= from && number <= to ? number : undefined;
  });

/** `true` or `false`. */
export const flag = () =>
  scalar('true or false', (value) => (value === 'true' ? true : value === 'false' ? false : undefined));

const UNITS = { s: Duration.seconds, m: Duration.minutes, h: Duration.hours, d: Duration.days };

/** `90s`, `30m`, `6h` or `14d`; `undefined` for anything else. */
export function durationOf(value: string): Duration | undefined {
  const span = timeSpan(value);
  return span && UNITS[span.unit](span.number);
}

/** A time span. */
export const duration = () => scalar(TIME_SPAN_RULE, durationOf);

/** A list of at least one. */
export const list = <T extends z.ZodType>(what: string, item: T) => {
  const error = message(`a list of ${what}, at least one`);
  return z.array(item, { error }).min(1, { error });
};

/** A map with these keys and no others. The message has a line with a suggestion for each unknown key. */
export const map = <T extends z.ZodRawShape>(what: string, shape: T) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? (issue.keys as string[]).map((key) => unknownKey(key, Object.keys(shape))).join('\n')
        : message(what),
  });

const unknownKey = (key: string, allowed: string[]): string =>
  `has an unknown key ${JSON.stringify(key)}: ${secretAdvice(key, allowed) ?? meant(key, allowed) ?? `allowed are ${allowed.join(', ')}`}`;

/** The place for a user name or a password, which people write into the file first. */
function secretAdvice(key: string, allowed: string[]): string | undefined {
  const part = /^(password|passwd|pass|pwd)$/i.test(key) ? 'password' : /^user(_?name)?$/i.test(key) ? 'username' : '';
  if (part === '') return undefined;
  if (allowed.includes('secret')) {
    return `put it into a secret of Secrets Manager, with the keys username and password, and name the secret here: secret: shop/backup`;
  }
  return allowed.includes(`${part}Key`)
    ? `put it into the secret itself, where its key is ${part}, or another one that ${part}Key names`
    : undefined;
}

/** One way to write a value, and a test whether the user chose it. */
interface Way {
  readonly fits: (input: unknown) => boolean;
  readonly schema: z.ZodType;
}

export const isText = (input: unknown): input is string => typeof input === 'string';
export const isMap = (input: unknown): input is Record<string, unknown> =>
  typeof input === 'object' && input !== null && !Array.isArray(input);
export const has =
  (key: string) =>
  (input: unknown): boolean =>
    isMap(input) && Object.hasOwn(input, key);

/** A value that can be written in several ways. The first that fits counts, and its rules apply. */
export function ways<const W extends readonly Way[]>(rule: string, all: W) {
  type Value = z.output<W[number]['schema']>;
  return z
    .unknown()
    .transform((input, context): Value => {
      const result = all.find(({ fits }) => fits(input))?.schema.safeParse(input);
      if (result?.success) return result.data as Value;
      const issues = result?.error.issues ?? [{ code: 'custom', message: message(rule), input }];
      context.issues.push(...(issues as z.core.$ZodRawIssue[]));
      return z.NEVER;
    })
    .meta({ ways: all.map(({ schema }) => schema) });
}
