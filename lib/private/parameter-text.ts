import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { fault } from './fault';

/** What a parameter of Systems Manager holds. */
const MAX_LENGTH = 8192;
/** As long as a name that is known when it is deployed only may be taken for: of a bucket, a function, a log group. */
const LONGEST_NAME = 'n'.repeat(128);

/** Of what settings are, as the refusal says it. */
export interface ParameterText {
  /** `settings of the pruning`. */
  readonly what: string;
  /** How many sources are in it. */
  readonly count: number;
  /** What to do about it. */
  readonly advice: string;
}

/** Refuses settings that do not fit into a parameter of Systems Manager. */
export function requireParameter(scope: IConstruct, content: unknown, { what, count, advice }: ParameterText): void {
  const { length } = JSON.stringify(content, (_, value: unknown) =>
    typeof value === 'string' && Token.isUnresolved(value) ? LONGEST_NAME : value,
  );
  if (length <= MAX_LENGTH) return;
  fault(
    scope,
    `${what} must be at most ${MAX_LENGTH} characters, which a parameter of Systems Manager holds, got: ${length} with ${count} sources: ${advice}`,
  );
}
