import type { Notification } from '../../../catalog/contract/notification';
import { redact } from '../../../catalog/redact';
import { shownRaw } from './masked';
import type { Composed, Place } from './place';
import { NPX } from './problem-text';
import { body, clean, cut, subject, wrapped } from './text';

const RAW_CHARACTERS = 20_000;

/**
 * An email with an event as it came, for when nothing better can be written. Must not throw, whatever it is given.
 *
 * @param why nothing better could be written
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
    () => subject('BACKUP PROBLEM', 'an event that could not be put into words', place.bucket),
    'BACKUP PROBLEM: an event that could not be put into words',
  );
  const text = attempt(
    () =>
      body([
        wrapped(
          'Something happened around your backups. The email about it could not be written, so here is the event as it came.',
        ),
        `WHY\n${wrapped(reason)}`,
        `THE EVENT\n${wrapped(event)}`,
        `WHAT TO DO\n${wrapped('See whether the backups are there:')}\nnpx proven-backups list --bucket ${place.bucket} --region ${place.region}\nOr with the AWS CLI alone:\naws s3 ls s3://${place.bucket}/ --region ${place.region}`,
        NPX,
        'Then please report it, without what is secret in it:\nhttps://github.com/cdk-proven-backups/cdk-proven-backups/issues',
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
        sentence: `an event could not be put into words: ${reason}`,
        since: attempt(() => place.now.toISOString(), '1970-01-01T00:00:00.000Z'),
        likelyCause: '',
        next: [],
        links: {
          runbook: 'https://github.com/cdk-proven-backups/cdk-proven-backups/blob/main/docs/alarms.md#housekeeping',
        },
        // As text: of what cannot be put into JSON, nothing could be published.
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
