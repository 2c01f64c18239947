import { Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { BoundSchedule } from './bound-schedule';
import { fault, secondsOf } from './fault';

/** What a run by schedule may be late: Fargate starts tasks within minutes, and Scheduler tries again. */
const SPARE = Duration.hours(1).toSeconds();
/** For a schedule with one run only, which nothing follows. */
const ONCE = Duration.days(1).toSeconds();

/**
 * How old a source's newest backup may get. Its time is that of the schedule: before the next one is complete, it gets as
 * old as the longest gap, the flexible window and the timeout together.
 */
export function allowedAgeOf(
  scope: IConstruct,
  given: Duration | undefined,
  { longestGap, expressionString, flexibleWindow }: BoundSchedule,
  timeoutSeconds: number,
): Duration {
  const age = secondsOf(scope, 'allowedAge', given);
  if (age === undefined) {
    const window = flexibleWindow?.toSeconds() ?? 0;
    return Duration.seconds(
      longestGap === undefined ? ONCE + timeoutSeconds : longestGap + window + timeoutSeconds + SPARE,
    );
  }
  if (longestGap !== undefined && age <= longestGap) {
    fault(
      scope,
      `allowedAge must be longer than the longest time between two runs of ${expressionString}, ${longestGap} seconds, got: ${age} seconds: lengthen it, or back up more often`,
    );
  }
  return Duration.seconds(age);
}
