import { BackupClient } from '@aws-sdk/client-backup';
import { CloudWatchClient, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Measured, SourceHealth } from '../../../catalog/contract/alarms';
import type { MeasureReport, MeasureContext } from '../../../lambda/measure/measure';
import { measure } from '../../../lambda/measure/measure';
import type { AlarmScene } from '../notify/alarm-scene';

/** Measures in this process. */
export function measureIn(
  scene: AlarmScene,
  over: Partial<MeasureContext> & { endpoint?: string } = {},
): Promise<MeasureReport> {
  const { client } = scene.emulator;
  const endpoint = over.endpoint ?? client.endpoint;
  return measure({
    s3: new S3Client({ ...client, endpoint, forcePathStyle: true, maxAttempts: 2 }),
    ssm: scene.ssm,
    backup: new BackupClient(client),
    sns: new SNSClient(client),
    sqs: new SQSClient(client),
    dynamo: scene.dynamo,
    // The emulator does not decompress: of many metrics it would keep none.
    cloudWatch: new CloudWatchClient({ ...client, disableRequestCompression: true }),
    settings: scene.parameter,
    topic: scene.topicArn,
    memory: scene.tableName,
    events: scene.queueUrl,
    hasTime: () => true,
    ...over,
  });
}

/** What the run told the notify function. */
export async function toldBy(scene: AlarmScene): Promise<Measured[]> {
  return (await scene.events()) as Measured[];
}

/** Measures, and gives what was told of one source. */
export async function healthIn(
  scene: AlarmScene,
  over?: Parameters<typeof measureIn>[1],
  source = 'shop',
): Promise<SourceHealth> {
  await measureIn(scene, over);
  const told = (await toldBy(scene)).flatMap(({ sources }) => sources);
  return told.find((health) => health.source === source)!;
}

/** About as many seconds. */
export const near = (seconds: number) => {
  const about: { asymmetricMatch(value: unknown): boolean } = {
    asymmetricMatch: (value) => typeof value === 'number' && Math.abs(value - seconds) < 60,
  };
  return about as unknown as number;
};

/** The newest value of a metric; `undefined` if there is none. */
export async function metricOf(scene: AlarmScene, name: string, source?: string): Promise<number | undefined> {
  const Dimensions = [
    { Name: 'Bucket', Value: scene.bucket },
    ...(source === undefined ? [] : [{ Name: 'Source', Value: source }]),
  ];
  // Not by the SDK: it asks in JSON, and stumbles over the form in which the emulator writes times there.
  const minutes = (count: number) => Date.now() / 1000 + 60 * count;
  const question = { Namespace: 'ProvenBackups', MetricName: name, Dimensions, Period: 60, Statistics: ['Maximum'] };
  const answer = await fetch(scene.emulator.endpoint, {
    method: 'POST',
    headers: {
      authorization: 'AWS4-HMAC-SHA256 Credential=test/20261120/us-east-1/monitoring/aws4_request',
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'GraniteServiceVersion20100801.GetMetricStatistics',
    },
    body: JSON.stringify({ ...question, StartTime: minutes(-10), EndTime: minutes(10) }),
  });
  const { Datapoints } = (await answer.json()) as { Datapoints: { Timestamp: string; Maximum: number }[] };
  return Datapoints.sort((a, b) => (a.Timestamp < b.Timestamp ? -1 : 1)).at(-1)?.Maximum;
}

/** Names of all metrics of a scene. */
export async function metricNames(scene: AlarmScene): Promise<string[]> {
  const cloudWatch = new CloudWatchClient(scene.emulator.client);
  const Dimensions = [{ Name: 'Bucket', Value: scene.bucket }];
  const { Metrics = [] } = await cloudWatch.send(new ListMetricsCommand({ Namespace: 'ProvenBackups', Dimensions }));
  return [...new Set(Metrics.map(({ MetricName }) => MetricName!))].sort();
}
