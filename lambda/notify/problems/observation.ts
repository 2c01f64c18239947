/** What an event says of backups: the form that all events have after they were read. */
import type { DigestDue, Measured, Signal } from '../../../catalog/contract/alarms';
import type { Problem } from '../../../catalog/contract/notification';

/** Something is wrong. */
export interface Trouble extends Problem {
  readonly state: 'problem';
  /** Under what it is remembered: the name of the source, or `housekeeping/prune`, `housekeeping/snapshot/snap-0abc`. */
  readonly of: string;
  /** When it happened: an older one than the last good news is out of date. ISO 8601, UTC. */
  readonly at: string;
  /** Of the event that says so: it may come twice, and with the same one. */
  readonly event: string;
  /** The event cannot be judged yet: try again later unless it has been tried this often. */
  readonly unsure?: boolean;
  /** Something will call it well: it is not over because it was not heard of for long. */
  readonly hasEnd?: boolean;
}

/** Something is well. */
export interface GoodNews {
  readonly state: 'ok';
  readonly of: string;
  readonly source?: string;
  readonly about: string;
  /** What is over with it. */
  readonly ends: readonly Signal[];
  readonly at: string;
  /** Of the event that says so. */
  readonly event: string;
}

/** What one message of the queue says. */
export type Observation =
  Trouble | GoodNews | (Measured & { readonly state: 'measured' }) | (DigestDue & { readonly state: 'digest' });

/** A message, as the queue hands it to Lambda. */
export interface QueueMessage {
  readonly messageId: string;
  readonly body: string;
  readonly eventSourceARN: string;
  readonly attributes: { readonly ApproximateReceiveCount: string; readonly SentTimestamp: string };
  readonly messageAttributes: Readonly<Record<string, { readonly stringValue?: string }>>;
}
