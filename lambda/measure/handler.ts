import { ALARM_ENV } from '../../catalog/contract/alarms';
import {
  backupClient,
  cloudWatchClient,
  dynamoClient,
  s3Client,
  snsClient,
  sqsClient,
  ssmClient,
} from '../shared/clients';
import { environment, hasTime, type LambdaContext } from '../shared/context';
import type { MeasureReport } from './measure';
import { measure } from './measure';

const clients = {
  ssm: ssmClient(),
  backup: backupClient(),
  cloudWatch: cloudWatchClient(),
  dynamo: dynamoClient(),
  sns: snsClient(),
  sqs: sqsClient(),
};

/** Measures the backups of a bucket. */
export async function handler(_: unknown, context: LambdaContext): Promise<MeasureReport> {
  return measure({
    ...clients,
    // A new one a run: it carries the clock of the run.
    s3: s3Client(),
    settings: environment(ALARM_ENV.settings),
    topic: environment(ALARM_ENV.topic),
    memory: environment(ALARM_ENV.memory),
    events: environment(ALARM_ENV.events),
    hasTime: () => hasTime(context),
  });
}
