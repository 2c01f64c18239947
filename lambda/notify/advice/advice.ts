/** Advice about problems. */
import type { Signal } from '../../../catalog/contract/alarms';
import type { Problem } from '../../../catalog/contract/notification';
import type { Place } from '../compose/place';
import type { Advice, AdviceTable } from './advice-table';
import type { AdviceContext } from './context';
import { adviceContext } from './context';
import { FAILED_ADVICE } from './failed';
import { HOUSEKEEPING_ADVICE } from './housekeeping';
import { MEASURED_ADVICE } from './measured';
import { NEVER_STARTED_ADVICE } from './never-started';
import { NOT_PROVEN_ADVICE } from './not-proven';
import { reasonAdvice } from './reasons';

const ADVICE: { readonly [S in Signal]: AdviceTable<S> } = {
  failed: FAILED_ADVICE,
  'never-started': NEVER_STARTED_ADVICE,
  ...MEASURED_ADVICE,
  'not-proven': NOT_PROVEN_ADVICE,
  housekeeping: HOUSEKEEPING_ADVICE,
};

/**
 * Advice about a problem: by the reason that the run gave, and by the cause where there is none.
 *
 * @param alike all problems that share it: with the same signal, cause and kind of advice
 */
export function adviceOf(problem: Problem, place: Place, alike?: readonly Problem[]): Advice {
  const context = adviceContext(problem, place, alike);
  const table: Readonly<Record<string, ((context: AdviceContext) => Advice) | undefined>> = ADVICE[problem.signal];
  const byReason = problem.signal === 'failed' ? reasonAdvice(context) : undefined;
  return byReason ?? (table[problem.cause] ?? HOUSEKEEPING_ADVICE.other)(context);
}
