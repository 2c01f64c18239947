import type { Period, WeekStart } from './retention-policy';
import { WEEK_STARTS } from './retention-policy';
import { Zone } from './zone';

const DAY_MS = 86_400_000;

/** The calendar that periods are counted by. */
export class Calendar {
  private readonly zone: Zone;
  private readonly weekStart: number;
  /** Names of the periods that days lie in: thousands of backups may share a day. */
  private readonly names: Readonly<Record<Exclude<Period, 'hourly'>, Map<number, string>>> = {
    daily: new Map(),
    weekly: new Map(),
    monthly: new Map(),
    yearly: new Map(),
  };

  /**
   * @param timeZone IANA name
   * @param weekStart day on which weeks begin
   * @throws ZoneError if there is no such time zone
   */
  constructor(timeZone: string, weekStart: WeekStart) {
    this.zone = Zone.of(timeZone);
    this.weekStart = WEEK_STARTS.indexOf(weekStart);
  }

  /**
   * Name of the period that a time lies in: `2026-10-25 02+02:00`, `2026-10-25`, `2026-10-19` (the day on which the week
   * begins), `2026-10`, `2026`. The hour that the autumn change repeats is two hours: hence the offset.
   */
  name(period: Period, time: Date): string {
    const wall = this.zone.wall(time.getTime());
    if (period === 'hourly') {
      return `${new Date(wall).toISOString().slice(0, 13).replace('T', ' ')}${offsetName(wall - time.getTime())}`;
    }
    const day = Math.floor(wall / DAY_MS) * DAY_MS;
    const known = this.names[period].get(day);
    if (known !== undefined) return known;
    const name = new Date(day - this.sinceStart(period, day)).toISOString().slice(0, NAME_LENGTH[period]);
    this.names[period].set(day, name);
    return name;
  }

  /** How long before a day its week began. */
  private sinceStart(period: Period, day: number): number {
    return period === 'weekly' ? ((new Date(day).getUTCDay() - this.weekStart + 7) % 7) * DAY_MS : 0;
  }
}

const NAME_LENGTH = { daily: 10, weekly: 10, monthly: 7, yearly: 4 } as const;

/** `+02:00`. Wall clocks have no fractions of a second, times do: to the nearest minute. */
function offsetName(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000);
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
}
