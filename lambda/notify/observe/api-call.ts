import { z } from 'zod';
import { familyOf, ownerOfFamily } from '../../../catalog/contract/families';
import type { Observation } from '../problems/observation';
import type { Reading } from './message';
import { maybe, maybeTime, timeOf } from './message';
import { HOUSEKEEPING } from './housekeeping';
import { startCause, startSentence } from './task-causes';

const event = z.looseObject({
  detail: z.looseObject({
    eventSource: z.string(),
    eventName: z.string(),
    errorCode: maybe,
  }),
});

/** `AWS API Call via CloudTrail`: what nothing else tells. */
export function readApiCall(reading: Reading): Observation[] {
  const { eventSource, eventName, errorCode } = event.parse(reading.body).detail;
  // A call that threw was heard by whoever made it: EventBridge Scheduler puts it into its dead-letter queue.
  if (eventSource === 'ecs.amazonaws.com' && eventName === 'RunTask' && errorCode === undefined) {
    return refusedTask(reading);
  }
  if (eventSource === 's3.amazonaws.com' && /^Delete/.test(eventName) && errorCode === 'AccessDenied') {
    return deniedDelete(reading);
  }
  return [];
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

/** ECS answers 200 and starts nothing: whoever asked takes that for success. */
function refusedTask(reading: Reading): Observation[] {
  const { eventTime, requestParameters, responseElements } = runTask.parse(reading.body).detail;
  const failure = responseElements?.failures?.[0];
  if (!failure) return [];
  const owner = ownerOfFamily(reading.settings, familyOf(requestParameters.taskDefinition));
  if (owner?.action !== 'dump') return [];
  const { source } = owner;
  const at = eventTime ?? timeOf(reading);
  const said = [failure.reason, failure.detail].filter(Boolean).join(': ');
  const cause = startCause(said) === 'capacity' ? 'capacity' : 'refused-by-ecs';
  const known = { of: source, source, about: source, at, since: at, event: reading.event };
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

/** Somebody tried to delete backups who may not. */
function deniedDelete(reading: Reading): Observation[] {
  const { detail } = deletion.parse(reading.body);
  const { userIdentity, requestParameters: wanted, sourceIPAddress } = detail;
  if (wanted.bucketName !== reading.settings.bucket) return [];
  const who = userIdentity.arn ?? userIdentity.invokedBy ?? userIdentity.type ?? 'somebody unknown';
  // Every session of a role has a name of its own, but it is the role that somebody has to look at.
  const role = userIdentity.sessionContext?.sessionIssuer?.arn ?? who;
  const at = detail.eventTime ?? timeOf(reading);
  // Of many at once CloudTrail does not say which.
  const what = wanted.key === undefined ? 'objects' : wanted.key;
  const from = sourceIPAddress === undefined ? '' : ` from ${sourceIPAddress}`;
  return [
    {
      ...{ state: 'problem', signal: 'housekeeping', cause: 'denied-delete', resource: who },
      ...{ of: `${HOUSEKEEPING}denied-delete/${role}`, about: `deletes in ${wanted.bucketName}` },
      sentence: `${who} tried to delete ${what}${from} (${detail.eventName}) and was denied`,
      ...{ at, since: at, event: reading.event },
    },
  ];
}
