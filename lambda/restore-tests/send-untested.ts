import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { ALARM_ENV } from '../../catalog/contract/alarms';
import type { ProveReport, Untested, UnstartedTest } from '../../catalog/contract/restore-tests';
import { sqsClient } from '../shared/clients';

/** Sources of a message, and characters of a text: all of them are well below 256 KiB. */
const SOURCES = 100;
const CHARACTERS = 500;
/** These pass by themselves. */
const PASSING: readonly UnstartedTest['why'][] = ['running', 'waiting', 'no-backup'];

/** Sends what could not be tested, if anything, to the queue in the environment; `undefined` if no alarms watch the function. */
export function untestedSender(): ((report: ProveReport) => Promise<void>) | undefined {
  const QueueUrl = process.env[ALARM_ENV.events];
  if (!QueueUrl) return undefined;
  const client = sqsClient();
  return async (report) => {
    const message = untestedOf(report, new Date());
    if (message.sources.length === 0) return;
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(message) }));
  };
}

/** The message about a report: of each source what comes first. */
export function untestedOf({ bucket, unstarted }: ProveReport, now: Date): Untested {
  const logGroup = process.env.AWS_LAMBDA_LOG_GROUP_NAME;
  return {
    kind: 'untested',
    bucket,
    at: now.toISOString(),
    ...(logGroup && { logGroup }),
    sources: unstarted
      .filter(({ why }) => !PASSING.includes(why))
      .filter(({ source }, index, all) => all.findIndex((one) => one.source === source) === index)
      .slice(0, SOURCES)
      .map((one) => ({ ...one, ...(one.said !== undefined && { said: one.said.slice(0, CHARACTERS) }) })),
  };
}
