import { Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { usualTimeout } from '../../../catalog/retention/schedule-times';
import type { BoundSchedule } from './bound-schedule';
import { fault, requireRange, secondsOf } from '../../private/fault';

/** Bounds of every timeout: 30 seconds to 7 days. */
export const TIMEOUT_BOUNDS = { from: 30, to: Duration.days(7).toSeconds(), unit: 'seconds' };

/** Returns the longest duration of a run in seconds. Runs of one schedule must not overlap. */
export function timeoutOf(scope: IConstruct, timeout: Duration | undefined, schedule: BoundSchedule): number {
  const { expressionString, shortestGap = Infinity, flexibleWindow } = schedule;
  const window = secondsOf(scope, 'flexibleWindow', flexibleWindow) ?? 0;
  const free = shortestGap - window;
  if (free <= 0) {
    fault(
      scope,
      `flexibleWindow must be shorter than the shortest time between two runs of ${expressionString}, ${shortestGap} seconds, got: ${window} seconds: shorten it`,
    );
  }
  const seconds = secondsOf(scope, 'timeout', timeout) ?? usualTimeout(free);
  requireRange(scope, 'timeout', seconds, TIMEOUT_BOUNDS);
  if (seconds >= free) {
    const less = window > 0 ? ` less the flexibleWindow of ${window} seconds` : '';
    fault(
      scope,
      `timeout must be shorter than the shortest time between two runs of ${expressionString}, ${shortestGap} seconds${less}, got: ${seconds} seconds: shorten it, or back up less often`,
    );
  }
  return seconds;
}
