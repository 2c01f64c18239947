import type { Duration } from 'aws-cdk-lib';
import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Ends the synthesis with an error that begins with the construct's path. */
export function fault(scope: IConstruct, sentence: string): never {
  throw new Error(`${scope.node.path}: ${sentence}`);
}

const needsValue = (what: string): string => `${what} must be known at synth, got: a token: write the value itself`;

/** Refuses a missing value, as `process.env.NAME!` or a caller without types passes it. */
export function requireGiven(scope: IConstruct, what: string, value: unknown): void {
  if (value !== undefined && value !== null) return;
  fault(scope, `${what} must be given, got: ${value}: check where it comes from, for example an environment variable`);
}

/** Names of the properties that a type requires. The compiler asks for each of them. */
export type RequiredProps<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]-?: true };

/**
 * Refuses missing values in required properties, and in lists.
 *
 * @param of what the properties are of, with a dot: `restore.`
 */
export function requireProps<T extends object>(scope: IConstruct, props: T, required: RequiredProps<T>, of = ''): void {
  for (const name of Object.keys(required)) requireGiven(scope, `${of}${name}`, props[name as keyof T]);
  for (const [name, list] of Object.entries(props)) {
    // Not forEach, which leaves out holes.
    if (Array.isArray(list))
      for (const [index, item] of list.entries()) requireGiven(scope, `${of}${name}[${index}]`, item);
  }
}

/** Refuses a token where a value must be known at synth. */
export function requireValue(scope: IConstruct, what: string, value: string | number): void {
  requireGiven(scope, what, value);
  if (Token.isUnresolved(value)) {
    fault(scope, needsValue(what));
  }
}

/** Returns the seconds of a duration; refuses a token. */
export function secondsOf(scope: IConstruct, what: string, duration: Duration | undefined): number | undefined {
  if (duration?.isUnresolved()) fault(scope, needsValue(what));
  return duration?.toSeconds({ integral: false });
}

/** Refuses a number outside its bounds; a token passes. */
export function requireRange(
  scope: IConstruct,
  what: string,
  value: number | undefined,
  range: { readonly from: number; readonly to: number; readonly unit?: string },
): void {
  if (value === undefined || Token.isUnresolved(value)) return;
  if (Number.isInteger(value) && value >= range.from && value <= range.to) return;
  const unit = range.unit === undefined ? '' : ` ${range.unit}`;
  fault(scope, `${what} must be a whole number from ${range.from} to ${range.to}${unit}, got: ${value}`);
}
