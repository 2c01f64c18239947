import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS } from '../../catalog/contract/task';

/** Returns a metric that the program or a handler writes. */
export function provenMetric(
  dimensionsMap: Record<string, string>,
  metricName: string,
  props: cloudwatch.MetricOptions | undefined,
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: METRICS.namespace,
    metricName,
    dimensionsMap,
    period: Duration.hours(1),
    statistic: cloudwatch.Stats.MAXIMUM,
    ...props,
  });
}
