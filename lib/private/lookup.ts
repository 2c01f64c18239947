import type { TimeZone } from 'aws-cdk-lib';
import { Token } from 'aws-cdk-lib';

/**
 * Stand-ins of the CDK for values that it has yet to look up: of `Vpc.fromLookup`, of a stack's Availability Zones, and of
 * `StringParameter.valueFromLookup`. The app runs once more with the real ones, but only if this run comes to its end.
 */
const STAND_IN = /^vpc-12345$|^dummy1[a-z]$|dummy-value-for-/;

/** Whether a value, or a part of it, is yet to be looked up. */
export const isStandIn = (value: string): boolean => STAND_IN.test(value);

/** Whether a value cannot be checked: only the deployment knows it, or the next run of the app. */
export const isUnknown = (value: string): boolean => Token.isUnresolved(value) || isStandIn(value);

/** Name of a time zone: UTC without one, or while it is yet to be looked up, as no calendar knows a stand-in. */
export function zoneNameOf(timeZone: TimeZone | undefined): string {
  const name = timeZone?.timezoneName ?? 'UTC';
  return isStandIn(name) ? 'UTC' : name;
}
