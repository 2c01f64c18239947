import type { Observation } from '../problems/observation';
import type { AlarmState } from './alarm';
import type { Reading } from './message';
import { roughly } from './plain-words';

/** Measured since then, and the measuring lives: a deployment made the gap, and what is measured says the rest. */
const LIVES_MS = 90 * 60_000;

/**
 * The dead man's switch of a source: nobody tells how old its newest backup is. How old it is, and that all is well again,
 * tells the measuring: an alarm on that is somebody's own, with a limit of its own.
 */
export async function alarmOfAge(source: string, state: AlarmState, reading: Reading): Promise<Observation[]> {
  if (state.value === 'OK') return [];
  const known = { of: source, source, about: source, at: state.at, event: reading.event, since: state.at };
  const trouble = { state: 'problem', signal: 'silent', cause: 'not-measured', ...known, resource: state.arn } as const;
  const measuredAt = await reading.measuredAt();
  if (measuredAt === undefined) {
    // Just deployed, or broken from the start: the next hour tells.
    const sentence = 'its backups have never been measured: whether there are any is not known';
    return [{ ...trouble, sentence, unsure: true }];
  }
  const silence = reading.now.getTime() - measuredAt.getTime();
  if (silence < LIVES_MS) return [];
  const since = measuredAt.toISOString();
  const sentence = `its backups have not been measured for ${roughly(silence / 1000)}: how old the newest is, is not known`;
  return [{ ...trouble, sentence, since }];
}
