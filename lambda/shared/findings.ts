import type { AlarmedSource, Finding } from '../../catalog/alarms';
import { backupIdTime } from '../../catalog/names';
import type { Look } from './look';

/** Since when a source without a whole backup has been waited for, and the backup that it had until then. */
export interface Waited {
  readonly time: string;
  readonly id?: string;
}

/** What is wrong with a source: at most one finding a signal. Pure. */
export function findingsOf(look: Look, set: AlarmedSource, now: Date, waited?: Waited): Finding[] {
  const { newest, size } = look;
  return [
    silence(look, set, now, waited),
    newest && size.strange && ({ signal: 'strange-size', ...size.strange, since: newest.time } as const),
    unproven(look, set, now),
  ].filter((finding) => finding !== undefined);
}

function silence(
  { newest, damaged }: Look,
  { allowedAgeSeconds }: AlarmedSource,
  now: Date,
  waited?: Waited,
): Finding | undefined {
  const last = newest ?? waited;
  if (!last) return undefined;
  const since = new Date(Date.parse(last.time) + allowedAgeSeconds * 1000);
  if (now <= since) return undefined;
  const [age, allowed] = [span((now.getTime() - Date.parse(last.time)) / 1000), span(allowedAgeSeconds)];
  const said = newest
    ? `the newest whole backup is ${age} old, and ${allowed} are allowed`
    : last.id !== undefined
      ? `its last whole backup, ${last.id}, is gone or damaged, and there is no other; it would be ${age} old, and ${allowed} are allowed`
      : `there is no whole backup yet, after ${age}, and ${allowed} are allowed`;
  const [first] = damaged;
  const also = first
    ? `; ${damagedOnes(damaged.length, newest !== undefined)}, such as ${first.id}: ${first.damage}`
    : '';
  return {
    signal: 'silent',
    cause: newest || last.id !== undefined ? 'too-old' : 'no-backup-yet',
    sentence: said + also,
    since: since.toISOString(),
  };
}

/** Only after a first restore test: who has none is not told every day that there is none. */
function unproven({ proven, verdict }: Look, { provenAgeSeconds }: AlarmedSource, now: Date): Finding | undefined {
  if (verdict?.verdict === 'failed') {
    const sentence = `the restore test of backup ${verdict.id} failed`;
    return { signal: 'not-proven', cause: 'restore-test-failed', sentence, since: verdict.testedAt };
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

const damagedOnes = (count: number, newer: boolean): string =>
  `${count} ${newer ? 'newer ' : ''}${count === 1 ? 'one is' : 'are'} damaged`;
