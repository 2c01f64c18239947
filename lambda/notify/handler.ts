import { BackupClient } from '@aws-sdk/client-backup';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SNSClient } from '@aws-sdk/client-sns';
import type { AlarmTestReport } from '../../catalog/contract/alarms';
import { ALARM_ENV } from '../../catalog/contract/alarms';
import { CLIENT_SETTINGS, s3Client, ssmClient } from '../shared/clients';
import type { LambdaContext } from '../shared/context';
import { environment } from '../shared/context';
import { memoryClient } from './problems/memory';
import type { BatchAnswer } from './notify';
import { notify } from './notify';

// A call that hangs takes the time of all others: it is retried instead.
const settings = { ...CLIENT_SETTINGS, requestHandler: { connectionTimeout: 2_000, requestTimeout: 10_000 } };
const clients = {
  backup: new BackupClient(settings),
  dynamo: memoryClient(),
  logs: new CloudWatchLogsClient(settings),
  scheduler: new SchedulerClient(settings),
  sns: new SNSClient(settings),
  ssm: ssmClient(),
};

/** Turns a batch of events into emails; or, asked by the command line, sends test emails. */
export async function handler(event: unknown, context: LambdaContext): Promise<BatchAnswer | AlarmTestReport> {
  return notify(event, {
    ...clients,
    // A new one for each run: it carries the clock of the run.
    s3: s3Client(),
    parameter: environment(ALARM_ENV.settings),
    topic: environment(ALARM_ENV.topic),
    table: environment(ALARM_ENV.memory),
    deadLetters: process.env[ALARM_ENV.deadLetters],
    remainingMs: () => context.getRemainingTimeInMillis(),
  });
}
