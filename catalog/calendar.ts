import type { Period, WeekStart } from './retention-policy';
import { WEEK_STARTS } from './retention-policy';
import { Zone } from './zone';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The calendar that periods are counted by. */
export class Calendar {
  private readonly zone: Zone;
  private readonly weekStart: number;

  /**
   * @param timeZone IANA name
   * @param weekStart day on which weeks begin
   * @throws ZoneError if there is no such time zone
   */
  constructor(timeZone: string, weekStart: WeekStart) {
    this.zone = new Zone(timeZone);
    this.weekStart = WEEK_STARTS.indexOf(weekStart);
  }

  /**
   * Name of the period that a time lies in: `2026-10-25 02+02:00`, `2026-10-25`, `2026-10-19` (the day on which the week
   * begins), `2026-10`, `2026`. The hour that the autumn change repeats is two hours: hence the offset.
   */
  name(period: Period, time: Date): string {
    const wall = this.zone.wall(time.getTime());
    switch (period) {
      case 'hourly':
        return `${new Date(wall).toISOString().slice(0, 13).replace('T', ' ')}${offsetName(wall - time.getTime())}`;
      case 'daily':
        return new Date(wall).toISOString().slice(0, 10);
      case 'weekly': {
        const sinceStart = (new Date(wall).getUTCDay() - this.weekStart + 7) % 7;
        return new Date(wall - sinceStart * DAY_MS).toISOString().slice(0, 10);
      }
      case 'monthly':
        return new Date(wall).toISOString().slice(0, 7);
      case 'yearly':
        return new Date(wall).toISOString().slice(0, 4);
    }
  }
}

/** `+02:00`. Wall clocks have no fractions of a second, times do: to the nearest minute. */
function offsetName(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000);
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
}
