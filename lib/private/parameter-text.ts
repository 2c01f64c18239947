import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { fault } from './fault';

/** Largest size of a parameter of Systems Manager. */
const MAX_LENGTH = 8192;
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
  if (length <= MAX_LENGTH) return;
  fault(
    scope,
    `${what} must be at most ${MAX_LENGTH} characters, which a parameter of Systems Manager holds, got: ${length} with ${count} sources: ${advice}`,
  );
}
