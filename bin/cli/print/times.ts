/** Times as tables show them. */
import { formatDuration } from '../../../catalog/units';

/** `90 min`, `36 h`, `3 d 4 h`; `in the future` if that is where it is. */
export function age(time: Date, now: Date): string {
  const seconds = (now.getTime() - time.getTime()) / 1000;
  return seconds < 0 ? 'in the future' : formatDuration(seconds, 'short');
}

/** `2026-11-20T02:00:00Z` */
export const instant = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;
