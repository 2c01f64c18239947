/** Damps problems that come and go: after the third change within a day one email says so, and then one a day at most. */
import type { Cause, Signal } from '../../../catalog/contract/alarms';
import type { Flapping } from '../../../catalog/contract/notification';
import type { FlappingMemory, Remembered } from './remembered';
import { between } from './times';

const DAY_MS = 24 * 3_600_000;
/** Changes within a day that make a problem a flapping one: it failed, recovered and failed. */
const CHANGES = 3;
/** Changes that are remembered. */
const KEPT = 50;

/** Signals that come with events. The measuring finds the others by itself, and they change with the backups only. */
export const DAMPED: readonly Signal[] = ['failed', 'never-started', 'housekeeping'];

/** The changes of one source or concern. */
export class FlappingJudge {
  private changes: readonly string[];
  private memory: FlappingMemory | undefined;

  constructor(
    remembered: Pick<Remembered, 'changes' | 'flapping'>,
    private readonly now: string,
  ) {
    this.changes = remembered.changes;
    this.memory = remembered.flapping;
  }

  /** Whether it is flapping now. */
  get isFlapping(): boolean {
    return this.memory !== undefined;
  }

  /** The part to remember. */
  get remembered(): Pick<Remembered, 'changes' | 'flapping'> {
    return { changes: this.changes, ...(this.memory && { flapping: this.memory }) };
  }

  /** It began to fail, or recovered. */
  change(at: string): void {
    this.changes = [...this.changes.filter((time) => between(time, at) < DAY_MS), at].slice(-KEPT);
  }

  /**
   * It failed once more.
   *
   * @param isChange whether it was well before
   * @returns whether to tell that it is flapping, and why; `undefined` if it is not flapping
   */
  fail(
    signal: Signal,
    cause: Cause,
    at: string,
    isChange: boolean,
  ): { readonly tell: boolean; readonly reason: string } | undefined {
    if (this.memory && this.isSteady) this.memory = undefined;
    if (isChange) this.change(at);
    if (this.memory) return this.failAgain(this.memory, cause);
    if (!isChange || this.changes.length < CHANGES) return undefined;
    const failures = Math.ceil(this.changes.length / 2);
    this.memory = { signal, since: this.changes[0]!, failures, told: { [cause]: this.now } };
    return { tell: true, reason: 'it fails and recovers in turn' };
  }

  private failAgain(memory: FlappingMemory, cause: Cause): { readonly tell: boolean; readonly reason: string } {
    const toldAt = memory.told[cause];
    const reason =
      toldAt === undefined
        ? 'another cause, while it fails and recovers in turn'
        : between(toldAt, this.now) >= DAY_MS
          ? 'it still fails and recovers in turn, told a day ago or more'
          : undefined;
    const told = reason === undefined ? memory.told : { ...memory.told, [cause]: this.now };
    this.memory = { ...memory, failures: memory.failures + 1, told };
    return { tell: reason !== undefined, reason: reason ?? 'it fails and recovers in turn, which was told' };
  }

  /** Facts for an email; `undefined` if it is not flapping. */
  get facts(): Flapping | undefined {
    return this.memory && { since: this.memory.since, failures: this.memory.failures };
  }

  /** Ends the flapping if nothing has changed for a day. */
  settle(): FlappingMemory | undefined {
    const { memory } = this;
    if (!memory || !this.isSteady) return undefined;
    this.memory = undefined;
    return memory;
  }

  /** Forgets everything. */
  forget(): void {
    [this.changes, this.memory] = [[], undefined];
  }

  private get isSteady(): boolean {
    const last = this.changes.at(-1);
    return last === undefined || between(last, this.now) >= DAY_MS;
  }
}
