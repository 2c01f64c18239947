import type { AlarmedSource, Finding } from '../../catalog/contract/alarms';
import { formatDuration } from '../../catalog/units';
import { backupIdTime } from '../../catalog/bucket/names';
import type { Damaged, CatalogReading } from './catalog-reading';

/** Factor by which the next backup may take longer than the longest one so far. */
const LONGER = 1.25;

/**
 * The allowed age of the newest backup. It includes the timeout of a run, because nothing else is known about a new source;
 * later the usual duration takes its place.
 */
export function allowedAge(
  { longestSeconds }: CatalogReading,
  { allowedAgeSeconds, timeoutSeconds }: Pick<AlarmedSource, 'allowedAgeSeconds' | 'timeoutSeconds'>,
): number {
  if (longestSeconds === undefined || timeoutSeconds === undefined) return allowedAgeSeconds;
  return allowedAgeSeconds - timeoutSeconds + Math.min(timeoutSeconds, Math.ceil(LONGER * longestSeconds));
}

/**
 * Judges a source: at most one finding for each signal. Pure.
 *
 * @param waitedSince when the waiting began for a source that never had a complete backup
 */
export function findingsOf(reading: CatalogReading, set: AlarmedSource, now: Date, waitedSince?: string): Finding[] {
  const { newest, size } = reading;
  return [
    reading.lost ? goneSince(reading, reading.lost) : silence(reading, allowedAge(reading, set), now, waitedSince),
    newest && size.strange && ({ signal: 'strange-size', ...size.strange, since: newest.time } as const),
    unproven(reading, set, now),
  ].filter((finding) => finding !== undefined);
}

/** Told at once, however young the missing backup would be. */
function goneSince({ damaged }: CatalogReading, { id, noticedAt }: NonNullable<CatalogReading['lost']>): Finding {
  const said = damaged.more ? 'none of the latest backups is complete' : 'all backups are gone or damaged';
  const sentence = `${said}; the last complete one was ${id}${damagedOnes(damaged)}`;
  return { signal: 'silent', cause: 'gone', sentence, short: said, since: noticedAt };
}

function silence(
  { newest, damaged }: CatalogReading,
  allowedSeconds: number,
  now: Date,
  waitedSince?: string,
): Finding | undefined {
  const last = newest?.time ?? waitedSince;
  if (last === undefined) return undefined;
  const since = new Date(Date.parse(last) + allowedSeconds * 1000);
  if (now <= since) return undefined;
  const age = formatDuration((now.getTime() - Date.parse(last)) / 1000);
  const allowed = allowedAgeText(allowedSeconds);
  const short = newest
    ? `the newest backup is ${age} old`
    : `there is no backup ${damaged.more ? 'of late' : 'yet'} after ${age}`;
  return {
    signal: 'silent',
    cause: newest ? 'too-old' : 'no-backup-yet',
    sentence: `${newest && damaged.count > 0 ? `the newest complete backup is ${age} old` : short}; ${allowed}${damagedOnes(damaged, newest && 'newer ')}`,
    short,
    since: since.toISOString(),
  };
}

/** `the limit is 25 hours` */
const allowedAgeText = (seconds: number): string => `the limit is ${formatDuration(seconds)}`;

function damagedOnes({ count, named, more }: Damaged, newer = ''): string {
  const [first] = named;
  if (!first) return '';
  const said = more ? `the newest ${count} are` : `${count} ${newer}${count === 1 ? 'one is' : 'are'}`;
  const unread = more ? '; older ones were not read' : '';
  return `; ${said} damaged, such as ${first.id}: ${first.damage}${unread}`;
}

/** Only after a first restore test: nobody is told every day that there has been none yet. */
function unproven(
  { proven, verdict }: CatalogReading,
  { provenAgeSeconds }: AlarmedSource,
  now: Date,
): Finding | undefined {
  if (verdict?.verdict === 'failed') {
    const sentence = `the restore test of backup ${verdict.id} failed`;
    return {
      signal: 'not-proven',
      cause: 'restore-test-failed',
      sentence,
      short: sentence,
      since: verdict.testedAt,
      items: [verdict.id],
    };
  }
  if (!proven) return undefined;
  const time = backupIdTime(proven.id)!.getTime();
  const since = new Date(time + provenAgeSeconds * 1000);
  if (now <= since) return undefined;
  const age = formatDuration((now.getTime() - time) / 1000);
  return {
    signal: 'not-proven',
    cause: 'proof-too-old',
    sentence: `the newest proven backup, ${proven.id}, is ${age} old; ${allowedAgeText(provenAgeSeconds)}`,
    short: `the newest proven backup is ${age} old`,
    since: since.toISOString(),
  };
}
