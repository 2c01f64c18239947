import { Annotations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { runTimes, simulate } from '../../../catalog/retention/simulate';
import type { RetentionPolicy } from '../../../catalog/retention/retention-policy';
import type { BoundSchedule } from '../../backup/private/bound-schedule';
import { isStandIn, zoneNameOf } from '../../private/lookup';

/** Two weeks of any year. A pruning that is held back at their end is held back every night. */
const SPAN = { from: new Date('2030-01-07T00:00:00Z'), to: new Date('2030-01-21T00:00:00Z') };

/** Sixty databases with the same schedule and retention cost one simulation. */
const KNOWN = new Map<string, string | undefined>();

/**
 * Warns about a retention that scheduled pruning never carries out. With many backups a day it would delete more than the
 * limit every night, and the backups that stay only add to the next night's.
 */
export function checkPruning(
  scope: IConstruct,
  source: string,
  policy: RetentionPolicy,
  maxDeleteShare: number,
  { expression }: BoundSchedule,
): void {
  const { expressionString, timeZone } = expression;
  if (isStandIn(expressionString)) return;
  const zone = zoneNameOf(timeZone);
  const key = JSON.stringify([policy, maxDeleteShare, expressionString, zone]);
  if (!KNOWN.has(key)) KNOWN.set(key, lastRefusal(policy, maxDeleteShare, expressionString, zone));
  const refusal = KNOWN.get(key);
  if (refusal === undefined) return;
  Annotations.of(scope).addWarningV2(
    'proven-backups:pruningHeldBack',
    `the retention of source ${source} with ${expressionString} is held back every night (${refusal}): let it keep every backup of at least two days with keepFor, or raise maxDeletePercent`,
  );
}

/** Reason why the last pruning deletes nothing; `undefined` if it deletes. */
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
