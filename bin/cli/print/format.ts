/** Numbers as people read them. */

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB'];

/** `341.9 MB`: thousands, not 1024s, as S3 bills and the console shows. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length);
  return `${(bytes / 1000 ** power).toFixed(1)} ${UNITS[power - 1]}`;
}

/** `5 min`, `36 h`, `12 days` */
export function age(time: Date, now: Date): string {
  const minutes = Math.floor((now.getTime() - time.getTime()) / 60_000);
  if (minutes < 0) return 'future';
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 72 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

/** `1 backup`, `3 backups` */
export const count = (number: number, what: string): string =>
  `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`;

/** `2026-11-20T02:00:00Z` */
export const instant = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;

/** The sum of what is counted. */
export const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0);
