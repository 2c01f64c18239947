import { Fn, Token, Tokenization } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { fault } from './fault';

/** Largest size of a parameter of Systems Manager. */
export const PARAMETER_LENGTH = 8192;
/** Assumed length of a name that only the deployment knows: of a bucket, a function, a log group. */
const LONGEST_NAME = 'n'.repeat(128);

/** Words of the refusal. */
export interface ParameterText {
  /** `settings of the pruning`. */
  readonly what: string;
  /** Number of sources in it. */
  readonly count: number;
  /** Advice to the user. */
  readonly advice: string;
}

/** Refuses settings that do not fit into a parameter of Systems Manager. */
export function requireParameter(scope: IConstruct, content: unknown, { what, count, advice }: ParameterText): void {
  const { length } = JSON.stringify(content, (_, value: unknown) =>
    typeof value === 'string' && Token.isUnresolved(value) ? LONGEST_NAME : value,
  );
  if (length <= PARAMETER_LENGTH) return;
  fault(
    scope,
    `${what} must be at most ${PARAMETER_LENGTH} characters, which a parameter of Systems Manager holds, got: ${length} with ${count} sources: ${advice}`,
  );
}

/** Assumed lengths of values that only the deployment knows, by their keys. */
const ASSUMED: Readonly<Record<string, number>> = {
  securityGroups: 'sg-0123456789abcdef0'.length,
  ...Object.fromEntries(['prune', 'undelete', 'measure', 'notify', 'restoreTests', 'role'].map((name) => [name, 64])),
};
const ASSUMED_NAME = 128;
const ASSUMED_SUBNET = 'subnet-0123456789abcdef0,'.length;
/** EventBridge Scheduler takes no more. */
const MOST_SUBNETS = 16;

/** Length as JSON, with what only the deployment knows as long as it can be. */
export function assumedLength(content: object): number {
  return JSON.stringify(content, (key, value: unknown) => {
    if (typeof value !== 'string' || !Token.isUnresolved(value)) return value;
    if (key === 'subnets')
      return 'n'.repeat(ASSUMED_SUBNET * (value.includes(',') ? value.split(',').length : MOST_SUBNETS));
    const length = ASSUMED[key] ?? ASSUMED_NAME;
    const fragments = Tokenization.reverseString(value).mapTokens({ mapToken: () => 'n'.repeat(length) });
    return fragments.join({ join: (left = '', right = '') => `${left}${right}` }) as string;
  }).length;
}

/** Ids as one text, even if only the deployment knows how many there are. */
export const joined = (ids: string[]): string => (Token.isUnresolved(ids) ? Fn.join(',', ids) : ids.join(','));

/** Index of an item in a list, which it is added to if it is new: what many sources have alike is written once. */
export function indexOf<T>(list: T[], item: T): number {
  const known = list.findIndex((one) => JSON.stringify(one) === JSON.stringify(item));
  return known >= 0 ? known : list.push(item) - 1;
}
