/** Amounts as people read them: the one place that turns bytes and seconds into text. Free of dependencies. */

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/**
 * `512 B`, `2.8 KiB`, `1.4 GiB`: powers of 1024, as `aws s3 ls --human-readable` and the properties of the constructs.
 *
 * @returns `unknown size` if it is no number of bytes
 */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return 'unknown size';
  let [value, power] = [bytes, 0];
  // 1023.96 KiB would be shown as 1024.0 KiB.
  while (power < BYTE_UNITS.length - 1 && Number(value.toFixed(power === 0 ? 0 : 1)) >= 1024) {
    value /= 1024;
    power++;
  }
  return `${value.toFixed(power === 0 ? 0 : 1)} ${BYTE_UNITS[power]}`;
}

const SECONDS = { day: 86_400, hour: 3600, minute: 60, second: 1 } as const;
type TimeUnit = keyof typeof SECONDS;
const SHORT = { day: 'd', hour: 'h', minute: 'min', second: 's' } as const;

/** The two units of which a duration is told, by its length: what is less is cut off. */
const DURATION_UNITS: readonly (readonly [atLeastSeconds: number, units: readonly TimeUnit[]])[] = [
  [14 * SECONDS.day, ['day']],
  [2 * SECONDS.day, ['day', 'hour']],
  [2 * SECONDS.hour, ['hour', 'minute']],
  [2 * SECONDS.minute, ['minute']],
  [0, ['second']],
];

/** `1 day` rather than `24 hours`, `1 hour` rather than `60 minutes`: what somebody has set is mostly whole. */
function wholeUnit(seconds: number): readonly TimeUnit[] | undefined {
  if (seconds <= 0) return undefined;
  if (seconds % SECONDS.day === 0) return ['day'];
  if (seconds % SECONDS.hour === 0 && seconds < 2 * SECONDS.day) return ['hour'];
  return seconds % SECONDS.minute === 0 && seconds < 2 * SECONDS.hour ? ['minute'] : undefined;
}

/**
 * `45 seconds`, `90 minutes`, `14 hours 54 minutes`, `3 days 4 hours`, `35 days`; rounded down.
 *
 * @param style `short` for tables and logs: `45 s`, `90 min`, `14 h 54 min`, `3 d 4 h`, `35 d`
 * @returns `an unknown time` if it is no number; what is less than nothing counts as nothing
 */
export function formatDuration(seconds: number, style: 'long' | 'short' = 'long'): string {
  if (!Number.isFinite(seconds)) return style === 'long' ? 'an unknown time' : '?';
  const units = wholeUnit(seconds) ?? DURATION_UNITS.find(([atLeast]) => seconds >= atLeast)?.[1] ?? ['second'];
  let rest = Math.max(0, Math.floor(seconds));
  const parts: string[] = [];
  for (const unit of units) {
    const value = Math.floor(rest / SECONDS[unit]);
    rest -= value * SECONDS[unit];
    if (value === 0 && (parts.length > 0 || unit !== units.at(-1))) continue;
    parts.push(style === 'short' ? `${value} ${SHORT[unit]}` : `${value} ${unit}${value === 1 ? '' : 's'}`);
  }
  return parts.join(' ');
}

/** `1,234,567` */
export const formatCount = (value: number): string => (Number.isFinite(value) ? value.toLocaleString('en') : '?');

/** `1 backup`, `3 backups` */
export const countOf = (value: number, what: string, plural = `${what}s`): string =>
  `${formatCount(value)} ${value === 1 ? what : plural}`;
