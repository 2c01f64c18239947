import type { Cause, Finding, Signal, SourceHealth } from '../../catalog/alarms';
import type { Problem, Recovery } from '../../catalog/notification';
import type { GoodNews, Trouble } from './observation';
import type { OpenProblem, Remembered } from './ports';

const HOUR = 3_600_000;
/** A problem that goes on is told again after this time: a nightly failure every day, in spite of a night that is shorter. */
export const REMINDER_MS = 20 * HOUR;
/** Who was told that runs fail knows that there are no backups, for this time. */
export const HOLD_MS = 24 * HOUR;
/** Events that are remembered. */
const SEEN = 20;

/** What the measuring says of one source. */
export interface SourceMeasured {
  readonly state: 'source-measured';
  readonly of: string;
  readonly at: string;
  readonly health: SourceHealth;
}

export type Decidable = Trouble | GoodNews | SourceMeasured;

/** What became of a signal, and why: for the log. */
export interface Verdict {
  readonly signal?: Signal;
  readonly cause?: Cause;
  readonly outcome: 'told' | 'held' | 'ignored' | 'ended' | 'recovered';
  readonly reason: string;
}

/** What is to be told. */
export interface Tell {
  readonly problems: readonly Problem[];
  readonly recovery?: Recovery;
}

export interface Decision {
  /** What is to be remembered once it was told. The same object if nothing changes. */
  readonly next: Remembered;
  readonly tell?: Tell;
  readonly verdicts: readonly Verdict[];
}

/** Nothing is remembered. */
export const blank = (of: string): Remembered => ({ of, open: {}, goodAt: {}, seen: [], version: 0 });

/** Decides what an observation means for what is known already: what is to be told, and what to be remembered. */
export function decide(remembered: Remembered, observation: Decidable, now: Date): Decision {
  const state = new State(remembered, now);
  if (observation.state === 'source-measured') measured(state, observation);
  else if (observation.state === 'ok') goodNews(state, observation);
  else trouble(state, observation);
  return state.decision();
}

function trouble(state: State, observation: Trouble): void {
  const { signal, cause, at, event } = observation;
  if (state.hasSeen(`${event}/${signal}`)) return state.ignore(signal, cause, 'this event was taken in before');
  if (before(at, state.goodAt[signal])) return state.ignore(signal, cause, 'older than the last good news');
  state.occur(problemOf(observation), at, { again: true });
}

/** What is told of it. */
function problemOf(observation: Trouble): Problem {
  const own: readonly string[] = ['state', 'of', 'at', 'event', 'unsure'];
  return Object.fromEntries(Object.entries(observation).filter(([key]) => !own.includes(key))) as unknown as Problem;
}

function goodNews(state: State, { ends, at, event, about, source }: GoodNews): void {
  if (state.hasSeen(`${event}/ok`)) return state.ignore(undefined, undefined, 'this event was taken in before');
  for (const signal of ends) state.good(signal, at);
  state.recover({ about, source, at });
}

