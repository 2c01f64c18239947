import type { Cause, Signal } from '../../../catalog/contract/alarms';
import type { Problem, Recovery } from '../../../catalog/contract/notification';
import { isSource } from '../observe/housekeeping';
import type { OpenProblem, Remembered } from '../ports';

const HOUR = 3_600_000;
/** A run that fails again is told again after this time: a nightly failure every day, in spite of a night that is shorter. */
const REMINDER_MS = 20 * HOUR;
/** What is found again with every measuring is told again after this time: an email may have been missed. */
const WEEKLY_MS = 7 * 24 * HOUR;
/** Who was told that runs fail knows that there are no backups, for this time. */
const HOLD_MS = 24 * HOUR;
/** What no event ever calls well is over when it has not happened again for this time. */
const QUIET_MS = 14 * 24 * HOUR;
/** Items of a problem that are remembered. */
const ITEMS = 500;
const STILL_SO = 'still so, told a week ago or more';
/** Events that are remembered. */
const SEEN = 20;

/** Signals of runs: they happen, where others last. */
export const RUN_SIGNALS: readonly Signal[] = ['failed', 'never-started'];

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

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** How a problem was found. */
interface Occurrence {
  readonly again: boolean;
  readonly hasEnd?: boolean;
  readonly items?: readonly string[];
}

/** What is remembered, while an observation changes it. */
export class State {
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

  problem(signal: Signal): OpenProblem | undefined {
    return this.open[signal];
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
   * @param hasEnd whether something will call it well
   * @param items what it is about, each in a word
   */
  occur(problem: Problem, at: string, { again, hasEnd = false, items = [] }: Occurrence): void {
    const { signal, cause, sentence, about } = problem;
    const known = this.open[signal];
    const next: Writable<OpenProblem> = {
      ...{ about, cause, sentence, told: known?.told ?? {} },
      hasEnd: hasEnd || known?.hasEnd === true,
      items: known?.items ?? [],
      since: earlier(known?.since, problem.since),
      lastAt: later(known?.lastAt, at),
      times: again ? (known?.times ?? 0) + 1 : (known?.times ?? 1),
      ...(known?.toldAt !== undefined && { toldAt: known.toldAt }),
    };
    const keys = items.map((item) => `${cause} ${item}`);
    const reason = this.reasonToTell(problem, known, { again, keys });
    if (reason !== undefined) {
      next.toldAt = this.now.toISOString();
      next.told = { ...next.told, [cause]: next.toldAt };
      next.items = [...new Set([...next.items, ...keys])].slice(-ITEMS);
      const reminder = reason === STILL_SO;
      const more = { ...(RUN_SIGNALS.includes(signal) && { times: next.times }), ...(reminder && { reminder }) };
      this.problems.push({ ...problem, since: next.since, ...more });
      this.verdicts.push({ signal, cause, outcome: 'told', reason });
    }
    // Found again every hour, and nothing new: not worth a write.
    this.changed ||= again || reason !== undefined || known?.cause !== cause || known.sentence !== sentence;
    this.open[signal] = next;
  }

  /** Why a problem is told now; `undefined`, with a verdict, if it is not. */
  private reasonToTell(
    problem: Problem,
    known: OpenProblem | undefined,
    { again, keys }: { readonly again: boolean; readonly keys: readonly string[] },
  ): string | undefined {
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
    if (keys.some((key) => !known.items.includes(key))) return 'something new';
    const silence = this.now.getTime() - Date.parse(toldAt);
    if (silence >= REMINDER_MS && (again || known.cause !== cause)) return 'goes on, told 20 hours ago or more';
    if (silence >= WEEKLY_MS) return STILL_SO;
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
  good(signal: Signal, time: string): void {
    const problem = this.open[signal];
    // A clock that is ahead must not make all that comes next out of date.
    const at = before(time, this.now.toISOString()) ? time : this.now.toISOString();
    if (!before(this.goodAt[signal] ?? '', at)) return;
    this.goodAt[signal] = at;
    this.changed = true;
    if (!problem || before(at, problem.lastAt)) return;
    delete this.open[signal];
    this.ended.push({ signal, problem });
  }

  /** What was told had no reader yet: now there is one. */
  retell(of: string): void {
    for (const [signal, problem] of Object.entries(this.open) as [Signal, OpenProblem][]) {
      const { cause, about, sentence, since, times, toldAt } = problem;
      if (toldAt === undefined) continue;
      const more = { ...(isSource(of) && { source: of }), ...(RUN_SIGNALS.includes(signal) && { times }) };
      this.problems.push({ signal, cause, about, sentence, since, ...more });
      const now = this.now.toISOString();
      this.open[signal] = { ...problem, toldAt: now, told: { ...problem.told, [cause]: now } };
      this.changed = true;
      this.verdicts.push({ signal, cause, outcome: 'told', reason: 'nobody had confirmed a subscription before' });
    }
  }

  /** Nobody hears of it any more. */
  drop(signal: Signal, reason: string): void {
    const problem = this.open[signal];
    if (!problem) return;
    delete this.open[signal];
    this.changed = true;
    this.verdicts.push({ signal, cause: problem.cause, outcome: 'ended', reason });
  }

  /** Ends what nothing calls well, and what has not happened again for long. */
  endQuiet(at: string): void {
    for (const [signal, { lastAt, hasEnd }] of Object.entries(this.open) as [Signal, OpenProblem][]) {
      if (!hasEnd && Date.parse(at) - Date.parse(lastAt) >= QUIET_MS) this.good(signal, at);
    }
    const [first] = this.ended;
    if (first) this.recover({ about: first.problem.about, at, quiet: true });
  }

  /** Tells of all that ended together. */
  recover(of: Pick<Recovery, 'about' | 'source' | 'at' | 'newest' | 'quiet'>): void {
    const told = this.ended.filter(({ problem }) => problem.toldAt !== undefined);
    for (const { signal, problem } of this.ended) {
      const { cause } = problem;
      if (problem.toldAt !== undefined) {
        this.verdicts.push({ signal, cause, outcome: 'recovered', reason: 'over, and it was told' });
      } else this.verdicts.push({ signal, cause, outcome: 'ended', reason: 'over before it was told' });
    }
    if (told.length === 0) return;
    const times = told.filter(({ signal }) => signal === 'failed').reduce((sum, { problem }) => sum + problem.times, 0);
    const { about, source, at, newest, quiet } = of;
    const open = Object.keys(this.open) as Signal[];
    this.recovery = {
      ...(source !== undefined && { source }),
      ...{ about, at, signals: told.map(({ signal }) => signal) },
      since: told.map(({ problem }) => problem.since).reduce(earlier),
      ...(times > 0 && { times }),
      ...(newest && { newest }),
      ...(open.length > 0 && { open }),
      ...(quiet && { quiet }),
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
export const before = (a: string, b: string | undefined): boolean =>
  b !== undefined && (a === '' || Date.parse(a) < Date.parse(b));
const earlier = (a: string | undefined, b: string): string => (a !== undefined && before(a, b) ? a : b);
const later = (a: string | undefined, b: string): string => (a !== undefined && before(b, a) ? a : b);
