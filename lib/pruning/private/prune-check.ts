import { Annotations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { runTimes, simulate } from '../../../catalog/retention/simulate';
import type { RetentionPolicy } from '../../../catalog/retention/retention-policy';
import type { BoundSchedule } from '../../backup/private/bound-schedule';

/** Two weeks of any year: what is held back then is held back from the second night. */
const SPAN = { from: new Date('2030-01-07T00:00:00Z'), to: new Date('2030-01-21T00:00:00Z') };

/** Sixty databases with one schedule and one retention are worked out once. */
const KNOWN = new Map<string, string | undefined>();

/**
 * Warns of a retention that a pruning by schedule never gets to carry out: of many backups a day it would delete more
 * than it may, every night anew, and what it may not delete only makes more.
 */
export function checkPruning(
  scope: IConstruct,
  source: string,
  policy: RetentionPolicy,
  maxDeleteShare: number,
  { expression }: BoundSchedule,
): void {
  const { expressionString, timeZone } = expression;
  const zone = timeZone?.timezoneName ?? 'UTC';
  const key = JSON.stringify([policy, maxDeleteShare, expressionString, zone]);
  if (!KNOWN.has(key)) KNOWN.set(key, lastRefusal(policy, maxDeleteShare, expressionString, zone));
  const refusal = KNOWN.get(key);
  if (refusal === undefined) return;
  Annotations.of(scope).addWarningV2(
    'proven-backups:pruningHeldBack',
    `the retention of source ${source} with ${expressionString} is held back every night (${refusal}): let it keep every backup of at least two days with keepFor, or raise maxDeletePercent`,
  );
}

/** Why the pruning at the end deletes nothing, if it does not. */
function lastRefusal(
  policy: RetentionPolicy,
  maxDeleteShare: number,
  expression: string,
  timeZone: string,
): string | undefined {
  const runs = runTimes(expression, timeZone, SPAN);
  const { refusals } = simulate({ ...SPAN, runs, policy, guards: { maxDeleteShare } });
  const last = refusals.at(-1);
  if (last === undefined || last.last < SPAN.to) return undefined;
  return last.sentence.split(':')[0];
}
