/** The facts in the log of a restore test. */
import type { Verdict } from '../../../catalog/bucket/verdict';
import { parseVerdict } from '../../../catalog/bucket/verdict';
import type { ProveProgress } from '../../../catalog/contract/prove';
import { proveProgressSchema } from '../../../catalog/contract/prove';
import type { LoggedFailure } from '../../../catalog/contract/run-log';
import { logTail } from '../../../catalog/contract/run-log';
import { CommandError } from '../errors';
import type { FactReader, LogLine } from '../program-run/run';

/** A fact of the log. A test that failed or could not run has a verdict, and `failed` after it. */
export type ProofFact =
  | { readonly kind: 'progress'; readonly progress: ProveProgress }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  /** The verdict was not stored, in a sentence. */
  | { readonly kind: 'unstored'; readonly sentence: string }
  | { readonly kind: 'failed'; readonly failure: LoggedFailure };

/**
 * Reads the log of a restore test.
 *
 * @throws CommandError if it has a verdict of a version of the program that this one cannot read
 */
export const PROOF_FACTS: FactReader<ProofFact> = {
  factOf,
  isLast: (fact) => fact.kind === 'failed' || (fact.kind === 'verdict' && fact.verdict.verdict === 'passed'),
};

function factOf(line: LogLine, text: string): ProofFact | undefined {
  switch (line.event) {
    case 'progress': {
      const progress = proveProgressSchema.safeParse(line.progress).data;
      return progress && { kind: 'progress', progress };
    }
    case 'verdict': {
      const verdict = parseVerdict(JSON.stringify(line.verdict));
      if (verdict) return { kind: 'verdict', verdict };
      throw new CommandError(
        'the verdict cannot be read: the program that tests is of another version than this command: deploy the stack with this version, or use the other one here',
      );
    }
    case 'verdict-not-stored':
      return { kind: 'unstored', sentence: String(line.message) };
    case 'failed': {
      const { failure } = logTail([text]);
      return failure && { kind: 'failed', failure };
    }
  }
  return undefined;
}
