import type { BackupFacts, Cause, Signal } from '../../../catalog/contract/alarms';
import type { FoundNote } from '../../../catalog/contract/note';
import type { NewNotes, Problem, Recovery } from '../../../catalog/contract/notification';
import { isSource } from '../observe/housekeeping';
import type { ProblemDecision, SignalOutcome } from './decision';
import { RUN_SIGNALS } from './decision';
import { DAMPED, FlappingJudge } from './flapping';
import type { NotesMemory } from './new-notes';
import { newNotes } from './new-notes';
import type { Recovered } from './recovery';
import { recoveryOf } from './recovery';
import type { OpenProblem, Remembered } from './remembered';
import { detailsOf } from './remembered';
import { before, earlier, later } from './times';

const HOUR = 3_600_000;
/** A run that fails again is told again after this time: a nightly failure every day, even if a night is shorter. */
const REMINDER_MS = 20 * HOUR;
/** A problem that every measuring finds again is told again after this time: an email may have been missed. */
const WEEKLY_MS = 7 * 24 * HOUR;
/** Whoever was told that runs fail knows for this time that there are no backups. */
const HOLD_MS = 24 * HOUR;
/** A problem that no event ever ends is over when it has not happened again for this time. */
const QUIET_MS = 14 * 24 * HOUR;
/** Items of a problem that are remembered. */
const ITEMS = 500;
const STILL_SO = 'still so, told a week ago or more';
/** Events that are remembered. */
const SEEN = 20;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** How a problem was found. */
interface Occurrence {
  readonly again: boolean;
  readonly hasEnd?: boolean;
  readonly items?: readonly string[];
}

/** A memory while an observation changes it. */
export class State {
  private readonly open: Partial<Record<Signal, OpenProblem>>;
  readonly goodAt: Partial<Record<Signal, string>>;
  private seen: readonly string[];
  measuredAt?: string;
  private changed = false;
  private readonly flapping: FlappingJudge;
  private readonly problems: Problem[] = [];
  private recovery?: Recovery;
  private notes: NotesMemory | undefined;
  private toldNotes?: NewNotes;
  private readonly ended: { signal: Signal; problem: OpenProblem }[] = [];
  private readonly outcomes: SignalOutcome[] = [];

  constructor(
    private readonly remembered: Remembered,
    private readonly now: Date,
  ) {
    this.open = { ...remembered.open };
    this.goodAt = { ...remembered.goodAt };
    this.seen = remembered.seen;
    this.measuredAt = remembered.measuredAt;
    this.notes = remembered.notes;
    this.flapping = new FlappingJudge(remembered, now.toISOString());
  }

  problem(signal: Signal): OpenProblem | undefined {
    return this.open[signal];
  }

  /** Whether an event was seen before. From now on it was. */
  hasSeen(event: string): boolean {
    if (this.seen.includes(event)) return true;
    this.seen = [...this.seen, event].slice(-SEEN);
    this.changed = true;
    return false;
  }

  ignore(signal: Signal | undefined, cause: Cause | undefined, reason: string): void {
    this.outcomes.push({ signal, cause, outcome: 'ignored', reason });
  }

  /**
   * A problem is there.
   *
   * @param again whether it happened once more, instead of being found to go on
   * @param hasEnd whether an event will end it
   * @param items its items, each in a word
   */
  occur(problem: Problem, at: string, { again, hasEnd = false, items = [] }: Occurrence): void {
    const { signal, cause, sentence, about } = problem;
    const known = this.open[signal];
    const next: Writable<OpenProblem> = {
      about,
      cause,
      sentence,
      told: known?.told ?? {},
      hasEnd: hasEnd || known?.hasEnd === true,
      items: known?.items ?? [],
      since: earlier(known?.since, problem.since),
      lastAt: later(known?.lastAt, at),
      times: again ? (known?.times ?? 0) + 1 : (known?.times ?? 1),
      ...(known?.toldAt !== undefined && { toldAt: known.toldAt }),
      ...(known?.unread && { unread: true }),
      details: detailsOf(problem),
    };
    const keys = items.map((item) => `${cause} ${item}`);
    const reason = this.reasonToTell(problem, known, { at, again, keys });
    if (reason !== undefined) {
      next.toldAt = this.now.toISOString();
      next.told = { ...next.told, [cause]: next.toldAt };
      next.items = [...new Set([...next.items, ...keys])].slice(-ITEMS);
      const reminder = reason === STILL_SO;
      const flapping = DAMPED.includes(signal) ? this.flapping.facts : undefined;
      const more = {
        ...(RUN_SIGNALS.includes(signal) && { times: next.times }),
        ...(reminder && { reminder }),
        ...(flapping && { flapping }),
      };
      this.problems.push({ ...problem, since: next.since, ...more });
      this.outcomes.push({ signal, cause, outcome: 'told', reason });
    }
    // Found again every hour, and nothing new: not worth a write.
    this.changed ||= again || reason !== undefined || known?.cause !== cause || known.sentence !== sentence;
    this.open[signal] = next;
  }

