/** What a reader can do about a problem: for each cause of each signal, the likely cause and the next steps. */
import type { Signal } from '../../../catalog/contract/alarms';
import type { Problem } from '../../../catalog/contract/notification';
import type { Advice, AdviceTable } from './advice-table';
import { CATALOG_ADVICE } from './measured';
import { FAILED_ADVICE } from './failed';
import { HOUSEKEEPING_ADVICE } from './housekeeping';
import { NEVER_STARTED_ADVICE } from './never-started';
import { factsOf } from './steps';
import type { Facts } from './steps';
import type { Place } from '../compose/place';

const ADVICE: { readonly [S in Signal]: AdviceTable<S> } = {
  failed: FAILED_ADVICE,
  'never-started': NEVER_STARTED_ADVICE,
  ...CATALOG_ADVICE,
  housekeeping: HOUSEKEEPING_ADVICE,
};

/**
 * Advice about a problem.
 *
 * @param alike all problems that share it: with the same signal, cause and kind of advice
 */
export function adviceOf(problem: Problem, place: Place, alike?: readonly Problem[]): Advice {
  const table: Readonly<Record<string, ((facts: Facts) => Advice) | undefined>> = ADVICE[problem.signal];
  return (table[problem.cause] ?? HOUSEKEEPING_ADVICE.other)(factsOf(problem, place, alike));
}
