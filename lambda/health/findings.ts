import type { AlarmedSource, Finding } from '../../catalog/contract/alarms';
import { backupIdTime } from '../../catalog/bucket/names';
import type { Damaged, CatalogReading } from './catalog-reading';

/** How much longer than the longest of its backups so far the next one may take. */
const LONGER = 1.25;

/**
 * How old the newest backup may be. Where the time holds the timeout, because it was set when nothing was known of the
 * source, the usual duration takes its place.
 */
export function allowedAge(
  { longestSeconds }: CatalogReading,
  { allowedAgeSeconds, timeoutSeconds }: Pick<AlarmedSource, 'allowedAgeSeconds' | 'timeoutSeconds'>,
): number {
  if (longestSeconds === undefined || timeoutSeconds === undefined) return allowedAgeSeconds;
  return allowedAgeSeconds - timeoutSeconds + Math.min(timeoutSeconds, Math.ceil(LONGER * longestSeconds));
}

/**
 * What is wrong with a source: at most one finding a signal. Pure.
 *
 * @param waitedSince since when a source that never had a whole backup has been waited for
 */
export function findingsOf(reading: CatalogReading, set: AlarmedSource, now: Date, waitedSince?: string): Finding[] {
  const { newest, size } = reading;
  return [
    reading.lost ? goneSince(reading, reading.lost) : silence(reading, allowedAge(reading, set), now, waitedSince),
    newest && size.strange && ({ signal: 'strange-size', ...size.strange, since: newest.time } as const),
    unproven(reading, set, now),
  ].filter((finding) => finding !== undefined);
}

/** Told at once: what was there is not there any more, however young it would be. */
function goneSince({ damaged }: CatalogReading, { id, noticedAt }: NonNullable<CatalogReading['lost']>): Finding {
  const said = damaged.more ? 'none of its backups of late is whole' : 'all its backups are gone or damaged';
  const sentence = `${said}; the last whole one was ${id}${damagedOnes(damaged)}`;
  return { signal: 'silent', cause: 'gone', sentence, since: noticedAt };
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
  const [age, allowed] = [span((now.getTime() - Date.parse(last)) / 1000), span(allowedSeconds)];
  const said = newest
    ? `the newest whole backup is ${age} old, and ${allowed} are allowed`
    : `there is no whole backup ${damaged.more ? 'of late' : 'yet'}, after ${age}, and ${allowed} are allowed`;
  return {
    signal: 'silent',
    cause: newest ? 'too-old' : 'no-backup-yet',
    sentence: said + damagedOnes(damaged, newest && 'newer '),
    since: since.toISOString(),
  };
}

function damagedOnes({ count, named, more }: Damaged, newer = ''): string {
  const [first] = named;
  if (!first) return '';
  const said = more ? `the newest ${count} are` : `${count} ${newer}${count === 1 ? 'one is' : 'are'}`;
  const unread = more ? '; older ones were not rememberReading at' : '';
  return `; ${said} damaged, such as ${first.id}: ${first.damage}${unread}`;
}

/** Only after a first restore test: who has none is not told every day that there is none. */
function unproven({ proven, verdict }: CatalogReading, { provenAgeSeconds }: AlarmedSource, now: Date): Finding | undefined {
  if (verdict?.verdict === 'failed') {
    const sentence = `the restore test of backup ${verdict.id} failed`;
    return {
      ...{ signal: 'not-proven', cause: 'restore-test-failed', sentence, since: verdict.testedAt },
      items: [verdict.id],
    };
  }
  if (!proven) return undefined;
  const time = backupIdTime(proven.id)!.getTime();
  const since = new Date(time + provenAgeSeconds * 1000);
  if (now <= since) return undefined;
  const [age, allowed] = [span((now.getTime() - time) / 1000), span(provenAgeSeconds)];
  const sentence = `the newest proven backup, ${proven.id}, is ${age} old, and ${allowed} are allowed`;
  return { signal: 'not-proven', cause: 'proof-too-old', sentence, since: since.toISOString() };
}

/** `26 hours`, `44 days`: of three days and more, the days. */
function span(seconds: number): string {
  const hours = seconds / 3600;
  const [value, unit] = hours < 72 ? [hours, 'hour'] : [hours / 24, 'day'];
  const rounded = Number(value.toFixed(1));
  return `${rounded} ${unit}${rounded === 1 ? '' : 's'}`;
}
