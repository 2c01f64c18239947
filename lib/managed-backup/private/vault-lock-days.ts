import type { Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { ManagedRule } from './managed-rules';
import { MAX_DAYS } from './managed-rules';
import { fault, requireGiven, requireRange, secondsOf } from '../../private/fault';

/** A lock, in days. */
export interface BoundVaultLock {
  readonly min: number;
  readonly max?: number | undefined;
  /** Left out in governance mode. */
  readonly changeable?: number | undefined;
}

/** Days of a duration, which must be whole. */
export function daysOf(scope: IConstruct, what: string, duration: Duration, from: number): number {
  requireGiven(scope, what, duration);
  const days = secondsOf(scope, what, duration)! / 86_400;
  requireRange(scope, what, days, { from, to: MAX_DAYS, unit: 'days' });
  return days;
}

/** Refuses rules whose jobs would fail in the locked vault. */
export function requireWithin(scope: IConstruct, lock: BoundVaultLock, rules: readonly ManagedRule[]): void {
  const { min, max } = lock;
  for (const { name, deleteAfterDays: days } of rules) {
    if ((days ?? Infinity) >= min && (max === undefined || (days ?? Infinity) <= max)) continue;
    const range = max === undefined ? `at least ${min} days` : `from ${min} to ${max} days`;
    fault(
      scope,
      `retention of rule ${name} must be ${range}, as the vault lock says, got: ${days === undefined ? 'forever' : `${days} days`}: the vault would refuse its backups; change the retention or the lock`,
    );
  }
}
