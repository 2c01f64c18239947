/** `CloudWatch Alarm State Change`. */
import { eventOf } from './message';

interface State {
  readonly value: string;
  readonly reason: string;
  readonly datapoints?: readonly number[];
  readonly threshold?: number;
}

const state = ({ value, reason, datapoints, threshold }: State) => ({
  value,
  reason,
  reasonData: JSON.stringify({
    version: '1.0',
    queryDate: '2026-11-20T02:09:40.985+0000',
    statistic: 'Maximum',
    period: 3600,
    recentDatapoints: datapoints,
    threshold,
  }),
  // As CloudWatch writes them: without a colon in the zone.
  timestamp: '2026-11-20T02:09:40.987+0000',
});

/** An alarm on a metric. */
export const alarmEvent = (
  metric: { namespace: string; name: string; dimensions: Record<string, string> },
  now: State,
  description = 'What it is for.',
) =>
  eventOf(
    'aws.cloudwatch',
    'CloudWatch Alarm State Change',
    {
      alarmName: 'acme-alarm',
      configuration: {
        description,
        metrics: [
          { id: 'e1', expression: 'm1 * 1', returnData: true },
          { id: 'm1', metricStat: { metric, period: 3600, stat: 'Maximum' }, returnData: false },
        ],
      },
      previousState: state({ value: 'OK', reason: 'Unchecked: Initial alarm creation' }),
      state: state(now),
    },
    ['arn:aws:cloudwatch:eu-west-1:123456789012:alarm:acme-alarm'],
  );

/** The dead man's switch of a source. */
export const ageAlarm = (now: State, dimensions: Record<string, string> = { Bucket: 'acme-backups', Source: 'shop' }) =>
  alarmEvent({ namespace: 'ProvenBackups', name: 'BackupAge', dimensions }, now);

export const NO_DATA: State = {
  value: 'ALARM',
  reason:
    'Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [Breaching].',
  datapoints: [],
  threshold: 93_600,
};
export const TOO_OLD: State = {
  value: 'ALARM',
  reason:
    'Threshold Crossed: 3 out of the last 3 datapoints [108000.0 (20/11/26 01:09:00), 104400.0 (20/11/26 00:09:00), 100800.0 (19/11/26 23:09:00)] were greater than the threshold (93600.0).',
  datapoints: [100_800, 104_400, 108_000],
  threshold: 93_600,
};
/** One was there, and too high. */
export const PARTLY: State = {
  value: 'ALARM',
  reason:
    'Threshold Crossed: 1 datapoint [108000.0 (20/11/26 01:09:00)] was greater than the threshold (93600.0) and 2 missing datapoints were treated as [Breaching].',
  datapoints: [108_000],
  threshold: 93_600,
};
export const WELL: State = {
  value: 'OK',
  reason:
    'Threshold Crossed: 1 datapoint [600.0 (20/11/26 02:09:00)] was not greater than the threshold (93600.0) and 2 missing datapoints were treated as [Breaching].',
  datapoints: [600],
  threshold: 93_600,
};

/** A count that is above, or below, its threshold. */
export const counted = (value: number): State => ({
  value: 'ALARM',
  reason: `Threshold Crossed: 1 out of the last 1 datapoints [${value.toFixed(1)} (20/11/26 01:09:00)] was greater than the threshold (0.0) (minimum 1 datapoint for OK -> ALARM transition).`,
  datapoints: [value],
  threshold: 0,
});
