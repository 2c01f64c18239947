import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS } from '../../catalog/contract';
import type { IBackupBucket } from '../backup-bucket';

/** A metric that the program writes for one source. */
export function backupMetric(
  bucket: IBackupBucket,
  source: string,
  metricName: string,
  props: cloudwatch.MetricOptions | undefined,
  defaults: cloudwatch.MetricOptions = {},
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: METRICS.namespace,
    metricName,
    dimensionsMap: { [METRICS.bucket]: bucket.bucketName, [METRICS.source]: source },
    period: Duration.hours(1),
    statistic: cloudwatch.Stats.MAXIMUM,
    ...defaults,
    ...props,
  });
}
