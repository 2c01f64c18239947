/** When the backups of a source are made and which are kept, as it is deployed. */
import { GetScheduleCommand, paginateListSchedules, SchedulerClient } from '@aws-sdk/client-scheduler';
import { documentOf, sendsCommand } from '../../../catalog/contract/instance';
import { parseBucketSettings, readParameters } from '../../../catalog/contract/settings';
import { settingsPath } from '../../../catalog/contract/handlers';
import { mapParallel } from '../../../catalog/parallel';
import type { RetentionPolicy } from '../../../catalog/retention/retention-policy';
import { all, familyOf } from '../doctor/deployment';
import type { Aws } from './aws';
import { readDirectory } from './directory';

/** Requests at a time. */
const WIDTH = 8;

/** What is deployed for a source, as far as it may be read. */
export interface SourcePlan {
  readonly schedule?: {
    /** As EventBridge Scheduler has it: `cron(0 2 * * ? *)`. */
    readonly expression: string;
    /** IANA name; of rates there is none. */
    readonly timeZone?: string;
    /** Nothing starts the backup. */
    readonly disabled?: true;
  };
  /** Which backups are kept; `none` if nothing prunes it. */
  readonly retention?: RetentionPolicy | 'none';
}

/** Reads the plans, by source. What may not be read, or is not there, is left out: all else is known without. */
export async function readPlans(aws: Aws, bucket: string): Promise<ReadonlyMap<string, SourcePlan>> {
  const [schedules, retentions] = await Promise.all([
    readSchedules(aws, bucket).catch(() => new Map<string, SourcePlan>()),
    readRetentions(aws, bucket).catch(() => undefined),
  ]);
  const names = new Set([...schedules.keys(), ...(retentions?.keys() ?? [])]);
  return new Map(
    [...names].map((name) => [
      name,
      { ...schedules.get(name), ...(retentions && { retention: retentions.get(name) ?? 'none' }) },
    ]),
  );
}

async function readRetentions(aws: Aws, bucket: string): Promise<Map<string, RetentionPolicy>> {
  const texts = await readParameters(aws.ssm(), settingsPath(bucket));
  return new Map(
    [...texts].flatMap(([name, text]) => {
      const { sources, retentions } = parseBucketSettings(text, name);
      return Object.entries(sources).map(([source, { retention }]) => [source, retentions[retention]!] as const);
    }),
  );
}

async function readSchedules(aws: Aws, bucket: string): Promise<Map<string, SourcePlan>> {
  const { dumps, commands } = await readDirectory(aws.ssm(), bucket);
  const clusters = new Set(dumps.map(({ task }) => task.cluster));
  const client = aws.client(SchedulerClient);
  const listed = await all(paginateListSchedules({ client }, {}), 'Schedules');
  const found = await mapParallel(
    listed.filter(
      ({ Target }) => clusters.has(Target?.Arn ?? '') || (commands.length > 0 && sendsCommand(Target?.Arn)),
    ),
    WIDTH,
    ({ Name, GroupName }) => client.send(new GetScheduleCommand({ Name, GroupName })),
  );
  const plans = new Map<string, SourcePlan>();
  const starts = [
    ...dumps.map(({ source, task }) => [source, found.filter((one) => familyOf(one) === task.family)] as const),
    ...commands.map(
      ({ source, command }) => [source, found.filter(({ Target }) => documentOf(Target) === command.document)] as const,
    ),
  ];
  for (const [source, own] of starts) {
    const schedule = own.find(({ State }) => State === 'ENABLED') ?? own[0];
    if (schedule?.ScheduleExpression === undefined) continue;
    const { ScheduleExpression: expression, ScheduleExpressionTimezone: timeZone, State } = schedule;
    const isCron = expression.startsWith('cron(') && timeZone !== undefined;
    const disabled = State !== 'ENABLED' && ({ disabled: true } as const);
    plans.set(source, { schedule: { expression, ...(isCron && { timeZone }), ...disabled } });
  }
  return plans;
}
