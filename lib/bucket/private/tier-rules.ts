import type { Duration } from 'aws-cdk-lib';
import { Annotations } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import { fault, secondsOf } from '../../private/fault';

const DAY = 86_400;
/** A hundred years: whoever means never leaves the tier out. */
const MAX_DAYS = 36_500;
/** In one rule S3 wants as much between Standard-IA and whatever of Glacier follows. Days. */
const AFTER_INFREQUENT_ACCESS = 30;

/** The storage classes that backups move to, warmest first. Facts of S3, in days. */
const TIERS = {
  infrequentAccess: { storageClass: s3.StorageClass.INFREQUENT_ACCESS, from: 30, billed: 30 },
  glacierInstantRetrieval: { storageClass: s3.StorageClass.GLACIER_INSTANT_RETRIEVAL, from: 0, billed: 90 },
  glacierFlexibleRetrieval: { storageClass: s3.StorageClass.GLACIER, from: 0, billed: 90 },
  deepArchive: { storageClass: s3.StorageClass.DEEP_ARCHIVE, from: 0, billed: 180 },
} as const;
type TierName = keyof typeof TIERS;

/** The age from which backups lie in each tier. */
export type TierAges = Readonly<Partial<Record<TierName, Duration>>>;

/** A tier that was checked. */
export interface BoundTier {
  readonly name: TierName;
  readonly storageClass: s3.StorageClass;
  /** Age of a backup from which it lies here, in days. */
  readonly day: number;
  /** Earliest day that S3 takes. */
  readonly from: number;
  /** Days that S3 bills at least. */
  readonly billed: number;
}

/** Checks ages against the rules of S3's lifecycles, which the CDK does not. Warmest tier first. */
export function boundTiers(scope: IConstruct, ages: TierAges): BoundTier[] {
  const tiers = Object.entries(TIERS).flatMap(([key, facts]): BoundTier[] => {
    const name = key as TierName;
    const age = ages[name];
    return age === undefined ? [] : [{ name, ...facts, day: wholeDays(scope, name, facts.from, age) }];
  });
  for (const [tier, next] of pairs(tiers)) requireOrder(scope, tier, next);
  return tiers;
}

/** Warns of tiers that are left for a colder one before their minimum is over. */
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
