import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SchedulerClient } from '@aws-sdk/client-scheduler';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { z } from 'zod';
import type { AlarmSettings, AlarmTestReport } from '../../catalog/contract/alarms';
import { logReader } from '../../catalog/contract/run-log';
import { readAlarmSettings } from '../shared/alarm-settings';
import { errorText } from '../shared/errors';
import { readHealth } from '../health/health';
import { logLine } from '../shared/log';
import { parseRequest } from '../shared/request';
import { listSubscriptions } from '../shared/subscriptions';
import { MeasureMemory } from '../health/measure-memory';
import type { BatchContext } from './batch';
import { notifyBatch } from './batch';
import * as composer from './compose/compose';
import type { Place } from './compose/place';
import { scheduleReader } from './observe/schedule-reader';
import { TableMemory } from './problems/memory';
import type { QueueMessage } from './problems/observation';
import { observe } from './observe/observe';
import { publisher } from './publish';
import { tellMessages } from './send-raw';
import { isLastTry } from './observe/read-batch';
import { Recall } from './problems/recall';
import { tryOut } from './test-emails';

/** Longest time that emails wait for what is only looked up. */
const LOOKUP_MS = 15_000;
/** Time that a digest leaves for everything else. */
const RESERVE_MS = 60_000;

/** Where a notify function works, and with what. */
export interface NotifyContext {
  readonly dynamo: DynamoDBClient;
  readonly logs: CloudWatchLogsClient;
  readonly s3: S3Client;
  readonly scheduler: SchedulerClient;
  readonly sns: SNSClient;
  readonly ssm: SSMClient;
  /** Name of the parameter with the settings. */
  readonly parameter: string;
  /** ARN. */
  readonly topic: string;
  /** Name of the table. */
  readonly table: string;
  /** ARN. */
  readonly deadLetters?: string;
  /** How long the run may go on. */
  readonly remainingMs: () => number;
  /** Another one, to see what happens when it fails. */
  readonly composer?: BatchContext['composer'];
  /** Another time than now. */
  readonly now?: Date;
}

/** What Lambda is answered about a batch. */
export interface BatchAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

const request = z.union([
  z.strictObject({ test: z.literal(true) }),
  z.looseObject({ Records: z.array(z.looseObject({ messageId: z.string(), body: z.string() })) }),
]);

/**
 * Works on a batch of the queues, or tries the topic.
 *
 * @throws HandlerError if the event is neither
 */
export async function notify(event: unknown, surroundings: NotifyContext): Promise<BatchAnswer | AlarmTestReport> {
  const asked = parseRequest(request, event);
  if ('test' in asked) return tryTopic(surroundings);
  const messages = asked.Records as unknown as QueueMessage[];
  const again = await notifyMessages(messages, surroundings);
  return { batchItemFailures: again.map((itemIdentifier) => ({ itemIdentifier })) };
}

async function notifyMessages(messages: readonly QueueMessage[], surroundings: NotifyContext): Promise<string[]> {
  const { sns, ssm, topic, parameter } = surroundings;
  const teller = { composer: surroundings.composer ?? composer, publish: publisher(sns, topic) };
  let settings: AlarmSettings;
  try {
    settings = await readAlarmSettings(ssm, parameter);
  } catch (error) {
    // Without them nobody knows what the messages mean; but that there are some, people have to know.
    const why = errorText(error);
    logLine('error', 'settings', why, { parameter });
    // While a deployment goes on, they may be of one version and this of another.
    const later = messages.filter((message) => !isLastTry(message));
    const last = messages.filter(isLastTry);
    const failed = await tellMessages(last, why, { ...teller, place: placeOf(surroundings) });
    return [...later.map(({ messageId }) => messageId), ...failed];
  }
  return notifyBatch(messages, worldOf(settings, surroundings, teller));
}

function worldOf(
  settings: AlarmSettings,
  surroundings: NotifyContext,
  teller: Pick<BatchContext, 'composer' | 'publish'>,
): BatchContext {
  const { dynamo, logs, s3, scheduler, table, deadLetters, remainingMs } = surroundings;
  const place = placeOf(surroundings, settings);
  const recall = new Recall(new TableMemory(dynamo, table));
  const context = {
    ...{ settings, deadLetters, now: place.now },
    lookUpSchedule: scheduleReader(scheduler),
    measuredAt: once(() => recall.measuredAt()),
  };
  const measureMemory = new MeasureMemory(dynamo, table);
  return {
    ...{ ...teller, place, settings, recall },
    observe: (message) => observe(message, context),
    lookups: {
      readLog: logReader(logs),
      readHealth: (sources, hasTime) => readHealth({ s3, settings, memory: measureMemory, hasTime }, sources),
      patienceMs: LOOKUP_MS,
      digestPatienceMs: Math.max(LOOKUP_MS, remainingMs() - RESERVE_MS),
    },
  };
}

async function tryTopic(surroundings: NotifyContext): Promise<AlarmTestReport> {
  const { sns, ssm, topic, parameter } = surroundings;
  let settings: AlarmSettings | undefined;
  let failure: string | undefined;
  try {
    settings = await readAlarmSettings(ssm, parameter);
  } catch (error) {
    failure = errorText(error);
  }
  const notifications = composer.testNotifications(placeOf(surroundings, settings));
  const report = await tryOut(topic, notifications, publisher(sns, topic), () => listSubscriptions(sns, topic));
  return failure === undefined ? report : { ...report, failures: [failure, ...report.failures] };
}

/** The ARN of the topic tells where this is; the name of the parameter, whose bucket: `/proven-backups/my-bucket/…`. */
function placeOf({ topic, parameter, now = new Date() }: NotifyContext, settings?: AlarmSettings): Place {
  const [, partition = '', , region = '', account = ''] = topic.split(':');
  const bucket = settings?.bucket ?? parameter.split('/')[2] ?? '';
  return { partition, region, account, bucket, timeZone: settings?.timeZone ?? 'UTC', now };
}

/** Asks only once. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= work());
}