function measured(state: State, { of, at, health }: SourceMeasured): void {
  const { newest, allowedAgeSeconds, findings, failure } = health;
  // Its own metric and alarm tell of it.
  if (failure !== undefined) return state.ignore(undefined, undefined, `it could not be measured: ${failure}`);
  if (before(at, state.measuredAt)) return state.ignore(undefined, undefined, 'older than the last measuring');
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

const RUN_SIGNALS = ['failed', 'never-started'] as const;
const MEASURED_SIGNALS = ['silent', 'strange-size', 'not-proven'] as const;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What is remembered, while an observation changes it. */
class State {
  private readonly open: Partial<Record<Signal, OpenProblem>>;
  readonly goodAt: Partial<Record<Signal, string>>;
  private seen: readonly string[];
  measuredAt?: string;
  private changed = false;
  private readonly problems: Problem[] = [];
  private recovery?: Recovery;
  private readonly ended: { signal: Signal; problem: OpenProblem }[] = [];
  private readonly verdicts: Verdict[] = [];

  constructor(
    private readonly remembered: Remembered,
    private readonly now: Date,
  ) {
    this.open = { ...remembered.open };
    this.goodAt = { ...remembered.goodAt };
    this.seen = remembered.seen;
    this.measuredAt = remembered.measuredAt;
  }

  isOpen(signal: Signal): boolean {
    return this.open[signal] !== undefined;
  }

  /** Whether an event was taken in before. From now on it was. */
  hasSeen(event: string): boolean {
    if (this.seen.includes(event)) return true;
    this.seen = [...this.seen, event].slice(-SEEN);
    this.changed = true;
    return false;
  }

  ignore(signal: Signal | undefined, cause: Cause | undefined, reason: string): void {
    this.verdicts.push({ signal, cause, outcome: 'ignored', reason });
  }

  /**
   * A problem is there.
   *
   * @param again whether it happened once more, instead of being found to go on
   */
  occur(problem: Problem, at: string, { again }: { again: boolean }): void {
    const { signal, cause, sentence } = problem;
    const known = this.open[signal];
    const next: Writable<OpenProblem> = {
      ...{ cause, sentence, told: known?.told ?? {} },
      since: earlier(known?.since, problem.since),
      lastAt: later(known?.lastAt, at),
      times: again ? (known?.times ?? 0) + 1 : (known?.times ?? 1),
      ...(known?.toldAt !== undefined && { toldAt: known.toldAt }),
    };
    const reason = this.reasonToTell(problem, known, again);
    if (reason !== undefined) {
      next.toldAt = this.now.toISOString();
      next.told = { ...next.told, [cause]: next.toldAt };
      const isRun = RUN_SIGNALS.some((run) => run === signal);
      this.problems.push({ ...problem, since: next.since, ...(isRun && { times: next.times }) });
      this.verdicts.push({ signal, cause, outcome: 'told', reason });
    }
    // Found again every hour, and nothing new: not worth a write.
    this.changed ||= again || reason !== undefined || known?.cause !== cause || known.sentence !== sentence;
    this.open[signal] = next;
  }

  /** Why a problem is told now; `undefined`, with a verdict, if it is not. */
  private reasonToTell(problem: Problem, known: OpenProblem | undefined, again: boolean): string | undefined {
    const { signal, cause } = problem;
    if (this.isHeld(signal, cause)) {
      this.verdicts.push({
        signal,
        cause,
        outcome: 'held',
        reason: 'that its runs fail was told less than 24 hours ago',
      });
      return undefined;
    }
    const toldAt = known?.told[cause];
    if (!known || known.toldAt === undefined) return known ? 'held back until now' : 'new';
    if (toldAt === undefined) return 'another cause';
    const isDue = this.now.getTime() - Date.parse(toldAt) >= REMINDER_MS;
    if (isDue && (again || known.cause !== cause)) return 'goes on, told 20 hours ago or more';
    this.ignore(signal, cause, 'told already');
    return undefined;
  }

  /** Nobody else tells that the measuring is dead: that is never held back. */
  private isHeld(signal: Signal, cause: Cause): boolean {
    if (signal !== 'silent' || cause === 'not-measured') return false;
    return RUN_SIGNALS.some((run) => {
      const toldAt = this.open[run]?.toldAt;
      return toldAt !== undefined && this.now.getTime() - Date.parse(toldAt) < HOLD_MS;
    });
  }

  /** All was well with a signal at a time: what was wrong until then is over. */
  good(signal: Signal, at: string): void {
    const problem = this.open[signal];
    if (!before(this.goodAt[signal] ?? '', at)) return;
    this.goodAt[signal] = at;
    this.changed = true;
    if (!problem || before(at, problem.lastAt)) return;
    delete this.open[signal];
    this.ended.push({ signal, problem });
  }

  /** Tells of all that ended together. */
  recover(of: Pick<Recovery, 'about' | 'source' | 'at' | 'newest'>): void {
    const told = this.ended.filter(({ problem }) => problem.toldAt !== undefined);
    for (const { signal, problem } of this.ended) {
      const { cause } = problem;
      if (problem.toldAt !== undefined) {
        this.verdicts.push({ signal, cause, outcome: 'recovered', reason: 'over, and it was told' });
      } else this.verdicts.push({ signal, cause, outcome: 'ended', reason: 'over before it was told' });
    }
    if (told.length === 0) return;
    const times = told.filter(({ signal }) => signal === 'failed').reduce((sum, { problem }) => sum + problem.times, 0);
    const { about, source, at, newest } = of;
    this.recovery = {
      ...(source !== undefined && { source }),
      ...{ about, at, signals: told.map(({ signal }) => signal) },
      since: told.map(({ problem }) => problem.since).reduce(earlier),
      ...(times > 0 && { times }),
      ...(newest && { newest }),
    };
  }

  measured(at: string): void {
    this.measuredAt = at;
  }

  decision(): Decision {
    const { open, goodAt, seen, measuredAt, problems, recovery, verdicts, remembered } = this;
    const next = { ...remembered, open, goodAt, seen, ...(measuredAt !== undefined && { measuredAt }) };
    const tells = problems.length > 0 || recovery !== undefined;
    return {
      next: this.changed ? next : remembered,
      ...(tells && { tell: { problems, ...(recovery && { recovery }) } }),
      verdicts,
    };
  }
}

/** Times are compared as times: some have milliseconds, some have not. */
const before = (a: string, b: string | undefined): boolean =>
  b !== undefined && (a === '' || Date.parse(a) < Date.parse(b));
const earlier = (a: string | undefined, b: string): string => (a !== undefined && before(a, b) ? a : b);
const later = (a: string | undefined, b: string): string => (a !== undefined && before(b, a) ? a : b);
