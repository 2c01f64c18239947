import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { BackupClient } from '@aws-sdk/client-backup';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Measured } from '../../catalog/contract/alarms';
import { ServerClock } from '../../catalog/bucket/server-clock';
import { readAlarmSettings } from '../shared/alarm-settings';
import { errorText, HandlerError } from '../shared/errors';
import { OUT_OF_TIME, readHealth } from '../health/health';
import { logLine } from '../shared/log';
import { listSubscriptions } from '../shared/subscriptions';
import { MeasureMemory } from '../health/measure-memory';
import type { Measurements } from './metrics';
import { metricsOf, putMetrics } from './metrics';
import { sendMeasured } from './send-measured';

/** The clients and settings of a measure function. */
export interface MeasureContext {
  readonly s3: S3Client;
  readonly ssm: SSMClient;
  readonly backup: BackupClient;
  readonly sns: SNSClient;
  readonly sqs: SQSClient;
  readonly cloudWatch: CloudWatchClient;
  readonly dynamo: DynamoDBClient;
  /** Name of the parameter with the settings. */
  readonly settings: string;
  /** ARN. */
  readonly topic: string;
  /** Name of the table. */
  readonly memory: string;
  /** URL of the queue. */
  readonly events: string;
  readonly hasTime: () => boolean;
}

/** Sources that are named, of many. */
const NAMED = 10;

/** Result of a run. */
export interface MeasureReport {
  readonly of: string;
  readonly sources: number;
  /** Names of those that could not be measured. */
  readonly unmeasured: readonly string[];
  readonly findings: number;
}

/**
 * Measures all sources of the settings, and reports to CloudWatch first, because the alarm that watches over
 * this very function looks there, then to the notify function. What fails of one does not stop the other.
 *
 * @throws HandlerError if the settings cannot be read, if either could not be told, or if the time did not suffice
 */
export async function measure(context: MeasureContext): Promise<MeasureReport> {
  const { s3, ssm, backup, sns, sqs, cloudWatch, dynamo, topic, events, hasTime } = context;
  const settings = await readAlarmSettings(ssm, context.settings);
  const memory = new MeasureMemory(dynamo, context.memory);
  const clock = new ServerClock(s3);
  // What is news while it reads is newer than what it says.
  const at = clock.now().toISOString();
  const sources = await readHealth({ s3, backup, settings, memory, clock, hasTime });
  const faults: string[] = [];
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      faults.push(`${what}: ${errorText(error)}`);
      return undefined;
    }
  };
  const subscriptions = await attempt('could not list the subscriptions', () => listSubscriptions(sns, topic));
  const confirmed = subscriptions?.filter((one) => one.confirmed).length ?? 0;
  const found: Measurements = {
    kind: 'measured',
    bucket: settings.bucket,
    at,
    sources,
    ...(subscriptions && { subscriptions: { confirmed, pending: subscriptions.length - confirmed } }),
  };
  await attempt('could not write the metrics', () => putMetrics(cloudWatch, metricsOf(found)));
  const failures = sources.flatMap(({ source, failure }) => (failure === undefined ? [] : [{ source, failure }]));
  const measured: Measured = {
    ...found,
    complete: failures.length + faults.length === 0 && memory.failure === undefined,
    total: sources.length,
    unmeasured: { count: failures.length, named: failures.slice(0, NAMED) },
  };
  await attempt('could not tell the notify function', async () => {
    await sendMeasured(sqs, events, measured);
    await memory.measured(new Date(measured.at));
  });
  if (memory.failure !== undefined) faults.push(`could not use the table ${context.memory}: ${memory.failure}`);
  return conclude(measured, faults);
}

function conclude({ bucket, sources }: Measured, faults: readonly string[]): MeasureReport {
  const unmeasured = sources.filter(({ failure }) => failure !== undefined);
  const findings = sources.reduce((sum, source) => sum + source.findings.length, 0);
  const message = `${sources.length} sources, ${unmeasured.length} of them could not be measured, ${findings} findings`;
  const report = { of: bucket, sources: sources.length, unmeasured: unmeasured.map(({ source }) => source), findings };
  logLine(unmeasured.length + faults.length > 0 ? 'error' : 'info', 'measured', message, { ...report, faults });
  const late = unmeasured.filter(({ failure }) => failure === OUT_OF_TIME).map(({ source }) => source);
  const said = [...faults, ...(late.length > 0 ? [`the time of the run was over before ${named(late)}`] : [])];
  if (said.length > 0) throw new HandlerError(`the measuring of ${bucket} is not complete: ${said.join('; ')}`);
  return report;
}

/** Names a few of many. */
const named = (names: readonly string[]): string =>
  names.slice(0, NAMED).join(', ') + (names.length > NAMED ? ` and ${names.length - NAMED} more` : '');
