import type { AlarmSignal } from '../backup-alarms-props';

/** The things that one construct watches: each once, each alarm with an id of its own, and none that is turned off. */
export class WatchList {
  private readonly things = new Set<unknown>();
  private readonly counts = new Map<string, number>();

  constructor(private readonly off: readonly AlarmSignal[]) {}

  isOff(signal: AlarmSignal): boolean {
    return this.off.includes(signal);
  }

  /** Adds a thing that is watched in another way. */
  add(thing: unknown): void {
    this.things.add(thing);
  }

  /** Whether a thing is to be watched, by any of some signals, that was not watched before. */
  isNew(thing: unknown, ...signals: AlarmSignal[]): boolean {
    if (this.things.has(thing) || signals.every((signal) => this.isOff(signal))) return false;
    this.add(thing);
    return true;
  }

  /** An id for an alarm: `DeadLetterAlarm`, and for the next one `DeadLetterAlarm2`. */
  idOf(id: string): string {
    const count = (this.counts.get(id) ?? 0) + 1;
    this.counts.set(id, count);
    return count === 1 ? id : `${id}${count}`;
  }
}
