import { Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { fault } from '../private/fault';
import type { BoundTier, TierAges } from './private/tier-rules';
import { boundTiers, warnOfShortTiers } from './private/tier-rules';

/** Age at which a backup moves to each storage class, in whole days. Colder tiers must begin later than warmer ones. */
export interface StorageTiersOptions {
  /**
   * Standard-IA: immediate access, with a fee for reading. 30 days or more; the next tier begins at least 30 days later.
   * Minimum billing of 30 days.
   *
   * @default - the tier is not used
   */
  readonly infrequentAccess?: Duration;

  /**
   * Glacier Instant Retrieval: immediate access, with a higher fee for reading. Minimum billing of 90 days.
   *
   * @default - the tier is not used
   */
  readonly glacierInstantRetrieval?: Duration;

  /**
   * Glacier Flexible Retrieval: access within hours of a request. Minimum billing of 90 days.
   *
   * @default - the tier is not used
   */
  readonly glacierFlexibleRetrieval?: Duration;

  /**
   * Glacier Deep Archive: access within two days of a request. Minimum billing of 180 days.
   *
   * @default - the tier is not used
   */
  readonly deepArchive?: Duration;
}

/**
 * Storage classes of S3 to which backups move with age. Only data objects move. Manifests stay, so that the catalog can
 * always be read.
 */
export class StorageTiers {
  /** Uses tiers and ages of your choice. */
  public static of(options: StorageTiersOptions): StorageTiers {
    return new StorageTiers(options, true);
  }

  /**
   * The default: Glacier Instant Retrieval after 15 days, Deep Archive after 105 days. This is the cheapest choice for
   * `Retention.oneYear()` with one backup a day that keeps daily backups in Standard and weekly ones immediately
   * accessible.
   */
  public static cheapest(): StorageTiers {
    return new StorageTiers({ ...INSTANT, deepArchive: Duration.days(105) });
  }

  /** Glacier Instant Retrieval after 15 days: every backup is immediately accessible. */
  public static instantAccess(): StorageTiers {
    return new StorageTiers(INSTANT);
  }

  /** Keeps all backups in Standard. */
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
   * Tiers that the user chose. The presets are not checked: leaving a tier early can be cheaper than not entering it.
   *
   * @internal
   */
  public _chosenTiers(scope: IConstruct): BoundTier[] {
    return this.chosen ? boundTiers(scope, this.ages) : [];
  }
}

const INSTANT: TierAges = { glacierInstantRetrieval: Duration.days(15) };
