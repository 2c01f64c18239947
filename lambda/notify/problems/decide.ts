import type { Cause, Finding, Objectives, Signal, SourceHealth } from '../../../catalog/contract/alarms';
import { SIGNALS } from '../../../catalog/contract/alarms';
import type { Problem } from '../../../catalog/contract/notification';
import type { ProblemDecision } from './decision';
import { RUN_SIGNALS } from './decision';
import type { GoodNews, Trouble } from './observation';
import type { OpenProblem, Remembered } from './remembered';
import { State } from './state';
import { before } from './times';

/** A measuring from longer ago says nothing about now. */
const FRESH_MS = 3 * 3_600_000;
const MEASURED_SIGNALS = ['silent', 'strange-size', 'not-proven'] as const;

/** Result of the measuring for one source. */
export interface SourceMeasured {
  readonly state: 'source-measured';
  readonly key: string;
  readonly at: string;
  readonly health: SourceHealth;
  /** Signals that are turned off for it. */
  readonly off?: readonly Signal[];
}

/** A change without an event of its own. */
export interface Upkeep {
  /**
   * - `time-passed`: problems that no event ends may be over
   * - `first-reader`: somebody reads the emails from now on
   * - `removed`: the source, or the vault of its copies, is no longer watched
   */
  readonly state: 'time-passed' | 'first-reader' | 'removed';
  readonly key: string;
  readonly at: string;
}

/** An observation of one source, or of one concern of the housekeeping. */
export type Decidable = Trouble | GoodNews | SourceMeasured | Upkeep;

/** Decides what an observation means: what is told, and what is remembered. */
export function decide(remembered: Remembered, observation: Decidable, now: Date): ProblemDecision {
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
      state.settle({ about: aboutOf(remembered), at: observation.at });
      break;
    case 'first-reader':
      state.retellUnread();
      break;
    case 'removed':
      for (const signal of SIGNALS) state.drop(signal, 'it is no longer watched');
      state.forgetFlapping();
  }
  return state.decision();
}

function trouble(state: State, observation: Trouble): void {
  const { signal, cause, at, event, hasEnd } = observation;
  if (state.hasSeen(`${event}/${signal}`)) return state.ignore(signal, cause, 'this event was seen before');
  if (before(at, state.goodAt[signal])) return state.ignore(signal, cause, 'older than the last good news');
  // A test that cannot run is tried every day: that is repeated every week, as what the measuring finds.
  state.occur(problemOf(observation), at, { again: signal !== 'not-proven', hasEnd });
}

/** The part of an observation that is told. */
function problemOf(observation: Trouble): Problem {
  const own: readonly string[] = ['state', 'key', 'at', 'event', 'unsure', 'hasEnd', 'messageId'];
  return Object.fromEntries(Object.entries(observation).filter(([key]) => !own.includes(key))) as unknown as Problem;
}

function goodNews(state: State, { ends, at, event, about, source }: GoodNews): void {
  if (state.hasSeen(`${event}/ok`)) return state.ignore(undefined, undefined, 'this event was seen before');
  for (const signal of ends) state.good(signal, at);
  state.recover({ about, source, at });
  state.settle({ about, source, at });
}

function measured(state: State, { key, at, health, off = [] }: SourceMeasured, now: Date): void {
  const { newest, notes = [], lastUsual, lastSound, proven, objectives, allowedAgeSeconds, findings, failure } = health;
  // Sources that could not be measured are told together.
  if (failure !== undefined) return state.ignore(undefined, undefined, `it could not be measured: ${failure}`);
  if (now.getTime() - Date.parse(at) > FRESH_MS) return state.ignore(undefined, undefined, 'measured too long ago');
  if (before(at, state.measuredAt)) return state.ignore(undefined, undefined, 'older than the last measuring');
  for (const signal of off) state.drop(signal, 'turned off');
  // Whoever turns the tests off waits for none, and nothing is proven by that; nor by tests that can prove nothing.
  const unproven = state.problem('not-proven');
  if (objectives?.tests && unproven && UNAWAITED[objectives.tests].includes(unproven.cause)) {
    state.drop('not-proven', 'its restore tests were turned off');
  }
  if (newest) {
    const completed = new Date(Date.parse(newest.time) + newest.durationSeconds * 1000).toISOString();
    // The event of the good run may have been lost.
    for (const signal of RUN_SIGNALS) {
      // The newest recovery point may be the incomplete one: only the event of its job says so.
      if (state.problem(signal)?.cause !== 'managed-incomplete') state.good(signal, completed);
    }
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
    const facts = {
      newest,
      allowedAgeSeconds,
      ...(lastSound && { lastSound }),
      ...(finding.signal === 'strange-size' && { lastUsual }),
      ...(finding.signal === 'not-proven' && { ...(proven && { proven }), ...(objectives && { objectives }) }),
    };
    state.occur(foundProblem(finding, key, facts), at, { again: false, items: finding.items });
  }
  state.recover({ about: key, source: key, at, newest });
  state.settle({ about: key, source: key, at, newest });
  if (newest) state.note(key, newest, notes);
  state.measured(at);
}

/** A measured problem is over only if there is something to judge: no backup is no good backup. */
function isOver(signal: Signal, { cause, since, details }: OpenProblem, health: SourceHealth): boolean {
  const { newest, proven, tested } = health;
  if (signal === 'silent' && cause === 'not-measured') return true;
  if (signal !== 'not-proven') return newest !== undefined;
  if (LATE.has(cause)) return proven !== undefined;
  // That an older backup restores says nothing of one that did not.
  const oldest = (cause === 'restore-test-failed' && details?.test?.id) || '';
  return [proven, tested].some((test) => test !== undefined && test.id >= oldest && before(since, test.testedAt));
}

/** Causes that say of no backup that it is bad, and that nobody waits to be over. */
const UNAWAITED: Readonly<Record<NonNullable<Objectives['tests']>, readonly Cause[]>> = {
  off: ['restore-test-not-run', 'too-large', 'never-proven', 'proof-too-old'],
  unprovable: ['never-proven', 'proof-too-old'],
};

/** Causes that the measuring alone finds: they are over when it does not find them any more. */
const LATE: ReadonlySet<Cause> = new Set<Cause>(['proof-too-old', 'never-proven', 'recovery-too-slow']);

const foundProblem = (
  { signal, cause, sentence, short, since, tables, test, failingSince }: Finding,
  source: string,
  facts: Pick<Problem, 'newest' | 'lastUsual' | 'lastSound' | 'allowedAgeSeconds' | 'proven' | 'objectives'>,
): Problem => ({
  ...{ signal, cause, source, about: source, sentence, short, since },
  ...(tables && { tables }),
  ...(test && { test }),
  ...(failingSince !== undefined && { failingSince }),
  ...facts,
});

/** `housekeeping/prune-snapshots/Backup=daily`: what is remembered has no better name once nothing is open. */
const aboutOf = ({ key, open }: Remembered): string =>
  Object.values(open)[0]?.about ?? key.slice(key.indexOf('/') + 1).replaceAll('/', ' ');
