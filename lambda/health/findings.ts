import type { AlarmedSource, Finding } from '../../catalog/contract/alarms';
import { differenceText, untestedText } from '../../catalog/proof-words';
import { countOf, formatDuration } from '../../catalog/units';
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

/** What is known of a source besides its catalog. */
export interface Circumstances {
  /** When the waiting began for a source that never had a complete backup. */
  readonly waitedSince?: string | undefined;
  /** Seconds that a restore of the newest proven backup takes. */
  readonly recoverySeconds?: number | undefined;
}

/** Judges a source: at most one finding for each signal, the worst. Pure. */
export function findingsOf(
  reading: CatalogReading,
  set: AlarmedSource,
  now: Date,
  { waitedSince, recoverySeconds }: Circumstances = {},
): Finding[] {
  const { newest, size } = reading;
  return [
    reading.lost
      ? goneSince(reading, reading.lost)
      : (silence(reading, allowedAge(reading, set), now, waitedSince) ?? recoveryPoint(reading, set, now)),
    newest &&
      size.strange &&
      ({ signal: 'strange-size', ...size.strange, since: reading.sizedAt ?? newest.time } as const),
    badTest(reading, set) ?? unproven(reading, set, now) ?? tooSlow(reading, set, recoverySeconds),
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

/** More changes than the objective allows would be lost now. */
function recoveryPoint(
  { newest }: CatalogReading,
  { recoveryPointSeconds }: AlarmedSource,
  now: Date,
): Finding | undefined {
  if (!newest || recoveryPointSeconds === undefined) return undefined;
  const since = new Date(Date.parse(newest.time) + recoveryPointSeconds * 1000);
  if (now <= since) return undefined;
  const short = `the newest backup is ${formatDuration((now.getTime() - Date.parse(newest.time)) / 1000)} old`;
  const sentence = `${short}; its recovery point objective is ${formatDuration(recoveryPointSeconds)}`;
  return { signal: 'silent', cause: 'recovery-point', sentence, short, since: since.toISOString() };
}

/** A test that failed; or that could not run, unless nobody waits for one. */
function badTest({ test, untested, failingSince }: CatalogReading, { tests }: AlarmedSource): Finding | undefined {
  if (test?.result === 'failed') {
    const { id, testedAt, differences = [], differenceCount = differences.length } = test;
    const short = `the restore test of ${id} failed`;
    const failed = `the restore test of backup ${id} failed`;
    const [first] = differences;
    const more = differenceCount > 1 ? `; and ${countOf(differenceCount - 1, 'more difference')}` : '';
    return {
      ...{ signal: 'not-proven', cause: 'restore-test-failed', short, since: testedAt, items: [id], test },
      sentence: first ? `${failed}: ${differenceText(first)}${more}` : failed,
      ...(failingSince !== undefined && { failingSince }),
    };
  }
  if (!untested || tests === 'off') return undefined;
  const short = 'a restore test could not run';
  const { id, testedAt: since, reason } = untested;
  const sentence = `the restore test of backup ${id} could not run: ${untestedText(reason ?? { kind: 'other' })}`;
  return { signal: 'not-proven', cause: 'restore-test-not-run', sentence, short, since, test: untested };
}

/** No restore test has passed for too long, or since they are waited for. */
function unproven(
  { newest, proven, unprovenSince }: CatalogReading,
  { provenAgeSeconds, tests }: AlarmedSource,
  now: Date,
): Finding | undefined {
  if (tests !== undefined) return undefined;
  const last = proven ? backupIdTime(proven.id)! : newest && unprovenSince !== undefined && new Date(unprovenSince);
  if (!last) return undefined;
  const since = new Date(last.getTime() + provenAgeSeconds * 1000);
  if (now <= since) return undefined;
  const age = formatDuration((now.getTime() - last.getTime()) / 1000);
  const limit = allowedAgeText(provenAgeSeconds);
  const signal = 'not-proven';
  return proven
    ? {
        ...{ signal, cause: 'proof-too-old', since: since.toISOString() },
        sentence: `the newest proven backup, ${proven.id}, is ${age} old; ${limit}`,
        short: `the newest proven backup is ${age} old`,
      }
    : {
        ...{ signal, cause: 'never-proven', since: since.toISOString() },
        sentence: `no restore test has passed in ${age}; ${limit}`,
        short: `no restore test has passed in ${age}`,
      };
}

/** A restore takes longer than the objective, with what it waits for a cold tier. */
function tooSlow(
  { proven }: CatalogReading,
  { recoveryTimeSeconds }: AlarmedSource,
  recoverySeconds: number | undefined,
): Finding | undefined {
  if (!proven || recoveryTimeSeconds === undefined || recoverySeconds === undefined) return undefined;
  if (recoverySeconds <= recoveryTimeSeconds) return undefined;
  const { id, testedAt, loadSeconds = 0 } = proven;
  const waits = recoverySeconds - loadSeconds;
  const parts =
    waits > 0 ? ` (${formatDuration(waits)} to retrieve it, ${formatDuration(loadSeconds)} to load it)` : '';
  const short = `a restore takes ${formatDuration(recoverySeconds)}`;
  return {
    ...{ signal: 'not-proven', cause: 'recovery-too-slow', short, since: testedAt },
    sentence: `${short}${parts}, as measured with backup ${id}; its recovery time objective is ${formatDuration(recoveryTimeSeconds)}`,
  };
}
