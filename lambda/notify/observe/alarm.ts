import { z } from 'zod';
import { MEASURE_METRICS, METRICS, PRUNE_METRICS } from '../../../catalog/contract/task';
import type { Observation } from '../problems/observation';
import { alarmOfAge } from './alarm-age';
import type { Reading } from './message';
import { jsonOf, lastPart, maybe, maybeTime, timeOf } from './message';
import type { Part } from './housekeeping';
import { HOUSEKEEPING, partOfFunction, PRUNING, pruningOfSnapshots } from './housekeeping';
import { because } from './plain-words';

const metric = z.looseObject({
  namespace: z.string(),
  name: z.string(),
  dimensions: z.record(z.string(), z.string()).catch({}),
});
export type AlarmMetric = z.infer<typeof metric>;

const event = z.looseObject({
  resources: z.array(z.string()).catch([]),
  detail: z.looseObject({
    alarmName: z.string(),
    state: z.looseObject({ value: z.string(), reason: maybe, reasonData: maybe, timestamp: maybeTime }),
    configuration: z.looseObject({
      description: maybe,
      // An expression over other metrics has none itself; a composite alarm has no metrics at all.
      metrics: z
        .array(z.looseObject({ metricStat: z.looseObject({ metric }).optional() }))
        .optional()
        .default([]),
    }),
  }),
});

const reasonData = z.looseObject({
  recentDatapoints: z.array(z.number()).optional().catch(undefined),
  threshold: z.number().optional().catch(undefined),
});

/** An alarm that went off, or is well again. */
export interface AlarmState {
  readonly name: string;
  readonly arn?: string;
  readonly description?: string;
  readonly value: string;
  readonly reason?: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The highest of the last values of the metric; left out where all were missing. */
  readonly highest?: number;
  readonly threshold?: number;
}

/** What an alarm is about. */
interface Subject extends Part {
  /** Its end says nothing: what it was about is still so. */
  readonly hasNoEnd?: boolean;
  sentence(state: AlarmState): string;
}

/** `CloudWatch Alarm State Change`. */
export async function readAlarm(reading: Reading): Promise<Observation[]> {
  const { detail, resources } = event.parse(reading.body);
  const { value, reason, timestamp } = detail.state;
  // Nobody knows: that is no news.
  if (value === 'INSUFFICIENT_DATA') return [];
  const data = reasonData.safeParse(jsonOf(detail.state.reasonData ?? '')).data;
  const state: AlarmState = {
    ...{ name: detail.alarmName, arn: resources[0], description: detail.configuration.description },
    ...{ value, reason, at: timestamp ?? timeOf(reading) },
    ...{ highest: highestOf(data?.recentDatapoints) ?? datapointIn(reason), threshold: data?.threshold },
  };
  for (const { metricStat } of detail.configuration.metrics) {
    if (!metricStat) continue;
    const { namespace, name, dimensions } = metricStat.metric;
    if (namespace === METRICS.namespace && name === MEASURE_METRICS.age) {
      if (dimensions[METRICS.bucket] !== reading.settings.bucket) continue;
      const source = dimensions[METRICS.source];
      if (source === undefined || !Object.hasOwn(reading.settings.sources, source)) continue;
      return alarmOfAge(source, state, reading);
    }
    const subject = subjectOf(metricStat.metric, reading);
    if (subject) return housekeeping(subject, state, reading);
  }
  return [];
}

/** Their order is not documented. */
const highestOf = (values: readonly number[] = []): number | undefined =>
  values.length > 0 ? Math.max(...values) : undefined;

/** The first value that the reason names: `1 datapoint [99.5 (02/10/19 16:59:00)]`, `datapoints [3.0 (…), 2.0 (…)]`. */
function datapointIn(reason = ''): number | undefined {
  const value = /datapoints? \[([-\d.E]+) \(/.exec(reason)?.[1];
  return value === undefined ? undefined : Number(value);
}

function housekeeping(subject: Subject, state: AlarmState, { event: id }: Reading): Observation[] {
  const { cause, of, about, hasNoEnd = false } = subject;
  const known = { of, about, at: state.at, event: id };
  if (state.value === 'OK') return hasNoEnd ? [] : [{ state: 'ok', ...known, ends: ['housekeeping'] }];
  const said = { signal: 'housekeeping', cause, sentence: subject.sentence(state), since: state.at } as const;
  return [{ state: 'problem', ...said, ...known, resource: state.arn, hasEnd: !hasNoEnd }];
}

/** What the alarm itself says: for what no better words are known. */
const asDescribed = ({ name, description, reason }: AlarmState): string =>
  because(description === undefined ? `the alarm ${name} went off` : description.replace(/[.\s]+$/, ''), reason);

function subjectOf({ namespace, name, dimensions }: AlarmMetric, { settings }: Reading): Subject | undefined {
  switch (namespace) {
    case METRICS.namespace: {
      // What is measured the measuring tells itself: other alarms on it are somebody's own.
      if (name !== PRUNE_METRICS.problems) return undefined;
      const tag = dimensions[PRUNE_METRICS.tag];
      if (tag === undefined) return dimensions[METRICS.bucket] === settings.bucket ? PRUNING_ALARM : undefined;
      return { ...pruningOfSnapshots(tag), sentence: problemsIn(` of snapshots with the tag ${tag}`) };
    }
    case 'AWS/S3':
      return dimensions.SourceBucket === settings.bucket ? replication(name, dimensions.RuleId) : undefined;
    case 'AWS/SQS':
      return deadLetters(`queue ${dimensions.QueueName ?? ''}`.trim());
    case 'AWS/Scheduler':
      return deadLetters(
        `schedules ${dimensions.ScheduleGroup ?? ''}`.trim(),
        /DeadLetter/.test(name) ? undefined : 'other',
      );
    case 'AWS/Lambda':
      return { ...partOfFunction(lastPart(dimensions.FunctionName ?? 'unknown'), settings), sentence: asDescribed };
    default:
      return undefined;
  }
}

const times = (count: number | undefined): string =>
  count === undefined ? 'problems' : `${count} ${count === 1 ? 'problem' : 'problems'}`;

const problemsIn =
  (what: string) =>
  ({ highest }: AlarmState): string =>
    `the pruning${what} reported ${times(highest)}: its log names them`;

const PRUNING_ALARM: Subject = { ...PRUNING, sentence: problemsIn('') };

function replication(name: string, rule = 'of the bucket'): Subject | undefined {
  if (!/Replication/.test(name)) return undefined;
  const failed = name === 'OperationsFailedReplication';
  return {
    ...{ cause: 'replication', about: `replication rule ${rule}` },
    // A copy that fails and a copy that lags end at different times.
    of: `${HOUSEKEEPING}replication/${rule}/${failed ? 'failed' : name}`,
    // S3 does not try again: the copies are missing.
    hasNoEnd: failed,
    sentence: ({ highest, reason }) =>
      failed
        ? `${highest ?? 'some'} ${highest === 1 ? 'object' : 'objects'} could not be replicated by rule ${rule}`
        : name === 'ReplicationLatency' && highest !== undefined
          ? `the replication by rule ${rule} is ${highest} seconds behind`
          : because(`the replication by rule ${rule} lags`, reason),
  };
}

const deadLetters = (what: string, cause: 'dead-letters' | 'other' = 'dead-letters'): Subject => ({
  ...{ cause, of: `${HOUSEKEEPING}${cause}/${what}`, about: what },
  sentence: asDescribed,
});
