/** Simulates a retention on the runs of a schedule. Pure: the same plan as the prune handlers', day after day. */
import { backupId } from '../bucket/names';
import type { PruneGuards, Refusal } from './prune';
import { planPrune } from './prune';
import type { RetainedBackup } from './retention';
import type { RetentionPolicy } from './retention-policy';
import { nextTimes, scheduleTimes } from './schedule-times';

const DAY_MS = 86_400_000;
/** Time of day of the pruning, as it is by default: 04:30 UTC. */
const PRUNE_MS = 4.5 * 3_600_000;

/** A time with its beginning and without its end. */
export interface Span {
  readonly from: Date;
  readonly to: Date;
}

/** Input of a simulation. */
export interface SimulationInput extends Span {
  readonly policy: RetentionPolicy;
  /** When backups are due, in order. Each is whole, and made at once. */
  readonly runs: readonly Date[];
  /** Times in which no run succeeds. */
  readonly failures?: readonly Span[];
  readonly guards: Omit<PruneGuards, 'confirmed'>;
}

/** A backup that is there at the end. */
export interface StoredBackup {
  readonly time: Date;
  /** Why it is there. */
  readonly reasons: readonly string[];
}

/** Days on end on which the pruning was refused for one reason. */
export interface SimulatedRefusal extends Refusal {
  readonly first: Date;
  readonly last: Date;
  readonly prunings: number;
}

/** Backups that were left when runs began to succeed again. */
export interface SimulatedFailure extends Span {
  readonly failed: number;
  readonly left: number;
  readonly oldest?: Date;
  readonly newest?: Date;
}

/** Result of a simulation. */
export interface Simulation {
  readonly made: number;
  readonly failed: number;
  readonly deleted: number;
  /** Newest first. */
  readonly stored: readonly StoredBackup[];
  /** The most that was stored at any time, and when first; left out if nothing ever was. */
  readonly most?: { readonly count: number; readonly time: Date };
  /** The sentence of each is that of its first day. */
  readonly refusals: readonly SimulatedRefusal[];
  readonly failures: readonly SimulatedFailure[];
}

/**
 * The times that a schedule comes to. A rate counts from the beginning.
 *
 * @param expression of EventBridge Scheduler, in a time zone
 * @throws ScheduleExpressionError
 */
export function runTimes(expression: string, timeZone: string, { from, to }: Span): Date[] {
  if (expression.startsWith('rate(')) {
    const gap = scheduleTimes(expression, timeZone, from).shortestGap! * 1000;
    const count = Math.ceil((to.getTime() - from.getTime()) / gap);
    return Array.from({ length: count }, (_, index) => new Date(from.getTime() + index * gap));
  }
  const times: Date[] = [];
  for (let last = new Date(from.getTime() - 1); ; last = times.at(-1)!) {
    const next = nextTimes(expression, timeZone, last, 1000);
    times.push(...next.filter((time) => time < to));
    if (next.length < 1000 || next.at(-1)! >= to) return times;
  }
}

/**
 * Walks through the time: each run makes a backup, and each day, at 04:30 UTC and once more at the end, a pruning deletes
 * what the plan says. Nobody confirms what the pruning by schedule refuses.
 */
export function simulate(input: SimulationInput): Simulation {
  const walk = new Walk(input);
  for (const { act } of events(input, walk)) act();
  return walk.result();
}

/** All events, in order. At one moment: a failure ends, a backup is made, the pruning runs. */
function events({ from, to, runs, failures = [] }: SimulationInput, walk: Walk): { act: () => void }[] {
  const all: { time: number; order: number; act: () => void }[] = [];
  const add = (time: Date, order: number, act: () => void): void => void all.push({ time: time.getTime(), order, act });
  for (const failure of failures) add(failure.to, 0, () => walk.endFailure(failure));
  for (const time of runs) add(time, 1, () => walk.run(time));
  const midnight = Math.floor(from.getTime() / DAY_MS) * DAY_MS;
  for (let time = midnight + PRUNE_MS; time < to.getTime(); time += DAY_MS) {
    if (time >= from.getTime()) add(new Date(time), 2, () => walk.prune(new Date(time)));
  }
  add(to, 2, () => walk.prune(to));
  return all.sort((a, b) => a.time - b.time || a.order - b.order);
}

class Walk {
  private stored: RetainedBackup[] = [];
  private reasons = new Map<RetainedBackup, readonly string[]>();
  private made = 0;
  private deleted = 0;
  private most: { count: number; time: Date } | undefined;
  private readonly refusals: { refusal: Refusal; first: Date; last: Date; prunings: number }[] = [];
  private refusedLast = false;
  private readonly failures: SimulatedFailure[] = [];

  constructor(private readonly input: SimulationInput) {}

  run(time: Date): void {
    if (this.input.failures?.some((failure) => isWithin(time, failure))) return;
    this.made++;
    this.stored.push({ id: backupId(time), time });
    if (this.stored.length > (this.most?.count ?? 0)) this.most = { count: this.stored.length, time };
  }

  endFailure(failure: Span): void {
    const [oldest, newest] = [this.stored[0]?.time, this.stored.at(-1)?.time];
    this.failures.push({
      from: failure.from,
      to: failure.to,
      failed: this.input.runs.filter((time) => isWithin(time, failure)).length,
      left: this.stored.length,
      ...(oldest && { oldest }),
      ...(newest && { newest }),
    });
  }

  prune(time: Date): void {
    const { policy, guards } = this.input;
    const { decisions, deletions, refusal } = planPrune(this.stored, policy, guards, time);
    this.note(refusal, time);
    this.reasons = new Map(
      decisions.map(({ backup, keep, reasons }) => [
        backup,
        keep ? reasons : [`not deleted: ${refusal?.why.replaceAll('-', ' ')}`],
      ]),
    );
    if (deletions.length === 0) return;
    const gone = new Set(deletions);
    this.stored = this.stored.filter((backup) => !gone.has(backup));
    this.deleted += gone.size;
  }

  private note(refusal: Refusal | undefined, time: Date): void {
    const last = this.refusals.at(-1);
    if (refusal && this.refusedLast && last?.refusal.why === refusal.why) {
      last.last = time;
      last.prunings++;
    } else if (refusal) {
      this.refusals.push({ refusal, first: time, last: time, prunings: 1 });
    }
    this.refusedLast = refusal !== undefined;
  }

  result(): Simulation {
    return {
      made: this.made,
      failed: this.input.runs.length - this.made,
      deleted: this.deleted,
      stored: this.stored.map((backup) => ({ time: backup.time, reasons: this.reasons.get(backup)! })).reverse(),
      ...(this.most && { most: this.most }),
      refusals: this.refusals.map(({ refusal, ...days }) => ({ ...refusal, ...days })),
      failures: this.failures,
    };
  }
}

const isWithin = (time: Date, { from, to }: Span): boolean => time >= from && time < to;
