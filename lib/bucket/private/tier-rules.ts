import type { Duration } from 'aws-cdk-lib';
import { Annotations } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import { fault, secondsOf } from '../../private/fault';

const DAY = 86_400;
/** A hundred years. Leave a tier out if backups must never enter it. */
const MAX_DAYS = 36_500;
/** Minimum days that S3 demands in one rule between Standard-IA and the Glacier tier that follows. */
const AFTER_INFREQUENT_ACCESS = 30;

/** Storage classes for backups, warmest first, with S3's limits in days. */
const TIERS = {
  infrequentAccess: { storageClass: s3.StorageClass.INFREQUENT_ACCESS, from: 30, billed: 30 },
  glacierInstantRetrieval: { storageClass: s3.StorageClass.GLACIER_INSTANT_RETRIEVAL, from: 0, billed: 90 },
  glacierFlexibleRetrieval: { storageClass: s3.StorageClass.GLACIER, from: 0, billed: 90 },
  deepArchive: { storageClass: s3.StorageClass.DEEP_ARCHIVE, from: 0, billed: 180 },
} as const;
type TierName = keyof typeof TIERS;

/** Age at which backups enter each tier. */
export type TierAges = Readonly<Partial<Record<TierName, Duration>>>;

/** A checked tier. */
export interface BoundTier {
  readonly name: TierName;
  readonly storageClass: s3.StorageClass;
  /** Age at which a backup enters the tier, in days. */
  readonly day: number;
  /** Earliest day that S3 accepts. */
  readonly from: number;
  /** Minimum days that S3 bills. */
  readonly billed: number;
}

/** Checks ages against S3's rules for lifecycles, which the CDK does not check. Returns the warmest tier first. */
export function boundTiers(scope: IConstruct, ages: TierAges): BoundTier[] {
  const tiers = Object.entries(TIERS).flatMap(([key, facts]): BoundTier[] => {
    const name = key as TierName;
    const age = ages[name];
    return age === undefined ? [] : [{ name, ...facts, day: wholeDays(scope, name, facts.from, age) }];
  });
  for (const [tier, next] of pairs(tiers)) requireOrder(scope, tier, next);
  return tiers;
}

/** Warns about tiers that backups leave for a colder one before the minimum billing ends. */
export function warnOfShortTiers(scope: IConstruct, tiers: readonly BoundTier[]): void {
  for (const [tier, next] of pairs(tiers)) {
    const stay = next.day - tier.day;
    if (stay >= tier.billed) continue;
    Annotations.of(scope).addWarningV2(
      LEFT_EARLY,
      `backups leave ${tier.name} for ${next.name} after ${stay} days, and S3 bills ${tier.billed} days there: let ${next.name} begin at ${tier.day + tier.billed} days or later, or leave one of the two out`,
    );
  }
}

/** Id of the warning. */
export const LEFT_EARLY = 'proven-backups:tierLeftEarly';

function wholeDays(scope: IConstruct, name: string, from: number, age: Duration): number {
  const days = secondsOf(scope, name, age)! / DAY;
  if (Number.isInteger(days) && days >= from && days <= MAX_DAYS) return days;
  fault(scope, `${name} must be a whole number of days from ${from} to ${MAX_DAYS}, got: ${age.toHumanString()}`);
}

function requireOrder(scope: IConstruct, tier: BoundTier, next: BoundTier): void {
  if (next.day <= tier.day) {
    fault(
      scope,
      `${next.name} must begin later than ${tier.name}, ${tier.day} days, got: ${next.day} days: backups only move to colder tiers`,
    );
  }
  if (tier.name === 'infrequentAccess' && next.day < tier.day + AFTER_INFREQUENT_ACCESS) {
    fault(
      scope,
      `${next.name} must begin at least ${AFTER_INFREQUENT_ACCESS} days after infrequentAccess, ${tier.day} days, got: ${next.day} days: S3 takes no less`,
    );
  }
}

const pairs = (tiers: readonly BoundTier[]): [BoundTier, BoundTier][] =>
  tiers.slice(1).map((next, index) => [tiers[index]!, next]);
