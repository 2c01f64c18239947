/** Times as tables show them. */
import { formatDuration } from '../../../catalog/units';

/**
 * `90 min`, `36 h`, `3 d 4 h`; `in the future` if that is where it is by the clock of this machine.
 *
 * @param word behind a duration: `ago`
 */
export function age(time: Date, now: Date, word = ''): string {
  const seconds = (now.getTime() - time.getTime()) / 1000;
  return seconds < 0 ? 'in the future' : `${formatDuration(seconds, 'short')} ${word}`.trim();
}

/** `2026-11-20T02:00:00Z` */
export const instant = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;

/** `45 s`, `3 min 12 s`, `2 h 5 min` */
export function tookText(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
