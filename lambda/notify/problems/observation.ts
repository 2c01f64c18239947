/** Observations: the one form that all messages have after they were read. */
import type { DigestDue, Measured, Signal } from '../../../catalog/contract/alarms';
import type { Problem } from '../../../catalog/contract/notification';

/** Something is wrong. */
export interface Trouble extends Problem {
  readonly state: 'problem';
  /** Key under which it is remembered: the name of the source, or `housekeeping/measure`, `housekeeping/snapshot/vol-0abc`. */
  readonly key: string;
  /** When it happened: one that is older than the last good news is out of date. ISO 8601, UTC. */
  readonly at: string;
  /** Id of the event, the same in all its deliveries. */
  readonly event: string;
  /** The event cannot be judged yet: it is tried again, as often as messages are. */
  readonly unsure?: boolean;
  /** An event will say when it is over. Without one, it is over when it has not happened again for 14 days. */
  readonly hasEnd?: boolean;
}

/** Something works. */
export interface GoodNews {
  readonly state: 'ok';
  readonly key: string;
  readonly source?: string;
  readonly about: string;
  /** The signals that it ends. */
  readonly ends: readonly Signal[];
  readonly at: string;
  /** Id of the event. */
  readonly event: string;
}

/** The meaning of a message of the queue. */
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
