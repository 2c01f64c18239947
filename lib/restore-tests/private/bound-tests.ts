import type { RestoreTestPlan } from '../../../catalog/contract/restore-tests';

/** Checked restore tests of a source. */
export interface BoundTests {
  /** None: they are off. */
  readonly plan?: RestoreTestPlan;
  /** Seconds between two tests, at most; as often as there are backups if left out. */
  readonly everySeconds?: number;
}
