import type { MessageAttributeValue, SNSClient } from '@aws-sdk/client-sns';
import { PublishCommand } from '@aws-sdk/client-sns';
import type { Notification } from '../../catalog/contract/notification';
import { NOTIFICATION_ATTRIBUTES } from '../../catalog/contract/notification';
import type { Publish } from './ports';

/** SNS takes 262,144 bytes, the attributes among them. */
const MESSAGE_BYTES = 261_000;
const SUBJECT_CHARACTERS = 99;
/** Length of a text that is cut. */
const CUT = 20_000;

/** Publishes to a topic: text to emails, the subject to phones, JSON to all others. Needs `sns:Publish`. */
export const publisher =
  (client: SNSClient, TopicArn: string): Publish =>
  async (notification, text) => {
    const Subject = subjectOf(notification.subject);
    await client.send(
      new PublishCommand({
        TopicArn,
        Subject,
        MessageStructure: 'json',
        Message: messageOf({ ...notification, subject: Subject }, text),
        MessageAttributes: attributesOf(notification),
      }),
    );
  };

/** A subject that SNS accepts: it refuses others, and then nobody would be told. */
export const subjectOf = (subject: string): string =>
  subject
    .replace(/[^\x20-\x7e]+/g, (strange) => (strange.trim() === '' ? ' ' : '?'))
    .slice(0, SUBJECT_CHARACTERS)
    .trim() || 'BACKUP ALARM';

function messageOf(notification: Notification, text: string): string {
  const whole = structured(notification, text);
  if (Buffer.byteLength(whole) <= MESSAGE_BYTES) return whole;
  const { problems, recoveries, digest, notes, ...head } = notification;
  const told = problems ?? recoveries ?? digest ?? notes ?? [];
  const names = told.map((one) => ('about' in one ? one.about : one.source)).join(', ');
  const rest = `The rest is too long for an email. It concerns: ${names.slice(0, CUT)}`;
  return structured(head, `${text.slice(0, CUT)}\n\n${rest}\n`);
}

const structured = (notification: Notification, text: string): string =>
  JSON.stringify({ default: JSON.stringify(notification), email: text, sms: notification.subject });

function attributesOf({ kind, signal, test }: Notification): Record<string, MessageAttributeValue> {
  const values = {
    [NOTIFICATION_ATTRIBUTES.kind]: kind,
    [NOTIFICATION_ATTRIBUTES.signal]: signal,
    [NOTIFICATION_ATTRIBUTES.test]: test && 'true',
  };
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, StringValue]) =>
      StringValue === undefined ? [] : [[name, { DataType: 'String', StringValue }]],
    ),
  );
}
