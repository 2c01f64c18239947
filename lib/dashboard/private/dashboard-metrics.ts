import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS } from '../../../catalog/contract/task';
import type { DatabaseBackup } from '../../backup/database-backup';
import { provenMetric } from '../../private/metric';

/** Seconds of an hour, of a day. */
export const HOUR = 3600;
export const DAY = 24 * HOUR;

/** A calculation with metrics, whose own periods it overrides. */
export const math = (
  expression: string,
  usingMetrics: Record<string, cloudwatch.IMetric>,
  { label, color, period = Duration.hours(1) }: { label: string; color?: string; period?: Duration },
): cloudwatch.MathExpression => new cloudwatch.MathExpression({ expression, usingMetrics, label, color, period });

/** A metric of a whole bucket. */
export const bucketMetric = (bucket: string, metricName: string, props?: cloudwatch.MetricOptions): cloudwatch.Metric =>
  provenMetric({ [METRICS.bucket]: bucket }, metricName, props);

/** Failed runs (all that reported, minus the complete ones), and complete runs. */
export function runs(backup: DatabaseBackup, period: Duration): cloudwatch.IMetric[] {
  const { GREEN, RED } = cloudwatch.Color;
  const complete = backup.metricSuccess({ period, label: 'complete', color: GREEN });
  const reported = backup.metricSuccess({ period, statistic: cloudwatch.Stats.SAMPLE_COUNT });
  // An hour without a run has no failure.
  const failed = math(
    'FILL(runs,0)-FILL(complete,0)',
    { runs: reported, complete },
    { label: 'failed', color: RED, period },
  );
  return [failed, complete];
}

/** Failed runs of all sources of a bucket, summed over the time range of the dashboard. */
export const allFailedRuns = (bucket: string, label: string): cloudwatch.MathExpression => {
  const dimensions = [METRICS.namespace, METRICS.bucket, METRICS.source].join(',');
  const found = (statistic: string): string =>
    `SUM(SEARCH('{${dimensions}} MetricName="${METRICS.success}" ${METRICS.bucket}="${bucket}"','${statistic}',${HOUR}))`;
  const expression = `RUNNING_SUM(${found('SampleCount')}-${found('Sum')})`;
  return math(expression, {}, { label });
};

/** Number of sources without a recent enough backup. Sources that were not measured do not count. */
export const overdueSources = (backups: readonly DatabaseBackup[]): cloudwatch.MathExpression => {
  const ages = backups.map((backup, index): [string, cloudwatch.IMetric] => [`a${index}`, backup.metricAge()]);
  const late = backups.map(({ allowedAge }, index) => `a${index}>${allowedAge.toSeconds()}`);
  return math(`SUM([${late.join(',')}])`, Object.fromEntries(ages), { label: 'overdue' });
};

/** The age of a source's newest backup in percent of the allowed age. */
export const shareOfAllowedAge = (backup: DatabaseBackup, id: number): cloudwatch.MathExpression =>
  math(
    `100*s${id}/${backup.allowedAge.toSeconds()}`,
    { [`s${id}`]: backup.metricAge() },
    {
      label: backup.sourceName,
    },
  );
