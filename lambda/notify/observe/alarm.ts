import * as z from 'zod';
import { MEASURE_METRICS, METRICS } from '../../../catalog/contract/task';
import { countOf, formatDuration } from '../../../catalog/units';
import type { AlarmSettings } from '../../../catalog/contract/alarms';
import type { Observation } from '../problems/observation';
import type { Concern } from './housekeeping';
import { concernOfFunction, HOUSEKEEPING } from './housekeeping';
import type { MessageReading } from './message';
import { lastPart, maybe, maybeTime, timeOf } from './message';
import { jsonOf } from '../../shared/json';
import { because } from './plain-words';

/** Measured since then, and the measuring lives: a deployment made the gap, and the next measuring tells the rest. */
const LIVES_MS = 90 * 60_000;

const metric = z.looseObject({
  namespace: z.string(),
  name: z.string(),
  dimensions: z.record(z.string(), z.string()).catch({}),
});
type AlarmMetric = z.infer<typeof metric>;

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
});

/** State of an alarm. */
interface AlarmState {
  readonly name: string;
  readonly arn?: string;
  readonly description?: string;
  readonly value: string;
  readonly reason?: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The highest of the last values of the metric; left out where all were missing. */
  readonly highest?: number;
}

/** Concern of an alarm. */
interface AlarmedConcern extends Concern {
  /** The end of the alarm is not the end of the problem. */
  readonly hasNoEnd?: boolean;
  readonly variant?: 'copies-failed';
  sentence(state: AlarmState): string;
}

/** `CloudWatch Alarm State Change`. */
export async function readAlarm(reading: MessageReading): Promise<Observation[]> {
  const { detail, resources } = event.parse(reading.body);
  const { value, reason, timestamp } = detail.state;
  // No data: ignore.
  if (value === 'INSUFFICIENT_DATA') return [];
  const data = reasonData.safeParse(jsonOf(detail.state.reasonData ?? '')).data;
  const state: AlarmState = {
    name: detail.alarmName,
    arn: resources[0],
    description: detail.configuration.description,
    value,
    reason,
    at: timestamp ?? timeOf(reading),
    highest: highestOf(data?.recentDatapoints) ?? datapointIn(reason),
  };
  for (const { metricStat } of detail.configuration.metrics) {
    if (!metricStat) continue;
    const { namespace, name, dimensions } = metricStat.metric;
    if (namespace === METRICS.namespace) {
      const silent = sourcesOf(name, dimensions, reading.settings);
      if (silent.length === 0) continue;
      return (await Promise.all(silent.map((source) => readAgeAlarm(source, state, reading)))).flat();
    }
    const concern = concernOf(metricStat.metric, reading);
    if (concern) return housekeeping(concern, state, reading);
  }
  return [];
}

/** Sources of which an alarm says that they are not measured: one, or all. */
function sourcesOf(name: string, dimensions: AlarmMetric['dimensions'], { bucket, sources }: AlarmSettings): string[] {
  if (dimensions[METRICS.bucket] !== bucket) return [];
  const [names, source] = [Object.keys(sources), dimensions[METRICS.source]];
  if (name === MEASURE_METRICS.subscriptions) return names;
  return name === MEASURE_METRICS.age ? names.filter((one) => one === source) : [];
}

/** Their order is not documented. */
const highestOf = (values: readonly number[] = []): number | undefined =>
  values.length > 0 ? Math.max(...values) : undefined;

/** The first value in the reason that CloudWatch gives: `1 datapoint [99.5 (02/10/19 16:59:00)]`, `datapoints [3.0 (…), 2.0 (…)]`. */
function datapointIn(reason = ''): number | undefined {
  const value = /datapoints? \[([-\d.E]+) \(/.exec(reason)?.[1];
  return value === undefined ? undefined : Number(value);
}

/**
 * The dead man's switch: that of a source goes off when nobody reports the age of its newest backup, that of all when nobody counts
 * subscriptions. The measuring itself tells how old backups are, who reads, and when all is well again: an alarm on that is the user's
 * own, with a limit of its own.
 */
async function readAgeAlarm(source: string, state: AlarmState, reading: MessageReading): Promise<Observation[]> {
  if (state.value === 'OK') return [];
  const known = { key: source, source, about: source, at: state.at, event: reading.event, since: state.at };
  const trouble = { state: 'problem', signal: 'silent', cause: 'not-measured', ...known, resource: state.arn } as const;
  const measuredAt = await reading.measuredAt();
  if (measuredAt === undefined) {
    // Just deployed, or broken from the start: the next hour tells.
    const sentence = 'its backups have never been measured, so their age is unknown';
    return [{ ...trouble, sentence, short: 'the age of its backups is unknown', unsure: true }];
  }
  const silence = reading.now.getTime() - measuredAt.getTime();
  if (silence < LIVES_MS) return [];
  const short = `its backups were not measured for ${formatDuration(silence / 1000)}`;
  return [{ ...trouble, sentence: `${short}, so their age is unknown`, short, since: measuredAt.toISOString() }];
}

function housekeeping(concern: AlarmedConcern, state: AlarmState, { event }: MessageReading): Observation[] {
  const { cause, key, about, variant, hasNoEnd = false } = concern;
  const known = { key, about, at: state.at, event };
  if (state.value === 'OK') return hasNoEnd ? [] : [{ state: 'ok', ...known, ends: ['housekeeping'] }];
  return [
    {
      state: 'problem',
      signal: 'housekeeping',
      cause,
      sentence: concern.sentence(state),
      since: state.at,
      ...known,
      resource: state.arn,
      hasEnd: !hasNoEnd,
      ...(variant && { variant }),
    },
  ];
}

/** The alarm's own description, for alarms without a better sentence. */
const asDescribed = ({ name, description, reason }: AlarmState): string =>
  because(description === undefined ? `the alarm ${name} went off` : description.replace(/[.\s]+$/, ''), reason);

function concernOf(
  { namespace, name, dimensions }: AlarmMetric,
  { settings }: MessageReading,
): AlarmedConcern | undefined {
  switch (namespace) {
    // Our own functions report what they measure: alarms on their metrics are the user's own.
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
      return { ...concernOfFunction(lastPart(dimensions.FunctionName ?? 'unknown'), settings), sentence: asDescribed };
    default:
      return undefined;
  }
}

function replication(name: string, rule = 'of the bucket'): AlarmedConcern | undefined {
  if (!/Replication/.test(name)) return undefined;
  const about = `replication rule ${rule}`;
  // Copies that fail and copies that lag end at different times.
  const key = `${HOUSEKEEPING}replication/${rule}/`;
  if (name === 'OperationsFailedReplication') {
    return {
      cause: 'replication',
      about,
      key: `${key}failed`,
      variant: 'copies-failed',
      // S3 does not try again: the copies are missing.
      hasNoEnd: true,
      sentence: ({ highest }) =>
        `${highest === undefined ? 'some objects' : countOf(highest, 'object')} could not be replicated by rule ${rule}`,
    };
  }
  return {
    cause: 'replication',
    about,
    key: `${key}${name}`,
    sentence: ({ highest, reason }) =>
      name === 'ReplicationLatency' && highest !== undefined
        ? `replication rule ${rule} is ${formatDuration(highest)} behind`
        : because(`replication rule ${rule} is behind`, reason),
  };
}

const deadLetters = (about: string, cause: 'dead-letters' | 'other' = 'dead-letters'): AlarmedConcern => ({
  cause,
  key: `${HOUSEKEEPING}${cause}/${about}`,
  about,
  sentence: asDescribed,
});
