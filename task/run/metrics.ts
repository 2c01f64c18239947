import { METRICS, type DumpJob } from '../../catalog/contract/task';
import type { Log } from './log';

/** Measurements of one run. */
export interface RunMetrics {
  readonly success: boolean;
  readonly durationSeconds: number;
  /** Bytes stored. */
  readonly bytes: number;
}

/**
 * Writes the metrics of a run to the log, in CloudWatch's embedded metric format: no API call, no permission.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function writeMetrics(log: Log, job: Pick<DumpJob, 'bucket' | 'source'>, metrics: RunMetrics): void {
  const values = [
    { name: METRICS.success, unit: 'Count', value: metrics.success ? 1 : 0 },
    { name: METRICS.duration, unit: 'Seconds', value: metrics.durationSeconds },
    // The bytes of a failed run belong to no backup, and would look like a strange size.
    ...(metrics.success ? [{ name: METRICS.size, unit: 'Bytes', value: metrics.bytes }] : []),
  ];
  log.raw({
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [
        {
          Namespace: METRICS.namespace,
          Dimensions: [[METRICS.bucket, METRICS.source]],
          Metrics: values.map(({ name, unit }) => ({ Name: name, Unit: unit })),
        },
      ],
    },
    [METRICS.bucket]: job.bucket,
    [METRICS.source]: job.source,
    ...Object.fromEntries(values.map(({ name, value }) => [name, value])),
  });
}
