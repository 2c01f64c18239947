/** Numbers and times, as people read them. */

const plural = (value: number, unit: string): string =>
  new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 }).format(value);

/** `90 minutes`, `38 hours`, `12 days` */
export function span(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'an unknown time';
  const minutes = Math.max(0, Math.floor(seconds / 60));
  if (minutes < 120) return plural(minutes, 'minute');
  const hours = Math.floor(minutes / 60);
  return hours < 72 ? plural(hours, 'hour') : plural(Math.floor(hours / 24), 'day');
}

/** `90 min`, `38 h`, `12 d`: for tables. */
export const shortSpan = (seconds: number): string =>
  Number.isFinite(seconds)
    ? span(seconds)
        .replace(/ minutes?/, ' min')
        .replace(/ hours?/, ' h')
        .replace(/ days?/, ' d')
    : '?';

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'];

/** `344 MB`: thousands, not 1024s, as S3 bills and the console shows. */
export function size(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return 'unknown size';
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** power;
  const digits = { maximumFractionDigits: value < 10 && power > 0 ? 1 : 0 };
  return new Intl.NumberFormat('en', { style: 'unit', unit: UNITS[power], unitDisplay: 'short', ...digits }).format(
    value,
  );
}

/** `1,234,567` */
export const whole = (value: number): string =>
  Number.isFinite(value) ? new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format(value) : '?';

/** `+3 %`: how much more than usual something is. */
export function trend(value: number, usual: number | undefined): string {
  const share = usual === undefined ? NaN : Math.round((value / usual - 1) * 100);
  if (!Number.isFinite(share)) return '-';
  return share > 999
    ? `x${whole(value / usual!)}`
    : `${new Intl.NumberFormat('en', { signDisplay: 'exceptZero' }).format(share)} %`;
}

/** Times on the clock of the place. */
export interface Clock {
  /** `2026-11-20 02:00 Paris` */
  readonly full: (time: string | Date | undefined) => string;
  /** `2026-11-20` */
  readonly day: (time: string | Date | undefined) => string;
  /** `11-20 02:00` */
  readonly short: (time: string | Date | undefined) => string;
  /** `Paris` */
  readonly zone: string;
}

/** @param timeZone IANA name; UTC if there is no such zone */
export function clockOf(timeZone: string): Clock {
  const options = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
  const formatIn = (zone: string) => new Intl.DateTimeFormat('sv-SE', { ...options, hourCycle: 'h23', timeZone: zone });
  let [format, zone] = [formatIn('UTC'), 'UTC'];
  try {
    format = formatIn(timeZone);
    zone = timeZone.split('/').at(-1)!.replaceAll('_', ' ');
  } catch {
    // A zone that this version of Node.js does not know: the time itself is not worth less.
  }
  const local = (time: string | Date | undefined): string | undefined => {
    const date = new Date(time ?? NaN);
    return Number.isNaN(date.getTime()) ? undefined : format.format(date);
  };
  return {
    full: (time) => (local(time) === undefined ? 'unknown time' : `${local(time)} ${zone}`),
    day: (time) => local(time)?.slice(0, -6) ?? '?',
    short: (time) => local(time)?.slice(5) ?? '?',
    zone,
  };
}
