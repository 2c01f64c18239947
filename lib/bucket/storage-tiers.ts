import { Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { fault } from '../private/fault';
import type { BoundTier, TierAges } from './private/tier-rules';
import { boundTiers, warnOfShortTiers } from './private/tier-rules';

/** The age of a backup from which it lies in each tier. Whole days; each tier begins later than the warmer ones. */
export interface StorageTiersOptions {
  /**
   * Standard-IA: read at once, at a price. 30 days or more; what follows begins at least 30 days later. Bills 30 days at
   * least.
   *
   * @default - backups do not lie there
   */
  readonly infrequentAccess?: Duration;

  /**
   * Glacier Instant Retrieval: read at once, at a higher price. Bills 90 days at least.
   *
   * @default - backups do not lie there
   */
  readonly glacierInstantRetrieval?: Duration;

  /**
   * Glacier Flexible Retrieval: read hours after it was asked for. Bills 90 days at least.
   *
   * @default - backups do not lie there
   */
  readonly glacierFlexibleRetrieval?: Duration;

  /**
   * Glacier Deep Archive: read up to two days after it was asked for. Bills 180 days at least.
   *
   * @default - backups do not lie there
   */
  readonly deepArchive?: Duration;
}

/**
 * To which storage classes of S3 backups move as they grow older. Only data objects move; manifests stay, so that the
 * catalog can be read at any time.
 */
export class StorageTiers {
  /** The tiers and ages that you choose. */
  public static of(options: StorageTiersOptions): StorageTiers {
    return new StorageTiers(options, true);
  }

  /**
   * What is cheapest for `Retention.oneYear()` with a backup a day, as long as the daily backups stay in Standard and the
   * weekly ones can be read at once: Glacier Instant Retrieval from 15 days on, Deep Archive from 105 days on. The default.
   */
  public static cheapest(): StorageTiers {
    return new StorageTiers({ ...INSTANT, deepArchive: Duration.days(105) });
  }

  /** The same without Deep Archive: every backup can be read at once. */
  public static instantAccess(): StorageTiers {
    return new StorageTiers(INSTANT);
  }

  /** Nothing moves. */
  public static standardOnly(): StorageTiers {
    return new StorageTiers({});
  }

  private constructor(
    private readonly ages: TierAges,
    private readonly chosen = false,
  ) {}

  /** @internal */
  public _bind(scope: IConstruct): BoundTier[] {
    const tiers = boundTiers(scope, this.ages);
    if (!this.chosen) return tiers;
    if (tiers.length === 0) {
      fault(scope, 'StorageTiers.of needs a tier, got: none: use StorageTiers.standardOnly() if nothing shall move');
    }
    warnOfShortTiers(scope, tiers);
    return tiers;
  }

  /**
   * The tiers that the user answers for. Those of this package were weighed up: to leave one early can be cheaper than not
   * to enter it.
   *
   * @internal
   */
  public _chosenTiers(scope: IConstruct): BoundTier[] {
    return this.chosen ? boundTiers(scope, this.ages) : [];
  }
}

const INSTANT: TierAges = { glacierInstantRetrieval: Duration.days(15) };
