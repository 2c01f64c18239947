import type { Finding, Signal, SourceHealth } from '../../../catalog/contract/alarms';
import { SIGNALS } from '../../../catalog/contract/alarms';
import type { Problem } from '../../../catalog/contract/notification';
import type { GoodNews, Trouble } from './observation';
import type { OpenProblem, Remembered } from '../ports';
import type { Decision } from './state';
import { before, RUN_SIGNALS, State } from './state';

/** What was measured longer ago says nothing of now. */
const FRESH_MS = 3 * 3_600_000;
const MEASURED_SIGNALS = ['silent', 'strange-size', 'not-proven'] as const;

/** What the measuring says of one source. */
export interface SourceMeasured {
  readonly state: 'source-measured';
  readonly of: string;
  readonly at: string;
  readonly health: SourceHealth;
  /** Signals that are turned off for it. */
  readonly off?: readonly Signal[];
}

/** Something that happens to what is remembered, without any event of its own. */
export interface Upkeep {
  /**
   * - `time-passed`: what nothing calls well may be over
   * - `first-reader`: somebody reads the emails from now on
   * - `removed`: the source is watched no more
   */
  readonly state: 'time-passed' | 'first-reader' | 'removed';
  readonly of: string;
  readonly at: string;
}

export type Decidable = Trouble | GoodNews | SourceMeasured | Upkeep;

/** Nothing is remembered. */
export const blank = (of: string): Remembered => ({ of, open: {}, goodAt: {}, seen: [], version: 0 });

/** Decides what an observation means for what is known already: what is to be told, and what to be remembered. */
export function decide(remembered: Remembered, observation: Decidable, now: Date): Decision {
  const state = new State(remembered, now);
  switch (observation.state) {
    case 'source-measured':
      measured(state, observation, now);
      break;
    case 'ok':
      goodNews(state, observation);
      break;
    case 'problem':
      trouble(state, observation);
      break;
    case 'time-passed':
      state.endQuiet(observation.at);
      break;
    case 'first-reader':
      state.retell(observation.of);
      break;
    case 'removed':
      for (const signal of SIGNALS) state.drop(signal, 'its source is watched no more');
  }
  return state.decision();
}

function trouble(state: State, observation: Trouble): void {
  const { signal, cause, at, event, hasEnd } = observation;
  if (state.hasSeen(`${event}/${signal}`)) return state.ignore(signal, cause, 'this event was taken in before');
  if (before(at, state.goodAt[signal])) return state.ignore(signal, cause, 'older than the last good news');
  state.occur(problemOf(observation), at, { again: true, hasEnd });
}

/** What is told of it. */
function problemOf(observation: Trouble): Problem {
  const own: readonly string[] = ['state', 'of', 'at', 'event', 'unsure', 'hasEnd'];
  return Object.fromEntries(Object.entries(observation).filter(([key]) => !own.includes(key))) as unknown as Problem;
}

function goodNews(state: State, { ends, at, event, about, source }: GoodNews): void {
  if (state.hasSeen(`${event}/ok`)) return state.ignore(undefined, undefined, 'this event was taken in before');
  for (const signal of ends) state.good(signal, at);
  state.recover({ about, source, at });
}

function measured(state: State, { of, at, health, off = [] }: SourceMeasured, now: Date): void {
  const { newest, lastUsual, allowedAgeSeconds, findings, failure } = health;
  // What could not be measured is told of together.
  if (failure !== undefined) return state.ignore(undefined, undefined, `it could not be measured: ${failure}`);
  if (now.getTime() - Date.parse(at) > FRESH_MS) return state.ignore(undefined, undefined, 'measured too long ago');
  if (before(at, state.measuredAt)) return state.ignore(undefined, undefined, 'older than the last measuring');
  for (const signal of off) state.drop(signal, 'turned off');
  if (newest) {
    const completed = new Date(Date.parse(newest.time) + newest.durationSeconds * 1000).toISOString();
    // The event of the good run may have been lost.
    for (const signal of RUN_SIGNALS) state.good(signal, completed);
  }
  for (const signal of MEASURED_SIGNALS) {
    const open = state.problem(signal);
    if (open && !findings.some((finding) => finding.signal === signal) && isOver(signal, open, health))
      state.good(signal, at);
  }
  for (const finding of findings) {
    if (before(at, state.goodAt[finding.signal])) {
      state.ignore(finding.signal, finding.cause, 'older than the last good news');
      continue;
    }
    const facts = { newest, allowedAgeSeconds, ...(finding.signal === 'strange-size' && { lastUsual }) };
    state.occur(found(finding, of, facts), at, { again: false, items: finding.items });
  }
  state.recover({ about: of, source: of, at, newest });
  state.measured(at);
}

/** A measured problem is over only if there is something that could be judged: what is gone is not well. */
function isOver(signal: Signal, { cause, since }: OpenProblem, { newest, proven }: SourceHealth): boolean {
  if (signal === 'strange-size') return newest !== undefined;
  if (signal !== 'not-proven') return true;
  return proven !== undefined && (cause !== 'restore-test-failed' || before(since, proven.testedAt));
}

const found = (
  { signal, cause, sentence, since }: Finding,
  source: string,
  facts: Pick<Problem, 'newest' | 'lastUsual' | 'allowedAgeSeconds'>,
): Problem => ({ signal, cause, source, about: source, sentence, since, ...facts });
