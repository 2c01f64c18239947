import type { Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { BoundVaultLock } from './private/vault-lock-days';
import { daysOf } from './private/vault-lock-days';

/** Options of every lock. Whole days. */
export interface VaultLockOptions {
  /** Shortest retention of what the vault takes. 1 day or more. */
  readonly minRetention: Duration;

  /**
   * Longest retention of what the vault takes.
   *
   * @default - any retention that is longer than `minRetention`
   */
  readonly maxRetention?: Duration;
}

/** Options of a lock in compliance mode. */
export interface ComplianceLockOptions extends VaultLockOptions {
  /** How long the lock can still be removed. 3 days or more. Afterwards nobody can, AWS included. */
  readonly changeableFor: Duration;
}

/** Lock of a vault: recovery points are not deleted before their retention is over. */
export class VaultLock {
  /** Who has the permission can remove the lock. */
  public static governance(options: VaultLockOptions): VaultLock {
    return new VaultLock(options);
  }

  /** Nobody can remove the lock once `changeableFor` is over: the vault stays as long as the longest retention in it. */
  public static compliance(options: ComplianceLockOptions): VaultLock {
    return new VaultLock(options, options.changeableFor);
  }

  private constructor(
    private readonly options: VaultLockOptions,
    private readonly changeableFor?: Duration,
  ) {}

  /** @internal */
  public _bind(scope: IConstruct): BoundVaultLock {
    const { minRetention, maxRetention } = this.options;
    const min = daysOf(scope, 'minRetention of the vault lock', minRetention, 1);
    return {
      min,
      max: maxRetention && daysOf(scope, 'maxRetention of the vault lock', maxRetention, min),
      changeable: this.changeableFor && daysOf(scope, 'changeableFor of the vault lock', this.changeableFor, 3),
    };
  }
}
