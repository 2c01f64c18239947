import type { Observation } from '../observation';
import type { AlarmState } from './alarm';
import type { Reading } from './message';
import { roughly } from './words';

/** Measured later than this, and the measuring lives: a deployment made the gap, and what is measured says the rest. */
const LIVES_MS = 3 * 3_600_000;

/** The dead man's switch of a source: the age of its newest backup, or that nobody tells it. */
export async function alarmOfAge(source: string, state: AlarmState, reading: Reading): Promise<Observation[]> {
  const known = { of: source, source, about: source, at: state.at, event: reading.event };
  if (state.value === 'OK') return [{ state: 'ok', ...known, ends: ['silent'] }];
  const trouble = { state: 'problem', signal: 'silent', ...known, since: state.at, resource: state.arn } as const;

  // Where only some data were missing, those that were there are too high: it takes all to go off.
  if (state.highest !== undefined) {
    const allowedAgeSeconds = state.threshold ?? reading.settings.sources[source]!.allowedAgeSeconds;
    const sentence = `the newest backup is ${roughly(state.highest)} old, allowed are ${roughly(allowedAgeSeconds)}`;
    return [{ ...trouble, cause: 'too-old', sentence, allowedAgeSeconds }];
  }
  const measuredAt = await reading.measuredAt();
  if (measuredAt === undefined) {
    // Just deployed, or broken from the start: the next hour tells.
    const sentence = 'its backups have never been measured: whether there are any is not known';
    return [{ ...trouble, cause: 'not-measured', sentence, unsure: true }];
  }
  const silence = reading.now.getTime() - measuredAt.getTime();
  if (silence < LIVES_MS) return [];
  const since = measuredAt.toISOString();
  const sentence = `its backups have not been measured for ${roughly(silence / 1000)}: how old the newest is, is not known`;
  return [{ ...trouble, cause: 'not-measured', sentence, since }];
}
