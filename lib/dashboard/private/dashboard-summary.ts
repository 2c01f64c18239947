import { Aws, Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { MEASURE_METRICS, PRUNE_METRICS } from '../../../catalog/contract/task';
import type { IBackupBucket } from '../../bucket/backup-bucket-props';
import type { Backups } from '../../backup/backups';
import type { DatabaseBackup } from '../../backup/database-backup';
import { ageAlarmOf } from '../../alarms/private/alarm-metrics';
import { allFailedRuns, bucketMetric, overdueSources, shareOfAllowedAge } from './dashboard-metrics';

/** Scope of a dashboard. */
export interface DashboardScope {
  /** Shared parts of the sources, if they have any. */
  readonly backups?: Backups;
  /** Buckets of the sources. */
  readonly buckets: readonly IBackupBucket[];
  /** By name. */
  readonly sources: readonly DatabaseBackup[];
}

/** Storage classes of a bucket, in the order in which data moves. */
const TIERS = {
  StandardStorage: 'Standard',
  StandardIAStorage: 'Infrequent Access',
  GlacierInstantRetrievalStorage: 'Glacier Instant Retrieval',
  GlacierStorage: 'Glacier Flexible Retrieval',
  DeepArchiveStorage: 'Deep Archive',
};

/** Widgets at the top: current problems by source, then the bucket as a whole. */
export function summary(scope: DashboardScope): cloudwatch.IWidget[][] {
  return [
    [help(scope)],
    numbers(scope),
    ...(scope.sources.length > 0 ? [namesAndAges(scope.sources)] : []),
    [storage(scope), pruning(scope), starts(scope)].filter((widget) => widget !== undefined),
  ];
}

/** The most widgets at the top. */
export const SUMMARY_WIDGETS = 13;

/** The most metrics at the top for each bucket, beside those that {@link summary} has of each source. */
export const SUMMARY_METRICS = 20;

const DOCS = 'https://github.com/cdk-proven-backups/cdk-proven-backups/blob/main/docs';

function help({ sources, buckets }: DashboardScope): cloudwatch.IWidget {
  const names = buckets.map(({ bucketName }) => `\`${bucketName}\``).join(', ');
  // What is shown is in the dashboard's own Region.
  const lists = buckets.map(
    ({ bucketName }) => `\`npx proven-backups list --bucket ${bucketName} --region ${Aws.REGION}\``,
  );
  return new cloudwatch.TextWidget({
    width: 24,
    height: 3,
    markdown: [
      `**${sources.length} ${sources.length === 1 ? 'source' : 'sources'} in ${names}.** All is well when the first row shows zeros and at least one confirmed subscription. ` +
        'A run that was killed or never started reports nothing; the age of the newest backup shows it.',
      `List the backups: ${lists.join(' ')}`,
      `[Alarms and what to do](${DOCS}/alarms.md) · [This dashboard](${DOCS}/metrics.md#dashboard)`,
    ].join('\n\n'),
  });
}

/** With several buckets, each number names its bucket. */
const labelOf = (scope: DashboardScope, bucket: IBackupBucket, label: string): string =>
  scope.buckets.length > 1 ? `${label}, ${bucket.bucketName}` : label;

const perBucket = (
  scope: DashboardScope,
  metric: (bucket: string, label: (text: string) => string) => cloudwatch.IMetric,
): cloudwatch.IMetric[] =>
  scope.buckets.map((bucket) => metric(bucket.bucketName, (text) => labelOf(scope, bucket, text)));

function numbers(scope: DashboardScope): cloudwatch.IWidget[] {
  const { backups, sources } = scope;
  const total = { setPeriodToTimeRange: true };
  const all: [title: string, metrics: cloudwatch.IMetric[], options?: cloudwatch.SingleValueWidgetProps | object][] = [
    ['Overdue sources', sources.length > 0 ? [overdueSources(sources)] : []],
    ['Failed runs, in the time shown', perBucket(scope, (bucket, label) => allFailedRuns(bucket, label('failed')))],
    [
      'Starts refused or given up',
      backups
        ? [backups.metricTargetErrors({ label: 'refused' }), backups.metricDeadLetters({ label: 'given up' })]
        : [],
      total,
    ],
    ['Sources not measured', perBucketMetric(scope, MEASURE_METRICS.unmeasured, 'not measured')],
    ['Pruning problems, newest run', perBucketMetric(scope, PRUNE_METRICS.problems, 'problems', Duration.days(1))],
    ['Subscriptions confirmed', perBucketMetric(scope, MEASURE_METRICS.subscriptions, 'confirmed')],
  ];
  const shown = all.filter(([, metrics]) => metrics.length > 0);
  const width = Math.floor(24 / shown.length);
  return shown.map(
    ([title, metrics, options]) => new cloudwatch.SingleValueWidget({ title, metrics, width, height: 4, ...options }),
  );
}

const perBucketMetric = (
  scope: DashboardScope,
  name: string,
  label: string,
  period = Duration.hours(1),
): cloudwatch.IMetric[] =>
  perBucket(scope, (bucket, labelled) => bucketMetric(bucket, name, { label: labelled(label), period }));

function namesAndAges(sources: readonly DatabaseBackup[]): cloudwatch.IWidget[] {
  const alarms = sources.flatMap((source) => ageAlarmOf(source) ?? []);
  const lists = Array.from({ length: Math.ceil(alarms.length / ALARMS) }, (_, index) =>
    silent(alarms.slice(index * ALARMS, (index + 1) * ALARMS)),
  );
  return [...lists, ages(sources, 24 - 8 * lists.length)];
}

/** Names of the sources whose alarm is on. Empty when all is well. */
const silent = (alarms: cloudwatch.Alarm[]): cloudwatch.IWidget =>
  new cloudwatch.AlarmStatusWidget({
    title: 'Silent: overdue, or not measured for five hours',
    width: 8,
    height: AGES_HEIGHT,
    states: [cloudwatch.AlarmState.ALARM],
    alarms,
  });

/** The most alarms of a widget: a dashboard has room for fewer than twice as many sources. */
const ALARMS = 100;
const AGES_HEIGHT = 7;

/** One line for each source, all on one scale: a line above the mark is overdue. */
function ages(sources: readonly DatabaseBackup[], width: number): cloudwatch.IWidget {
  return new cloudwatch.GraphWidget({
    title: 'Age of the newest backups, in % of what is allowed',
    width,
    height: AGES_HEIGHT,
    left: sources.map(shareOfAllowedAge),
    leftYAxis: { min: 0, label: '%', showUnits: false },
    leftAnnotations: [{ value: 100, label: 'overdue', color: cloudwatch.Color.RED, fill: cloudwatch.Shading.ABOVE }],
    legendPosition: cloudwatch.LegendPosition.RIGHT,
  });
}

const GRAPH = { width: 8, height: 6 };

/** Old versions count as well: they are stored and billed until the undo window is over. */
function storage(scope: DashboardScope): cloudwatch.IWidget {
  const stored = scope.buckets.flatMap((bucket) =>
    Object.entries(TIERS).map(
      ([StorageType, tier]) =>
        new cloudwatch.Metric({
          namespace: 'AWS/S3',
          metricName: 'BucketSizeBytes',
          dimensionsMap: { BucketName: bucket.bucketName, StorageType },
          // S3 writes it once a day.
          period: Duration.days(1),
          statistic: cloudwatch.Stats.AVERAGE,
          label: labelOf(scope, bucket, tier),
        }),
    ),
  );
  const leftYAxis = { min: 0, label: 'bytes', showUnits: false };
  return new cloudwatch.GraphWidget({ ...GRAPH, title: 'Stored, by tier', left: stored, stacked: true, leftYAxis });
}

function pruning(scope: DashboardScope): cloudwatch.IWidget {
  const daily = { period: Duration.days(1) };
  const metric = (name: string, text: string, statistic?: string) =>
    perBucket(scope, (bucket, label) =>
      bucketMetric(bucket, name, { ...daily, label: label(text), ...(statistic !== undefined && { statistic }) }),
    );
  return new cloudwatch.GraphWidget({
    ...GRAPH,
    title: 'Pruning, by day',
    left: [
      ...metric(PRUNE_METRICS.kept, 'kept'),
      ...metric(PRUNE_METRICS.deleted, 'deleted', cloudwatch.Stats.SUM),
      ...metric(PRUNE_METRICS.problems, 'problems'),
    ],
    leftYAxis: { min: 0, label: 'backups', showUnits: false },
    right: metric(PRUNE_METRICS.bytesFreed, 'bytes freed', cloudwatch.Stats.SUM),
    rightYAxis: { min: 0, label: 'bytes', showUnits: false },
  });
}

function starts({ backups }: DashboardScope): cloudwatch.IWidget | undefined {
  if (backups === undefined) return undefined;
  const period = Duration.hours(1);
  return new cloudwatch.GraphWidget({
    ...GRAPH,
    title: 'Starts that went wrong',
    left: [
      backups.metricTargetErrors({ period, label: 'refused by ECS or Lambda' }),
      backups.metricDeadLetters({ period, label: 'given up' }),
    ],
    leftYAxis: { min: 0, label: 'starts', showUnits: false },
  });
}
