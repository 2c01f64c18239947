import * as z from 'zod';
import { isOfPlan } from '../../../catalog/contract/alarms';
import type { Observation } from '../problems/observation';
import { copiesKey } from './housekeeping';
import type { MessageReading } from './message';
import { maybe, maybeTime, timeOf } from './message';
import { because } from './plain-words';

const job = {
  state: z.string(),
  statusMessage: maybe,
  // A job that was just created does not say what it is of.
  resourceArn: maybe,
  creationDate: maybeTime,
  createdBy: z.looseObject({ backupPlanId: maybe }).optional().catch(undefined),
};
const backupEvent = z.looseObject({ detail: z.looseObject({ ...job, backupVaultName: maybe }) });
const copyEvent = z.looseObject({
  detail: z.looseObject({ ...job, sourceBackupVaultArn: maybe, destinationBackupVaultArn: maybe }),
});

const FAILED: ReadonlyMap<string, string> = new Map([
  ['FAILED', 'failed'],
  ['ABORTED', 'was aborted'],
]);

/** `Backup Job State Change`, of the resources and vaults that are watched. */
export function readBackupJob(reading: MessageReading): Observation[] {
  const { backupVaultName, ...detail } = backupEvent.parse(reading.body).detail;
  const { state, statusMessage, resourceArn, creationDate } = detail;
  const source = sourceOf(reading, detail, backupVaultName);
  if (source === undefined) return [];
  const known = { key: source, source, about: source, at: timeOf(reading), event: reading.event };
  const bad = { state: 'problem', ...known, since: known.at, resource: resourceArn } as const;
  const said = words(statusMessage);
  const failed = FAILED.get(state);
  if (failed !== undefined) {
    const sentence = because(`its job of AWS Backup ${failed}`, said);
    return [{ ...bad, signal: 'failed', cause: 'managed-job', sentence }];
  }
  if (state === 'EXPIRED') {
    const sentence = because('its job of AWS Backup could not start within its window', said);
    return [{ ...bad, signal: 'never-started', cause: 'managed-expired', sentence }];
  }
  // What the console calls "completed with issues" is a completed job with a message.
  if (state === 'PARTIAL' || (state === 'COMPLETED' && said !== '')) {
    const sentence = because('AWS Backup could not back up all of it', said);
    // Recovery points from then on may be incomplete.
    const since = creationDate ?? known.at;
    return [{ ...bad, since, signal: 'failed', cause: 'managed-incomplete', sentence }];
  }
  return state === 'COMPLETED' ? [{ state: 'ok', ...known, ends: ['failed', 'never-started'] }] : [];
}

/** `Copy Job State Change`, of the same. Each destination has troubles of its own. */
export function readCopyJob(reading: MessageReading): Observation[] {
  const { detail } = copyEvent.parse(reading.body);
  const { state, statusMessage } = detail;
  const source = sourceOf(reading, detail, detail.sourceBackupVaultArn?.split(':').at(-1));
  if (source === undefined) return [];
  const destination = detail.destinationBackupVaultArn ?? 'unknown vault';
  const about = `copies of ${source}`;
  const known = { key: copiesKey(source, destination), about, at: timeOf(reading) };
  const { event } = reading;
  if (state === 'COMPLETED') return [{ state: 'ok', ...known, event, ends: ['housekeeping'] }];
  if (!['ABORTED', 'EXPIRED', 'FAILED', 'PARTIAL'].includes(state)) return [];
  const sentence = because(
    `the newest backup of ${source} could not be copied to ${destination}`,
    words(statusMessage),
  );
  return [
    {
      ...{
        state: 'problem',
        signal: 'housekeeping',
        cause: 'managed-copy',
        ...known,
        event,
        since: known.at,
        hasEnd: true,
      },
      ...{ sentence, short: `a copy to ${destination.split(':').at(-1)} failed`, resource: destination },
    },
  ];
}

/** AWS Backup puts its messages into quotation marks. */
const words = (message = ''): string => message.replace(/^"|"$/g, '').trim();

/** Jobs in other vaults and of other plans are of somebody else. */
const sourceOf = (
  { settings }: MessageReading,
  { resourceArn, createdBy }: z.infer<typeof backupEvent>['detail'] | z.infer<typeof copyEvent>['detail'],
  vault: string | undefined,
) =>
  Object.entries(settings.sources).find(
    ([, { managed }]) =>
      managed !== undefined &&
      managed.resource === resourceArn &&
      managed.vault === vault &&
      isOfPlan(managed, createdBy?.backupPlanId),
  )?.[0];
