import * as z from 'zod';
import type { AlarmSettings, Cause, SourceSignal } from '../../../catalog/contract/alarms';
import type { Observation, QueueMessage } from '../problems/observation';
import { readAlarm } from './alarm';
import { readApiCall } from './api-call';
import { readCommand } from './command';
import { isDeadLetter, readDeadLetter } from './dead-letter';
import { isInvocation, readFailedFunction } from './failed-function';
import type { ObserveContext, Read, MessageReading } from './message';
import { envelope, eventId, timeOf } from './message';
import { jsonOf } from '../../shared/json';
import { HOUSEKEEPING } from './housekeeping';
import { readBackupJob, readCopyJob } from './managed';
import { readDigest, readMeasured, readPruned, readUntested } from './own-messages';
import { readPolicy, readScript, readSnapshot, readSnapshotSet } from './snapshot';
import { readTask } from './task';

export { eventId } from './message';
export type { ObserveContext } from './message';

/** Readers of events of EventBridge, by `detail-type`. */
const EVENTS: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['ECS Task State Change', readTask],
  ['EC2 Command Invocation Status-change Notification', readCommand],
  ['EC2 Command Status-change Notification', readCommand],
  ['CloudWatch Alarm State Change', readAlarm],
  ['DLM Policy State Change', readPolicy],
  ['DLM Pre Post Script Notification', readScript],
  ['EBS Snapshot Notification', readSnapshot],
  ['EBS Multi-Volume Snapshots Completion Status', readSnapshotSet],
  ['Backup Job State Change', readBackupJob],
  ['Copy Job State Change', readCopyJob],
  ['AWS API Call via CloudTrail', readApiCall],
]);

/** Readers of our own messages, by `kind`. */
const OWN: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['measured', readMeasured],
  ['pruned', readPruned],
  ['untested', readUntested],
  ['digest', readDigest],
]);

/**
 * Reads a message of the queue.
 *
 * @returns nothing if it concerns none of the sources. A message that is not understood is a trouble by itself: it may be
 *   the one that says that backups have stopped.
 */
export async function observe(message: QueueMessage, context: ObserveContext): Promise<Observation[]> {
  const body = jsonOf(message.body);
  const reading: MessageReading = { ...context, message, body, event: eventId(message, body) };
  const read = readerOf(reading);
  if (!read) return [notUnderstood(reading, 'this version does not know it')];
  try {
    return (await read(reading)).filter((observation) => isOn(observation, context.settings));
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const { path, message: fault } = error.issues[0]!;
    return [notUnderstood(reading, [path.join('.'), fault].join(': '))];
  }
}

function readerOf(reading: MessageReading): Read | undefined {
  // First: the body of a dead letter is whatever was to be sent.
  if (isDeadLetter(reading)) return readDeadLetter;
  const event = envelope.safeParse(reading.body).data;
  if (event) return EVENTS.get(event['detail-type']);
  const own = z.looseObject({ kind: z.string() }).safeParse(reading.body).data;
  if (own) return OWN.get(own.kind);
  return isInvocation(reading) ? readFailedFunction : undefined;
}

/** Causes of the housekeeping that hide what else a signal of sources would tell: they belong to both signals. */
const HIDING: Partial<Record<Cause, SourceSignal>> = { 'dead-letters': 'never-started', measure: 'silent' };

/** Signals that are turned off are not told; good news is kept all the same. */
export function isOn(observation: Observation, { off, sources }: AlarmSettings): boolean {
  if (observation.state !== 'problem') return true;
  const { signal, cause, source } = observation;
  const offHere: readonly string[] = (source !== undefined && sources[source]?.off) || [];
  const hidden = HIDING[cause];
  if (hidden && !off.includes(hidden)) return true;
  return !off.includes(signal) && !offHere.includes(signal);
}

/** Characters of an unread message that are shown. */
const SHOWN = 16_000;

function notUnderstood(reading: MessageReading, why: string): Observation {
  const { message, body, event } = reading;
  const at = timeOf(reading);
  const type = envelope.safeParse(body).data?.['detail-type'];
  return {
    state: 'problem',
    signal: 'housekeeping',
    cause: 'other',
    about: 'unknown event',
    // Each kind is told once: a new event of AWS may come every minute.
    key: `${HOUSEKEEPING}not-understood/${type ?? 'message'}`,
    sentence: `${type === undefined ? 'a message' : `an event "${type}"`} was not understood: ${why}`,
    at,
    since: at,
    event,
    raw: body !== undefined && message.body.length <= SHOWN ? body : message.body.slice(0, SHOWN),
  };
}
