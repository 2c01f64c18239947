/** Times as people read them, in the zone of the alarms. */

/** Formats times in one zone. */
export interface ZoneClock {
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
export function clockOf(timeZone: string): ZoneClock {
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
