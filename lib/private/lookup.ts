import { Token } from 'aws-cdk-lib';

/**
 * Stand-ins of the CDK for values that it has yet to look up: of `Vpc.fromLookup`, of a stack's Availability Zones, and of
 * `StringParameter.valueFromLookup`. The app runs once more with the real ones, but only if this run comes to its end.
 */
const STAND_IN = /^(vpc-12345$|dummy1[a-z]$|dummy-value-for-)/;

/** Whether a value waits for being looked up. */
export const isStandIn = (value: string): boolean => STAND_IN.test(value);

/** Whether a value cannot be checked: only the deployment knows it, or the next run of the app. */
export const isUnknown = (value: string): boolean => Token.isUnresolved(value) || isStandIn(value);
