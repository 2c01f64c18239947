import { z } from 'zod';
import type { Cause } from '../../../catalog/alarms';
import { MEASURE_METRICS, METRICS, PRUNE_METRICS } from '../../../catalog/contract';
import type { Observation } from '../observation';
import { alarmOfAge } from './alarm-age';
import type { Reading } from './message';
import { jsonOf, lastPart, maybe, maybeTime, timeOf } from './message';
import { because } from './words';

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
interface Subject {
  readonly cause: Cause;
  readonly of: string;
  readonly about: string;
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
    if (subject) return [housekeeping(subject, state, reading)];
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

function housekeeping(subject: Subject, state: AlarmState, { event: id }: Reading): Observation {
  const { cause, of, about } = subject;
  const known = { of, about, at: state.at, event: id };
  if (state.value === 'OK') return { state: 'ok', ...known, ends: ['housekeeping'] };
  const said = { signal: 'housekeeping', cause, sentence: subject.sentence(state), since: state.at } as const;
  return { state: 'problem', ...said, ...known, resource: state.arn, hasEnd: true };
}

/** What the alarm itself says: for what no better words are known. */
const asDescribed = ({ name, description, reason }: AlarmState): string =>
  because(description === undefined ? `the alarm ${name} went off` : description.replace(/[.\s]+$/, ''), reason);

function subjectOf({ namespace, name, dimensions }: AlarmMetric, { settings }: Reading): Subject | undefined {
  const ours = dimensions[METRICS.bucket] === settings.bucket;
  switch (namespace) {
    case METRICS.namespace:
      if (name === PRUNE_METRICS.problems) {
        const tag = dimensions[PRUNE_METRICS.tag];
        if (tag !== undefined) return pruningOfSnapshots(tag);
        return ours ? PRUNING : undefined;
      }
      if (!ours) return undefined;
      if (name === MEASURE_METRICS.subscriptions) return SUBSCRIPTIONS;
      return name === MEASURE_METRICS.unmeasured ? MEASURING : undefined;
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
      return functionFault(dimensions.FunctionName ?? 'function', settings.measureFunction);
    default:
      return undefined;
  }
}

const times = (count: number | undefined): string =>
  count === undefined ? 'problems' : `${count} ${count === 1 ? 'problem' : 'problems'}`;

const PRUNING: Subject = {
  ...{ cause: 'prune', of: 'housekeeping/prune', about: 'pruning' },
  sentence: ({ highest }) => `the pruning reported ${times(highest)}: its log names them`,
};

const pruningOfSnapshots = (tag: string): Subject => ({
  ...{ cause: 'prune-snapshots', of: `housekeeping/prune-snapshots/${tag}`, about: `pruning of snapshots ${tag}` },
  sentence: ({ highest }) =>
    `the pruning of snapshots with the tag ${tag} reported ${times(highest)}: its log names them`,
});

const SUBSCRIPTIONS: Subject = {
  ...{ cause: 'no-subscriber', of: 'housekeeping/no-subscriber', about: 'subscriptions' },
  sentence: () => 'the topic has no confirmed subscription: nobody is told what goes wrong',
};

const MEASURING: Subject = {
  ...{ cause: 'measure', of: 'housekeeping/measure', about: 'measuring' },
  sentence: ({ highest }) =>
    highest === undefined
      ? 'the measuring tells nothing any more'
      : `${highest} ${highest === 1 ? 'source' : 'sources'} could not be measured`,
};

function replication(name: string, rule = 'of the bucket'): Subject | undefined {
  if (!/Replication/.test(name)) return undefined;
  const failed = name === 'OperationsFailedReplication';
  return {
    ...{ cause: 'replication', about: `replication rule ${rule}` },
    // A copy that fails and a copy that lags end at different times.
    of: `housekeeping/replication/${rule}/${failed ? 'failed' : name}`,
    sentence: ({ highest, reason }) =>
      failed
        ? `${highest ?? 'some'} ${highest === 1 ? 'object' : 'objects'} could not be replicated by rule ${rule}`
        : name === 'ReplicationLatency' && highest !== undefined
          ? `the replication by rule ${rule} is ${highest} seconds behind`
          : because(`the replication by rule ${rule} lags`, reason),
  };
}

const deadLetters = (what: string, cause: 'dead-letters' | 'other' = 'dead-letters'): Subject => ({
  ...{ cause, of: `housekeeping/${cause}/${what}`, about: what },
  sentence: asDescribed,
});

const functionFault = (name: string, measureFunction: string): Subject =>
  name === measureFunction
    ? { ...MEASURING, sentence: asDescribed }
    : {
        cause: 'other',
        of: `housekeeping/function/${lastPart(name)}`,
        about: `function ${name}`,
        sentence: asDescribed,
      };
