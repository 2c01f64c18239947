import type { Cause, Signal } from '../../../catalog/contract/alarms';
import type { NewNotes, Problem, Recovery } from '../../../catalog/contract/notification';
import type { Remembered } from './remembered';

/** Signals of runs: they happen, where others last. */
export const RUN_SIGNALS: readonly Signal[] = ['failed', 'never-started'];

/** A decision about one signal, and its reason: for the log. */
export interface SignalOutcome {
  readonly signal?: Signal;
  readonly cause?: Cause;
  readonly outcome: 'told' | 'held' | 'ignored' | 'ended' | 'recovered';
  readonly reason: string;
}

/** The emails of a decision. */
export interface Tell {
  readonly problems: readonly Problem[];
  readonly recovery?: Recovery;
  readonly notes?: NewNotes;
}

export interface ProblemDecision {
  /** To be remembered after the emails were sent. The same object if nothing changes. */
  readonly next: Remembered;
  readonly tell?: Tell;
  readonly outcomes: readonly SignalOutcome[];
}
