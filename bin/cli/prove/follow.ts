import type { Verdict } from '../../../catalog/bucket/verdict';
import type { LoggedFailure } from '../../../catalog/contract/run-log';
import type { Output } from '../print/output';
import { ProgressView } from '../print/restore-progress';
import type { ProgramEnd, ProgramRun } from '../program-run/run';
import type { ProofFact } from './facts';

/** What a restore test told, up to its end. */
export interface ToldProof {
  readonly verdict?: Verdict;
  readonly failure?: LoggedFailure;
  /** Why the verdict was not stored, in a sentence. */
  readonly unstored?: string;
  readonly end: ProgramEnd;
  /** It goes on: nobody follows it any more. */
  readonly left?: true;
}

/**
 * Follows a restore test to its end. Ctrl-C stops one on this machine, and leaves one in a task alone: it harms nothing.
 *
 * @throws CommandError if it cannot be followed
 */
export async function followProof(run: ProgramRun<ProofFact>, output: Output): Promise<ToldProof> {
  const view = new ProgressView(output);
  const leaving = new AbortController();
  const interrupt = (): void => (run.afterwards === undefined ? void run.stop?.() : leaving.abort());
  process.on('SIGINT', interrupt);
  let told: Omit<ToldProof, 'end'> = {};
  try {
    for await (const fact of run.facts(leaving.signal)) {
      if (fact.kind === 'progress') view.show(fact.progress);
      else if (fact.kind === 'verdict') told = { ...told, verdict: fact.verdict };
      else if (fact.kind === 'unstored') told = { ...told, unstored: fact.sentence };
      else told = { ...told, failure: fact.failure };
    }
  } finally {
    process.off('SIGINT', interrupt);
    view.end();
  }
  return { ...told, end: run.end(), ...(leaving.signal.aborted && { left: true as const }) };
}
