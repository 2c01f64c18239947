import type { SQSClient } from '@aws-sdk/client-sqs';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Pruned, PrunedSource } from '../../catalog/contract/alarms';
import { ALARM_ENV } from '../../catalog/contract/alarms';
import type { PruneReport, SourceReport } from '../../catalog/contract/handlers';
import { sqsClient } from './clients';

/** Sources of a message, failures of a source, and characters of a sentence: all of them are well below 256 KiB. */
const SOURCES = 50;
const ERRORS = 3;
const CHARACTERS = 500;

/** Sends the problems in the report of a scheduled run to the notify function. */
export type SendPruned = (report: PruneReport) => Promise<void>;

/** Sends to the queue in the environment; `undefined` if no alarms watch the function. */
export function prunedSender(prunes: Pruned['prunes']): SendPruned | undefined {
  const queueUrl = process.env[ALARM_ENV.events];
  return queueUrl ? sendPruned(sqsClient(), queueUrl, prunes) : undefined;
}

/** Sends to a queue. Needs `sqs:SendMessage`. */
const sendPruned =
  (client: SQSClient, QueueUrl: string, prunes: Pruned['prunes']): SendPruned =>
  async (report) => {
    const MessageBody = JSON.stringify(prunedOf(report, prunes, new Date()));
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  };

/** The message about a report. */
export function prunedOf(report: PruneReport, prunes: Pruned['prunes'], now: Date): Pruned {
  const sources = report.sources.map(prunedSource).filter(hasProblem);
  const logGroup = process.env.AWS_LAMBDA_LOG_GROUP_NAME;
  return {
    kind: 'pruned',
    prunes,
    scope: report.of,
    at: now.toISOString(),
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'unknown',
    ...(logGroup && { logGroup }),
    sources: sources.slice(0, SOURCES),
    moreSources: Math.max(0, sources.length - SOURCES),
  };
}

function prunedSource({ source, refusal, errors, damaged }: SourceReport): PrunedSource {
  const [first] = damaged;
  return {
    source,
    ...(refusal && { refusal }),
    errors: errors.slice(0, ERRORS).map((error) => error.slice(0, CHARACTERS)),
    errorCount: errors.length,
    ...(first && { damaged: { id: first.id, damage: first.damage.slice(0, CHARACTERS) } }),
    damagedCount: damaged.length,
  };
}

const hasProblem = ({ refusal, errorCount, damagedCount }: PrunedSource): boolean =>
  refusal !== undefined || errorCount + damagedCount > 0;