  /** Why a problem is told now; `undefined`, with an outcome, if it is not. */
  private reasonToTell(
    problem: Problem,
    known: OpenProblem | undefined,
    { at, again, keys }: { readonly at: string; readonly again: boolean; readonly keys: readonly string[] },
  ): string | undefined {
    const { signal, cause } = problem;
    if (DAMPED.includes(signal)) {
      const wasFlapping = this.flapping.isFlapping;
      const flapping = this.flapping.fail(signal, cause, at, this.isWell);
      if (wasFlapping && !this.flapping.isFlapping)
        this.tellOpen(
          (other, { toldAt }) => other !== signal && DAMPED.includes(other) && toldAt === undefined,
          'held back until now',
        );
      if (flapping?.tell) return flapping.reason;
      if (flapping) return this.hold(signal, cause, flapping.reason);
    }
    if (this.isHeld(signal, cause))
      return this.hold(signal, cause, 'that its runs fail was told less than 24 hours ago');
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

  private hold(signal: Signal, cause: Cause, reason: string): undefined {
    this.outcomes.push({ signal, cause, outcome: 'held', reason });
  }

  /** Whether nothing that comes with events is open. */
  private get isWell(): boolean {
    return DAMPED.every((signal) => !this.open[signal]);
  }

  /** A dead measuring is never held back, because nothing else reports it; nor is silence while runs fail now and then. */
  private isHeld(signal: Signal, cause: Cause): boolean {
    if (signal !== 'silent' || cause === 'not-measured' || this.flapping.isFlapping) return false;
    return RUN_SIGNALS.some((run) => {
      const toldAt = this.open[run]?.toldAt;
      return toldAt !== undefined && this.now.getTime() - Date.parse(toldAt) < HOLD_MS;
    });
  }

  /** All was well with a signal at a time: problems until then are over. */
  good(signal: Signal, time: string): void {
    const problem = this.open[signal];
    // A clock that is ahead must not make everything out of date that comes next.
    const at = before(time, this.now.toISOString()) ? time : this.now.toISOString();
    if (!before(this.goodAt[signal] ?? '', at)) return;
    this.goodAt[signal] = at;
    this.changed = true;
    if (!problem || before(at, problem.lastAt)) return;
    delete this.open[signal];
    this.ended.push({ signal, problem });
    if (DAMPED.includes(signal) && this.isWell) this.flapping.change(at);
  }

  /** Tells again, to the first reader, the problems that nobody has read. */
  retellUnread(): void {
    this.tellOpen((_, { unread }) => unread === true, 'nobody had confirmed a subscription before');
  }

  /** Tells open problems, as they are remembered. */
  private tellOpen(which: (signal: Signal, problem: OpenProblem) => boolean, reason: string): void {
    const { key } = this.remembered;
    for (const [signal, problem] of Object.entries(this.open) as [Signal, OpenProblem][]) {
      if (!which(signal, problem)) continue;
      const { cause, about, sentence, since, times, details } = problem;
      const more = { ...(isSource(key) && { source: key }), ...(RUN_SIGNALS.includes(signal) && { times }) };
      this.problems.push({ signal, cause, about, sentence, since, ...more, ...details });
      const now = this.now.toISOString();
      this.open[signal] = { ...problem, unread: false, toldAt: now, told: { ...problem.told, [cause]: now } };
      this.changed = true;
      this.outcomes.push({ signal, cause, outcome: 'told', reason });
    }
  }

  /** Forgets a problem without an email. */
  drop(signal: Signal, reason: string): void {
    const problem = this.open[signal];
    if (!problem) return;
    delete this.open[signal];
    this.changed = true;
    this.outcomes.push({ signal, cause: problem.cause, outcome: 'ended', reason });
  }

  /** Forgets that it came and went. */
  forgetFlapping(): void {
    this.changed ||= this.flapping.isFlapping;
    this.flapping.forget();
  }

  /** Ends problems that no event ends, and that have not happened again for long. */
  endQuiet(at: string): void {
    for (const [signal, { lastAt, hasEnd }] of Object.entries(this.open) as [Signal, OpenProblem][]) {
      if (!hasEnd && Date.parse(at) - Date.parse(lastAt) >= QUIET_MS) this.good(signal, at);
    }
    const [first] = this.ended;
    if (first) this.recover({ about: first.problem.about, at, quiet: true });
  }

  /** Tells everything that ended together. */
  recover(of: Recovered): void {
    const { isFlapping } = this.flapping;
    const told = this.ended.filter(
      ({ signal, problem }) => problem.toldAt !== undefined && !(isFlapping && DAMPED.includes(signal)),
    );
    for (const one of this.ended) {
      const { signal, problem } = one;
      const { cause } = problem;
      if (told.includes(one))
        this.outcomes.push({ signal, cause, outcome: 'recovered', reason: 'over, and it was told' });
      else if (problem.toldAt === undefined) {
        this.outcomes.push({ signal, cause, outcome: 'ended', reason: 'over before it was told' });
      } else this.hold(signal, cause, 'it fails and recovers in turn');
    }
    if (told.length === 0) return;
    const times = told.filter(({ signal }) => signal === 'failed').reduce((sum, { problem }) => sum + problem.times, 0);
    const signals = told.map(({ signal }) => signal);
    const since = told.map(({ problem }) => problem.since).reduce(earlier);
    this.recovery = recoveryOf(of, { signals, since, times, open: this.open });
  }

  /** Tells that something that came and went has been stable for a day. */
  settle(of: Recovered): void {
    if (!this.isWell || this.recovery) return;
    const over = this.flapping.settle();
    if (!over) return;
    this.changed = true;
    const { signal, since, failures } = over;
    this.outcomes.push({ signal, outcome: 'recovered', reason: 'stable for a day' });
    this.recovery = { ...recoveryOf(of, { signals: [signal], since, times: failures, open: this.open }), stable: true };
  }

  /** Tells the notes of the newest backup of a source that were not told before. */
  note(source: string, newest: BackupFacts, notes: readonly FoundNote[]): void {
    const { tell, memory } = newNotes(this.notes, notes, this.now);
    this.changed ||= memory !== this.notes;
    this.notes = memory;
    if (tell.length === 0) return;
    this.toldNotes = { source, newest, notes: tell };
    this.outcomes.push({ outcome: 'told', reason: `new notes: ${tell.map(({ kind }) => kind).join(', ')}` });
  }

  measured(at: string): void {
    this.measuredAt = at;
  }

  decision(): ProblemDecision {
    const { open, goodAt, seen, measuredAt, problems, recovery, notes, toldNotes, outcomes, remembered } = this;
    const { key, version } = remembered;
    const measured = measuredAt !== undefined && { measuredAt };
    const next = {
      key,
      version,
      open,
      goodAt,
      seen,
      ...measured,
      ...(notes && { notes }),
      ...this.flapping.remembered,
    };
    const tells = problems.length > 0 || recovery !== undefined || toldNotes !== undefined;
    return {
      next: this.changed ? next : remembered,
      ...(tells && { tell: { problems, ...(recovery && { recovery }), ...(toldNotes && { notes: toldNotes }) } }),
      outcomes,
    };
  }
}
