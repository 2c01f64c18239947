import * as z from 'zod';
import { familyOf, ownerOfFamily } from '../../../catalog/contract/families';
import type { Observation } from '../problems/observation';
import type { MessageReading } from './message';
import { lastPart, maybe, maybeTime, timeOf } from './message';
import { HOUSEKEEPING } from './housekeeping';
import { startCause, startSentence } from './task-causes';

const event = z.looseObject({
  detail: z.looseObject({
    eventSource: z.string(),
    eventName: z.string(),
    errorCode: maybe,
  }),
});

/** `AWS API Call via CloudTrail`: calls that nothing else reports. */
export function readApiCall(reading: MessageReading): Observation[] {
  const { eventSource, eventName, errorCode } = event.parse(reading.body).detail;
  // The caller knows about a call that threw: EventBridge Scheduler puts it into its dead-letter queue.
  if (eventSource === 'ecs.amazonaws.com' && eventName === 'RunTask' && errorCode === undefined) {
    return refusedTask(reading);
  }
  if (eventSource !== 's3.amazonaws.com' || !/^Delete/.test(eventName)) return [];
  if (errorCode === 'AccessDenied') return triedDelete(reading);
  // S3 answers for each object, which CloudTrail does not record. The rule leaves out the calls of those who may.
  return eventName === 'DeleteObjects' && errorCode === undefined ? triedDelete(reading, 'answer-unknown') : [];
}

const runTask = z.looseObject({
  detail: z.looseObject({
    eventTime: maybeTime,
    requestParameters: z.looseObject({ taskDefinition: z.string() }),
    responseElements: z
      .looseObject({ failures: z.array(z.looseObject({ reason: maybe, detail: maybe })).nullish() })
      .nullish(),
  }),
});

/** ECS answers 200 but starts nothing, which the caller takes for success. */
function refusedTask(reading: MessageReading): Observation[] {
  const { eventTime, requestParameters, responseElements } = runTask.parse(reading.body).detail;
  const failure = responseElements?.failures?.[0];
  if (!failure) return [];
  const owner = ownerOfFamily(reading.settings, familyOf(requestParameters.taskDefinition));
  // Whoever starts a restore or a test by hand reads the answer.
  if (owner?.action !== 'dump') return [];
  const { source } = owner;
  const at = eventTime ?? timeOf(reading);
  const said = [failure.reason, failure.detail].filter(Boolean).join(': ');
  const cause = startCause(said) === 'capacity' ? 'capacity' : 'refused-by-ecs';
  const known = { key: source, source, about: source, at, since: at, event: reading.event };
  return [{ state: 'problem', signal: 'never-started', cause, sentence: startSentence(cause, said), ...known }];
}

const deletion = z.looseObject({
  detail: z.looseObject({
    eventName: z.string(),
    eventTime: maybeTime,
    sourceIPAddress: maybe,
    userIdentity: z.looseObject({
      type: maybe,
      arn: maybe,
      invokedBy: maybe,
      sessionContext: z
        .looseObject({ sessionIssuer: z.looseObject({ arn: maybe }).optional().catch(undefined) })
        .optional()
        .catch(undefined),
    }),
    requestParameters: z.looseObject({ bucketName: z.string(), key: maybe }),
  }),
});

/** Somebody without the permission tried to delete backups. */
function triedDelete(reading: MessageReading, variant?: 'answer-unknown'): Observation[] {
  const { detail } = deletion.parse(reading.body);
  const { userIdentity, requestParameters: wanted, sourceIPAddress } = detail;
  if (wanted.bucketName !== reading.settings.bucket) return [];
  const who = userIdentity.arn ?? userIdentity.invokedBy ?? userIdentity.type ?? 'somebody unknown';
  // Each session has a name of its own; problems of one role belong together.
  const role = userIdentity.sessionContext?.sessionIssuer?.arn ?? who;
  const at = detail.eventTime ?? timeOf(reading);
  // For a call with many objects, CloudTrail does not name them.
  const what = wanted.key === undefined ? 'objects' : wanted.key;
  const from = sourceIPAddress === undefined ? '' : ` from ${sourceIPAddress}`;
  return [
    {
      state: 'problem',
      signal: 'housekeeping',
      cause: 'denied-delete',
      resource: who,
      key: `${HOUSEKEEPING}denied-delete/${role}`,
      about: `deletes in ${wanted.bucketName}`,
      sentence: `${who} tried to delete ${what}${from} (${detail.eventName})${variant ? '' : ' and was denied'}`,
      short: `${lastPart(who)} tried to delete ${wanted.key === undefined ? 'backups' : lastPart(wanted.key)}`,
      at,
      since: at,
      event: reading.event,
      ...(variant && { variant }),
    },
  ];
}
