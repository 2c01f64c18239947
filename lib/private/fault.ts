import type { Duration } from 'aws-cdk-lib';
import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Ends the synthesis with a sentence that begins with the construct's path. */
export function fault(scope: IConstruct, sentence: string): never {
  throw new Error(`${scope.node.path}: ${sentence}`);
}

const needsValue = (what: string): string => `${what} must be known at synth, got: a token: write the value itself`;

/** Refuses a token where a value must be known at synth. */
export function requireValue(scope: IConstruct, what: string, value: string | number): void {
  if (Token.isUnresolved(value)) {
    fault(scope, needsValue(what));
  }
}

/** Seconds of a duration; refuses a token. */
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
