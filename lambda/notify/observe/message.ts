import { jsonOf } from '../../shared/json';
import * as z from 'zod';
import type { AlarmSettings } from '../../../catalog/contract/alarms';
import type { Observation, QueueMessage } from '../problems/observation';
import type { LookUpCommand, LookUpSchedule } from '../ports';

/** Everything that reading a message needs. */
export interface ObserveContext {
  readonly settings: AlarmSettings;
  /** ARN of the dead-letter queue of EventBridge Scheduler. */
  readonly deadLetters?: string;
  readonly lookUpSchedule: LookUpSchedule;
  readonly lookUpCommand: LookUpCommand;
  /** When the measuring last reported; `undefined` if it never did. */
  measuredAt(): Promise<Date | undefined>;
  /** Tells the measuring which verdict to read. */
  rememberFailedTest(source: string, backupId: string): Promise<void>;
  readonly now: Date;
}

/** A message while it is read. */
export interface MessageReading extends ObserveContext {
  readonly message: QueueMessage;
  /** The body, from JSON. */
  readonly body: unknown;
  /** Id of the event: {@link eventId}. */
  readonly event: string;
}

/** Reads one kind of message. Throws a ZodError if a field is missing that its kind needs. */
export type Read = (reading: MessageReading) => Observation[] | Promise<Observation[]>;

// AWS adds fields to its events: everything is parsed loosely.

/** A time as ISO 8601 in UTC, however it was written; `undefined` if it is none. */
export function isoTime(text: string | undefined): string | undefined {
  const time = new Date(text ?? Number.NaN);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

/** A text that may be missing. */
export const maybe = z.string().optional().catch(undefined);

/** A time that may be missing. */
export const maybeTime = maybe.transform(isoTime);

/** The fields of every event of EventBridge. */
export const envelope = z.looseObject({
  'detail-type': z.string(),
  id: maybe,
  time: maybeTime,
  detail: z.looseObject({}),
});

/** When the event happened; if it does not say so, when it was sent to the queue. */
export const timeOf = (reading: MessageReading): string =>
  z.looseObject({ time: maybeTime }).safeParse(reading.body).data?.time ?? sentTime(reading);

/** When a message was sent to the queue. */
export const sentTime = ({ message, now }: MessageReading): string =>
  new Date(Number(message.attributes.SentTimestamp) || now).toISOString();

/** The last part of an ARN. Nothing else can be trusted: those of EBS have the Region in place of the account. */
export const lastPart = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

/** The value of an attribute of a message. */
export const attribute = ({ messageAttributes }: QueueMessage, name: string): string | undefined =>
  messageAttributes?.[name]?.stringValue;

const identified = z.looseObject({
  id: maybe,
  detail: z
    .looseObject({ taskArn: maybe, version: z.number().optional().catch(undefined) })
    .optional()
    .catch(undefined),
  requestContext: z.looseObject({ requestId: maybe }).optional().catch(undefined),
});

/** Id of an event, the same in all its deliveries: it tells a second delivery from a second event. */
export function eventId(message: QueueMessage, body: unknown = jsonOf(message.body)): string {
  const schedule = attribute(message, 'SCHEDULE_ARN');
  if (schedule !== undefined) return `${schedule} ${attribute(message, 'SCHEDULED_TIME') ?? message.messageId}`;
  const { id, detail, requestContext } = identified.safeParse(body).data ?? {};
  // ECS may send one change of a task as two events.
  if (detail?.taskArn !== undefined && detail.version !== undefined) return `${detail.taskArn} ${detail.version}`;
  return id ?? requestContext?.requestId ?? message.messageId;
}
