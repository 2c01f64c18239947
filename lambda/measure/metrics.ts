import type { CloudWatchClient, MetricDatum, StandardUnit } from '@aws-sdk/client-cloudwatch';
import { PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { Measured, SourceHealth } from '../../catalog/contract/alarms';
import { MEASURE_METRICS, METRICS } from '../../catalog/contract/task';

/** Metrics that CloudWatch accepts in one request. */
const BATCH = 1000;

/** Measurements of a run, before it is known whether all of them could be reported. */
export type Measurements = Omit<Measured, 'complete' | 'total' | 'unmeasured'>;

/** Measurements as metrics. A source that could not be measured has no age: missing data breaches. */
export function metricsOf({ bucket, at, sources, subscriptions }: Measurements): MetricDatum[] {
  const Timestamp = new Date(at);
  const of = (name: string, value: number | undefined, Unit: StandardUnit, source?: string): MetricDatum[] => {
    if (value === undefined) return [];
    const Dimensions = [
      { Name: METRICS.bucket, Value: bucket },
      ...(source === undefined ? [] : [{ Name: METRICS.source, Value: source }]),
    ];
    return [{ MetricName: name, Dimensions, Timestamp, Unit, Value: value }];
  };
  const { age, sizeDeviation, provenAge, recoveryTime, unmeasured, subscriptions: subscribed } = MEASURE_METRICS;
  const ofSource = ({ source, ageSeconds, sizeDeviation: deviation, proven, objectives }: SourceHealth) => [
    ...of(age, ageSeconds, 'Seconds', source),
    ...of(sizeDeviation, deviation, 'None', source),
    ...of(provenAge, proven?.ageSeconds, 'Seconds', source),
    ...(objectives?.recoveryTimeSeconds === undefined
      ? []
      : of(recoveryTime, proven?.recoverySeconds, 'Seconds', source)),
  ];
  const known = sources.filter(({ failure }) => failure === undefined);
  return [
    ...known.flatMap(ofSource),
    ...of(unmeasured, sources.length - known.length, 'Count'),
    ...of(subscribed, subscriptions?.confirmed, 'Count'),
  ];
}

/** Writes metrics. Not as lines of the log: what CloudWatch refuses must be known. */
export async function putMetrics(client: CloudWatchClient, metrics: readonly MetricDatum[]): Promise<void> {
  for (let from = 0; from < metrics.length; from += BATCH) {
    const MetricData = metrics.slice(from, from + BATCH);
    await client.send(new PutMetricDataCommand({ Namespace: METRICS.namespace, MetricData }));
  }
}
