import type { Finding, Signal, SourceHealth } from '../../catalog/alarms';
import type { Problem } from '../../catalog/notification';
import type { GoodNews, Trouble } from './observation';
import type { Remembered } from './ports';
import type { Decision } from './state';
import { before, RUN_SIGNALS, State } from './state';

/** What the measuring says of one source. */
export interface SourceMeasured {
  readonly state: 'source-measured';
  readonly of: string;
  readonly at: string;
  readonly health: SourceHealth;
  /** Signals that are turned off for it. */
  readonly off?: readonly Signal[];
}

/** Time has passed: what nothing calls well may be over. */
export interface TimePassed {
  readonly state: 'time-passed';
  readonly of: string;
  readonly at: string;
}

export type Decidable = Trouble | GoodNews | SourceMeasured | TimePassed;

/** Nothing is remembered. */
export const blank = (of: string): Remembered => ({ of, open: {}, goodAt: {}, seen: [], version: 0 });

/** Decides what an observation means for what is known already: what is to be told, and what to be remembered. */
export function decide(remembered: Remembered, observation: Decidable, now: Date): Decision {
  const state = new State(remembered, now);
  if (observation.state === 'source-measured') measured(state, observation);
  else if (observation.state === 'time-passed') state.endQuiet(observation.at);
  else if (observation.state === 'ok') goodNews(state, observation);
  else trouble(state, observation);
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

function measured(state: State, { of, at, health, off = [] }: SourceMeasured): void {
  const { newest, allowedAgeSeconds, findings, failure } = health;
  // Its own metric and alarm tell of it.
  if (failure !== undefined) return state.ignore(undefined, undefined, `it could not be measured: ${failure}`);
  if (before(at, state.measuredAt)) return state.ignore(undefined, undefined, 'older than the last measuring');
  for (const signal of off) state.drop(signal, 'turned off');
  if (newest) {
    const completed = new Date(Date.parse(newest.time) + newest.durationSeconds * 1000).toISOString();
    // The event of the good run may have been lost.
    for (const signal of RUN_SIGNALS) if (state.isOpen(signal)) state.good(signal, completed);
  }
  for (const signal of MEASURED_SIGNALS) {
    if (state.isOpen(signal) && !findings.some((finding) => finding.signal === signal)) state.good(signal, at);
  }
  for (const finding of findings) {
    if (before(at, state.goodAt[finding.signal])) {
      state.ignore(finding.signal, finding.cause, 'older than the last good news');
      continue;
    }
    state.occur(found(finding, of, { newest, allowedAgeSeconds }), at, { again: false });
  }
  state.recover({ about: of, source: of, at, newest });
  state.measured(at);
}

const found = (
  { signal, cause, sentence, since }: Finding,
  source: string,
  facts: Pick<Problem, 'newest' | 'allowedAgeSeconds'>,
): Problem => ({ signal, cause, source, about: source, sentence, since, ...facts });

const MEASURED_SIGNALS = ['silent', 'strange-size', 'not-proven'] as const;
