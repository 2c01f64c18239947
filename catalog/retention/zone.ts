/** The clocks of the world. Free of dependencies: schedules and calendars at synth and at run time go by it. */

const DAY_MS = 24 * 60 * 60 * 1000;

/** A name that is no time zone's. The message says what is allowed. */
export class ZoneError extends Error {}

function refuseZone(name: string): never {
  throw new ZoneError(`time zone must be a name of the IANA database, for example Europe/Paris, got: ${name}`);
}

/** A time zone's clock. A wall time is written as the milliseconds that it would be in UTC. */
export class Zone {
  private static readonly known = new Map<string, Zone>();

  /** The zone of a name, made once: to make one takes longer than to plan a retention. */
  static of(name: string): Zone {
    const zone = Zone.known.get(name) ?? new Zone(name);
    Zone.known.set(name, zone);
    return zone;
  }

  private readonly format: Intl.DateTimeFormat;
  private readonly offsets = new Map<number, number>();

  private constructor(name: string) {
    try {
      this.format = new Intl.DateTimeFormat('en-US', {
        timeZone: name,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      });
    } catch {
      refuseZone(name);
    }
    const { timeZone } = this.format.resolvedOptions();
    // Node.js takes offsets and any case; Scheduler takes neither.
    if (/^[+-]/.test(name) || (timeZone !== name && timeZone.toLowerCase() === name.toLowerCase())) refuseZone(name);
  }

  /** The time that the clock shows at a moment, to the second. */
  wall(time: number): number {
    return Math.floor(time / 1000) * 1000 + this.offset(time);
  }

  /** How far the clock is ahead of UTC at a moment. Asks for each day once: the formatting is what takes time. */
  offset(time: number): number {
    const day = Math.floor(time / DAY_MS) * DAY_MS;
    const offset = this.offsetAt(day);
    // No clock is changed and changed back within a day.
    return offset === this.offsetAt(day + DAY_MS) ? offset : this.offsetAt(time);
  }

  private offsetAt(time: number): number {
    const known = this.offsets.get(time);
    if (known !== undefined) return known;
    const part = Object.fromEntries(this.format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    const wall = Date.UTC(part.year!, part.month! - 1, part.day, part.hour, part.minute, part.second);
    const offset = wall - Math.floor(time / 1000) * 1000;
    this.offsets.set(time, offset);
    return offset;
  }

  /** The first moment at which the clock shows a wall time; `undefined` if it never does. */
  instant(wall: number): number | undefined {
    const candidates = [wall - this.offset(wall - DAY_MS), wall - this.offset(wall + DAY_MS)];
    return candidates.sort((a, b) => a - b).find((time) => this.wall(time) === wall);
  }

  /** Whether the clock is changed within a day that begins at a wall time. */
  changesOn(day: number): boolean {
    return this.offset(day - DAY_MS) !== this.offset(day + 2 * DAY_MS);
  }
}
