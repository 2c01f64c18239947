import type { CAUSES, Signal } from '../../../catalog/contract/alarms';
import type { AdviceStep } from '../../../engines/engine-advice';
import type { AdviceContext } from './context';

/** A step of an email. */
export interface Step extends AdviceStep {
  /** Another way, for readers who cannot use the first. */
  readonly or?: { readonly say: string; readonly run: string };
}

/** Advice about a problem. */
export interface Advice {
  /** Title for all problems of this kind: `the database was not reached`. */
  readonly title: string;
  /** The event with the values of this problem. */
  readonly happened?: string;
  /** Tells it apart from other advice with the same cause and action; by default, its steps' words do. Problems with the same share their steps. */
  readonly kind?: string;
  readonly likelyCause: string;
  /** The most important action, in one sentence. */
  readonly action: string;
  readonly steps: readonly Step[];
}

/** Advice for every cause of a signal: a cause without advice does not compile. */
export type AdviceTable<S extends Signal> = Readonly<
  Record<(typeof CAUSES)[S][number], (context: AdviceContext) => Advice>
>;
