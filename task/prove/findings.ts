import { CHECKS, type CheckResult, type ProofCheck, type ProofDifference } from '../../catalog/bucket/verdict';
import type { Left } from '../../engines/engine';

/** What a check has found. */
export interface Finding {
  readonly differences: readonly ProofDifference[];
  /** How much was compared. */
  readonly compared: number;
  /** What was not compared, and why. */
  readonly left?: readonly Left[];
}

/** Objects that a verdict names, of those that were not compared for one reason. */
const SHOWN = 20;
/** Without them a test shows nothing. */
const REQUIRED: readonly ProofCheck[] = ['bytes', 'load', 'sections'];

/** What all checks have found so far. */
export class Findings {
  private readonly found = new Map<ProofCheck, Finding>();

  /** Adds to what a check has found. */
  add(check: ProofCheck, { differences, compared, left = [] }: Finding): void {
    const before = this.found.get(check) ?? { differences: [], compared: 0, left: [] };
    this.found.set(check, {
      differences: [...before.differences, ...differences],
      compared: before.compared + compared,
      left: [...(before.left ?? []), ...left],
    });
  }

  /** All differences, in the order of the checks. */
  get differences(): readonly ProofDifference[] {
    return CHECKS.flatMap((check) => this.found.get(check)?.differences ?? []);
  }

  /** The result of each check, of those that did not run, too. */
  get checks(): CheckResult[] {
    return CHECKS.map((check) => {
      const { differences, compared, left = [] } = this.found.get(check) ?? { differences: [], compared: 0 };
      // What has compared nothing is no pass.
      const result = differences.length > 0 ? 'failed' : compared > 0 ? 'passed' : 'not-run';
      const leftOut = left.filter(({ objects }) => objects.length > 0).map(leftRecord);
      return { check, result, compared, ...(leftOut.length > 0 ? { left: leftOut } : {}) };
    });
  }

  /** The first of the checks without which a test shows nothing, that has not run. */
  get missing(): ProofCheck | undefined {
    const passed = this.checks.filter(({ result }) => result === 'passed').map(({ check }) => check);
    return REQUIRED.find((check) => !passed.includes(check));
  }
}

const leftRecord = ({ why, objects }: Left) => ({
  ...{ why, count: objects.length },
  objects: objects.slice(0, SHOWN),
});
