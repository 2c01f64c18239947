import type { Notification } from '../../../catalog/contract/notification';
import { redact } from '../../../catalog/redact';
import { ISSUES, runbook } from '../advice/links';
import { shownRaw } from './masked';
import type { Composed, Place } from './place';
import { NPX } from './problem-text';
import { body, clean, cut, subject, wrapped } from './text';

const RAW_CHARACTERS = 20_000;

/**
 * An email with an event as it came, for events that cannot be composed otherwise. Must not throw, whatever it is given.
 *
 * @param why it could not be composed
 */
export function composeRaw(raw: unknown, why: string, place: Place): Composed {
  const event = cut(
    attempt(() => clean(shownRaw(raw)), 'it cannot be shown'),
    RAW_CHARACTERS,
  );
  const reason = cut(
    attempt(() => clean(redact(why.slice(0, 4000))), 'unknown'),
    1000,
  );
  const title = attempt(
    () => subject('BACKUP PROBLEM', 'an event that could not be understood', place.bucket),
    'BACKUP PROBLEM: an event that could not be understood',
  );
  const text = attempt(
    () =>
      body([
        wrapped(
          'Something happened to your backups, but the email about it could not be composed. Here is the event as it came.',
        ),
        `WHY\n${wrapped(reason)}`,
        `THE EVENT\n${wrapped(event)}`,
        `WHAT TO DO\n${wrapped('See which backups there are:')}\nnpx proven-backups list --bucket ${place.bucket} --region ${place.region}\nOr with the AWS CLI alone:\naws s3 ls s3://${place.bucket}/ --region ${place.region}`,
        NPX,
        `Then please report it, without secrets:\n${ISSUES}`,
        `ABOUT THIS EMAIL\nBucket ${place.bucket}\nAccount ${place.account}, Region ${place.region}`,
      ]),
    `${title}\n\n${event}\n`,
  );
  const notification: Notification = {
    formatVersion: 1,
    kind: 'problem',
    subject: title,
    at: attempt(() => place.now.toISOString(), '1970-01-01T00:00:00.000Z'),
    account: place.account,
    region: place.region,
    bucket: place.bucket,
    signal: 'housekeeping',
    cause: 'other',
    problems: [
      {
        signal: 'housekeeping',
        cause: 'other',
        about: 'an event',
        sentence: `an event could not be understood: ${reason}`,
        since: attempt(() => place.now.toISOString(), '1970-01-01T00:00:00.000Z'),
        likelyCause: '',
        next: [],
        links: { runbook: runbook('housekeeping') },
        // As text: a value that JSON cannot hold could not be published.
        raw: event,
      },
    ],
  };
  return { notification, text };
}

function attempt<T>(make: () => T, otherwise: T): T {
  try {
    return make();
  } catch {
    return otherwise;
  }
}
