import * as z from 'zod';
import type { Observation } from '../problems/observation';
import type { MessageReading } from './message';
import { lastPart, maybe, timeOf } from './message';
import { HOUSEKEEPING } from './housekeeping';
import { because } from './plain-words';

/** Key of the snapshots of a volume or an instance: a later good one ends the trouble. */
const keyOfSnapshots = (what: string): string => `${HOUSEKEEPING}snapshot/${what}`;

const known = (reading: MessageReading, key: string, about: string) =>
  ({ key, about, at: timeOf(reading), event: reading.event }) as const;
const bad = (reading: MessageReading, cause: 'snapshot' | 'snapshot-policy', sentence: string, resource: string) =>
  ({ state: 'problem', signal: 'housekeeping', cause, sentence, since: timeOf(reading), resource }) as const;
const good = { state: 'ok', ends: ['housekeeping'] } as const;

const policyEvent = z.looseObject({
  detail: z.looseObject({ state: z.string(), cause: maybe, policy_id: z.string() }),
});

/** `DLM Policy State Change`: today it comes with ERROR only. */
export function readPolicy(reading: MessageReading): Observation[] {
  const { state, cause, policy_id: arn } = policyEvent.parse(reading.body).detail;
  const policy = lastPart(arn);
  const about = known(reading, `${HOUSEKEEPING}snapshot-policy/${policy}`, `snapshot policy ${policy}`);
  if (state === 'ENABLED') return [{ ...good, ...about }];
  if (state !== 'ERROR') return [];
  const sentence = because(`the snapshot policy ${policy} is in error and makes no snapshots`, cause);
  return [{ ...bad(reading, 'snapshot-policy', sentence, arn), ...about }];
}

const scriptEvent = z.looseObject({
  detail: z.looseObject({
    script_stage: maybe,
    result: z.string(),
    cause: maybe,
    execution_handler: maybe,
    source: z.string(),
  }),
});

/** `DLM Pre Post Script Notification`: of the scripts, or of Windows' shadow copies. */
export function readScript(reading: MessageReading): Observation[] {
  const { detail } = scriptEvent.parse(reading.body);
  const instance = lastPart(detail.source);
  const [stage, handler] = [detail.script_stage ?? '', detail.execution_handler ?? 'script'];
  const what = stage === '' ? handler : `${stage.toLowerCase()} script`;
  // A pre script that works does not mend a post script that does not.
  const about = known(reading, keyOfSnapshots(`${instance}/${what}`), `snapshots of instance ${instance}`);
  if (/^succe/i.test(detail.result)) return [{ ...good, ...about }];
  if (!/^fail|^time/i.test(detail.result)) return [];
  const sentence = because(`the ${what} around the snapshot of instance ${instance} failed`, detail.cause);
  return [{ ...bad(reading, 'snapshot', sentence, detail.source), ...about }];
}

const snapshotEvent = z.looseObject({
  detail: z.looseObject({
    event: z.string(),
    result: z.string(),
    cause: maybe,
    snapshot_id: maybe,
    source: z.string(),
  }),
});

const DONE: Readonly<Record<string, string>> = { createSnapshot: 'made', copySnapshot: 'copied' };

/** `EBS Snapshot Notification`: a snapshot was made or copied, or could not be. */
export function readSnapshot(reading: MessageReading): Observation[] {
  const { event, result, cause, snapshot_id: snapshot, source } = snapshotEvent.parse(reading.body).detail;
  // Of somebody else's snapshots, which were shared with this account.
  if (event === 'shareSnapshot') return [];
  const from = lastPart(source);
  const about = known(reading, keyOfSnapshots(from), subject(from));
  if (result === 'succeeded') return [{ ...good, ...about }];
  if (result !== 'failed') return [];
  const done = DONE[event];
  const what = done ? `could not be ${done}` : `failed: ${event}`;
  const sentence = because(`a snapshot of ${from} ${what}`, cause);
  return [{ ...bad(reading, 'snapshot', sentence, snapshot ?? source), ...about }];
}

const setEvent = z.looseObject({
  detail: z.looseObject({
    result: z.string(),
    cause: maybe,
    snapshots: z.array(z.looseObject({ snapshot_id: z.string(), source: z.string(), status: z.string() })).min(1),
  }),
});

/** `EBS Multi-Volume Snapshots Completion Status`: all volumes of an instance at one moment. */
export function readSnapshotSet(reading: MessageReading): Observation[] {
  const { result, cause, snapshots } = setEvent.parse(reading.body).detail;
  const bads = snapshots.filter(({ status }) => status !== 'completed');
  // Without one of them the set is not what it was made for: nothing of it is good news.
  const concerned = result === 'failed' && bads.length > 0 ? bads : snapshots;
  return concerned.map(({ snapshot_id: snapshot, source }): Observation => {
    const volume = lastPart(source);
    const about = known(reading, keyOfSnapshots(volume), subject(volume));
    if (result === 'succeeded') return { ...good, ...about };
    const sentence = because(`a snapshot of ${volume} could not be made, with those of its instance`, cause);
    return { ...bad(reading, 'snapshot', sentence, snapshot), ...about };
  });
}

/** `snapshots of volume vol-0abc`, or of what was copied. */
const subject = (from: string): string =>
  from.startsWith('vol-') ? `snapshots of volume ${from}` : `copies of snapshot ${from}`;
