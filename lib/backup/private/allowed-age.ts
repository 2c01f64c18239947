import { Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { usualAllowedAge } from '../../../catalog/retention/schedule-times';
import type { BoundSchedule } from './bound-schedule';
import { fault, secondsOf } from '../../private/fault';

/** Returns the allowed age of a source's newest backup. */
export function allowedAgeOf(
  scope: IConstruct,
  given: Duration | undefined,
  { longestGap, expressionString, flexibleWindow, maxEventAgeSeconds: maxEventAge }: BoundSchedule,
  timeoutSeconds: number,
): Duration {
  const age = secondsOf(scope, 'allowedAge', given);
  if (age === undefined) {
    const late = { flexibleWindow: flexibleWindow?.toSeconds(), maxEventAge };
    return Duration.seconds(usualAllowedAge(longestGap, timeoutSeconds, late));
  }
  if (longestGap !== undefined && age <= longestGap) {
    fault(
      scope,
      `allowedAge must be longer than the longest time between two runs of ${expressionString}, ${longestGap} seconds, got: ${age} seconds: lengthen it, or back up more often`,
    );
  }
  return Duration.seconds(age);
}

/** Refuses an objective that the schedule cannot meet. */
export function requireObjective(
  scope: IConstruct,
  given: Duration | undefined,
  { longestGap, expressionString }: BoundSchedule,
): void {
  const objective = secondsOf(scope, 'recoveryPointObjective', given);
  if (objective === undefined || longestGap === undefined || objective > longestGap) return;
  fault(
    scope,
    `recoveryPointObjective must be longer than the longest time between two runs of ${expressionString}, ${longestGap} seconds, got: ${objective} seconds: back up more often, or lengthen it`,
  );
}
