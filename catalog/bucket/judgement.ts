/** What the restore tests of a source say together: pure. */
import type { Verdict } from './verdict';
import { isUnprovable } from './verdict';

/** A restore test of one backup. */
export interface JudgedTest {
  /** Id of the backup. */
  readonly id: string;
  readonly result?: Verdict['verdict'];
  readonly reason?: Verdict['reason'];
  /** As many as are known. */
  readonly differences?: readonly { readonly check: string }[];
}

/**
 * What tests say that are added one after the other, the last one first. A failure stands until a later test of that backup or a
 * newer one finds nothing wrong: that an older backup restores says nothing of one that does not.
 */
export class Judgement<T extends JudgedTest> {
  /** The last that failed, and stands. One without an identity finds nothing wrong with the stored bytes. */
  failed?: T;
  /** The last that found nothing wrong. */
  good?: T;
  /** The last that could not run, if no other one followed. */
  untested?: T;
  // The newest backups with which a test found nothing wrong.
  private passed = '';
  private checked = '';

  /** Whether a test that ran before all that were added can still say anything. */
  asksFor(id: string): boolean {
    return this.failed === undefined && id > this.passed;
  }

  /** Adds a test that ran before all others. */
  add(test: T): void {
    const { id, result, reason } = test;
    if (!this.asksFor(id)) return;
    if (result === 'failed') {
      if (id > this.checked || !isOfBytes(test)) this.failed = test;
      return;
    }
    const isChecked = result !== undefined && isUnprovable({ verdict: result, reason });
    if (result === 'passed') this.passed = id;
    else if (isChecked && id > this.checked) this.checked = id;
    if (result === 'passed' || isChecked) this.good ??= test;
    // It never replaces what another one has judged.
    else if (result === 'not-run' && !this.good) this.untested ??= test;
  }
}

/** Whether nothing but stored bytes differ: another test of those can say that they do not. */
const isOfBytes = ({ differences = [] }: JudgedTest): boolean =>
  differences.length > 0 && differences.every(({ check }) => check === 'bytes');
