/**
 * Turns events into emails. The way of an event:
 *
 * 1. **Queue.** EventBridge rules (task stopped, alarm changed, snapshot, job of AWS Backup, API call), our own functions
 *    (`measured`, `pruned`), Lambda's records of failed functions, EventBridge Scheduler's dead letters, and the schedule of the
 *    digest: all of them arrive in SQS. `handler.ts` gets a batch, gathered for up to a minute, so that 300 failures become few
 *    emails.
 * 2. **Observe** (`observe/`). `read-batch.ts` turns each message into observations: a trouble, good news, or a measuring of a
 *    source. Each has a key under which it is remembered: the name of the source, or `housekeeping/…`. A message that is not
 *    understood is a trouble itself; one that cannot be judged yet is put back.
 * 3. **Decide** (`problems/`). A `Case` collects the observations of one key, in the order of their times. `decide.ts` and
 *    `state.ts` compare them with what `memory.ts` remembers in DynamoDB: is it new, another cause, due again, over? Is it
 *    older than the last good news, or a second delivery? `flapping.ts` damps what comes and goes. All of this is pure.
 * 4. **Enrich** (`problems/enrich.ts`, `locate.ts`). Adds what a reader asks next: the reason and the last lines of the run's
 *    log, and the newest backup. What cannot be read within seconds is left out.
 * 5. **Advise** (`advice/`). The reason of a failed run, or else the cause, selects a likely cause and the next commands. What
 *    only an engine knows comes from `engines/<name>/advice.ts`.
 * 6. **Compose** (`compose/`). Problems with the same signal and cause share an email. It has a subject, a text of 72 columns,
 *    and the same facts as JSON for other subscribers.
 * 7. **Send** (`send-email.ts`, `publish.ts`). If composing fails, the facts are sent as they are.
 * 8. **Remember.** Only after an email was sent. If the sending failed, the message comes again; if somebody else wrote in
 *    between, the case is decided again. So an email may come twice, but is never lost: a message that fails to the end goes
 *    to a dead-letter queue, on which CloudWatch alarms by itself.
 *
 * A digest takes steps 6 and 7 only. `proven-backups alarm test` sends one email of each kind (`test-emails.ts`).
 */
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SchedulerClient } from '@aws-sdk/client-scheduler';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { BackupClient } from '@aws-sdk/client-backup';
import type { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
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
import { commandReader } from './observe/command-reader';
import { observe } from './observe/observe';
import { isLastTry } from './observe/read-batch';
import { scheduleReader } from './observe/schedule-reader';
import { ProblemMemory } from './problems/memory';
import type { QueueMessage } from './problems/observation';
import { publisher } from './publish';
import { sendRawMessages } from './send-raw';
import { sendTestEmails } from './test-emails';

/** Longest time that an email waits for facts that are looked up. */
const LOOKUP_MS = 15_000;
/** Time that a digest leaves for everything else. */
const RESERVE_MS = 60_000;

/** The clients and settings of a notify function. */
export interface NotifyContext {
  readonly dynamo: DynamoDBClient;
  readonly logs: CloudWatchLogsClient;
  readonly s3: S3Client;
  readonly scheduler: SchedulerClient;
  readonly sns: SNSClient;
  readonly ssm: SSMClient;
  readonly backup: BackupClient;
  /** Name of the parameter with the settings. */
  readonly parameter: string;
  /** ARN. */
  readonly topic: string;
  /** Name of the table. */
  readonly table: string;
  /** ARN. */
  readonly deadLetters?: string;
  /** Time that is left for the run. */
  readonly remainingMs: () => number;
  /** Another composer, to see what happens when it fails. */
  readonly composer?: BatchContext['composer'];
  /** Another time than now. */
  readonly now?: Date;
}

/** Answer to Lambda about a batch. */
export interface BatchAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

const request = z.union([
  z.strictObject({ test: z.literal(true) }),
  z.looseObject({ Records: z.array(z.looseObject({ messageId: z.string(), body: z.string() })) }),
]);

/**
 * Works on a batch of the queues, or sends test emails.
 *
 * @throws HandlerError if the event is neither
 */
export async function notify(event: unknown, context: NotifyContext): Promise<BatchAnswer | AlarmTestReport> {
  const asked = parseRequest(request, event);
  if ('test' in asked) return testTopic(context);
  const messages = asked.Records as unknown as QueueMessage[];
  const again = await notifyMessages(messages, context);
  return { batchItemFailures: again.map((itemIdentifier) => ({ itemIdentifier })) };
}

async function notifyMessages(messages: readonly QueueMessage[], context: NotifyContext): Promise<string[]> {
  const { sns, ssm, topic, parameter } = context;
  const sender = { composer: context.composer ?? composer, publish: publisher(sns, topic) };
  let settings: AlarmSettings;
  try {
    settings = await readAlarmSettings(ssm, parameter);
  } catch (error) {
    // Without settings the messages cannot be understood, but people must know that there are some.
    const why = errorText(error);
    logLine('error', 'settings', why, { parameter });
    // During a deployment, settings and function may be of different versions.
    const later = messages.filter((message) => !isLastTry(message));
    const last = messages.filter(isLastTry);
    const failed = await sendRawMessages(last, why, { ...sender, place: placeOf(context) });
    return [...later.map(({ messageId }) => messageId), ...failed];
  }
  return notifyBatch(messages, batchContext(settings, context, sender));
}

function batchContext(
  settings: AlarmSettings,
  context: NotifyContext,
  sender: Pick<BatchContext, 'composer' | 'publish'>,
): BatchContext {
  const { backup, dynamo, logs, s3, scheduler, sns, ssm, table, topic, deadLetters, remainingMs } = context;
  const place = placeOf(context, settings);
  const memory = new ProblemMemory(dynamo, table);
  const observeContext = {
    settings,
    deadLetters,
    now: place.now,
    lookUpSchedule: scheduleReader(scheduler),
    lookUpCommand: commandReader(ssm),
    measuredAt: once(() => memory.measuredAt()),
    rememberFailedTest: (source: string, id: string) => memory.rememberFailedTest(source, id),
  };
  const measureMemory = new MeasureMemory(dynamo, table);
  return {
    ...sender,
    place,
    settings,
    memory,
    observe: (message) => observe(message, observeContext),
    listSubscriptions: () => listSubscriptions(sns, topic),
    lookups: {
      readLog: logReader(logs),
      readHealth: (sources, hasTime) => readHealth({ s3, backup, settings, memory: measureMemory, hasTime }, sources),
      patienceMs: LOOKUP_MS,
      digestPatienceMs: Math.max(LOOKUP_MS, remainingMs() - RESERVE_MS),
    },
  };
}

async function testTopic(context: NotifyContext): Promise<AlarmTestReport> {
  const { sns, ssm, topic, parameter } = context;
  let settings: AlarmSettings | undefined;
  let failure: string | undefined;
  try {
    settings = await readAlarmSettings(ssm, parameter);
  } catch (error) {
    failure = errorText(error);
  }
  const notifications = composer.testNotifications(placeOf(context, settings));
  const report = await sendTestEmails(topic, notifications, publisher(sns, topic), () => listSubscriptions(sns, topic));
  return failure === undefined ? report : { ...report, failures: [failure, ...report.failures] };
}

/** The ARN of the topic has account and Region; the name of the parameter, the bucket: `/proven-backups/my-bucket/…`. */
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
