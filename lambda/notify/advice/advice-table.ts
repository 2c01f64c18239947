import type { CAUSES, Signal } from '../../../catalog/contract/alarms';
import type { Facts, Step } from './steps';

/** What to do about a problem. */
export interface Advice {
  /** What many problems of this kind have in common, in a few words: `the database was not reached`. */
  readonly title: string;
  /** What tells it from other advice about the same cause, in a few words: `the server refused the login`. */
  readonly kind?: string;
  readonly likelyCause: string;
  readonly steps: readonly Step[];
}

/** Advice for every cause of a signal: what is missing does not compile. */
export type AdviceTable<S extends Signal> = Readonly<Record<(typeof CAUSES)[S][number], (facts: Facts) => Advice>>;
