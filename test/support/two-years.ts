import type { BucketSettings } from '../../catalog/contract/handlers';
import { backupId } from '../../catalog/bucket/names';
import type { AlarmSettings } from '../../catalog/contract/alarms';
import type { DumpJob } from '../../catalog/contract/task';
import { ENV } from '../../catalog/contract/task';
import { Calendar } from '../../catalog/retention/calendar';
import { planPrune } from '../../catalog/retention/prune';
import type { Period } from '../../catalog/retention/retention-policy';
import type { Span } from '../../catalog/retention/simulate';
import { runTimes } from '../../catalog/retention/simulate';
import { flat } from '../lib/support';
import type { Resource } from './examples';
import { loadExample, templateOf } from './examples';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The two years that are looked at. */
export const SPAN: Span = { from: new Date('2027-01-01T00:00:00Z'), to: new Date('2029-01-01T00:00:00Z') };
const within = (time: Date, { from, to }: Span): boolean => time >= from && time < to;

/** Backups that are stored at a moment, oldest first. */
export interface Stored {
  readonly now: Date;
  readonly times: readonly Date[];
}

const CALENDAR = new Calendar('UTC', 'monday');

/** How many of the last days, weeks or months, this one included, have a backup each, without a gap. */
export function coverage({ now, times }: Stored, period: Period, atMost: number): number {
  const held = new Set(times.map((time) => CALENDAR.name(period, time)));
  const names = new Set<string>();
  for (let age = 0; names.size <= atMost; age++) {
    const name = CALENDAR.name(period, new Date(now.getTime() - age * DAY_MS));
    if (!held.has(name)) break;
    names.add(name);
  }
  return Math.min(names.size, atMost);
}

/** A source of an example: the days of two years, each after the pruning of 04:30 UTC. */
export type Days = (outage?: Span, onDemand?: readonly Date[]) => Stored[];

const resources = new Map<string, Resource[]>();
/** Resources of a document's example. */
export function resourcesOf(example: string, type: string): Resource[] {
  if (!resources.has(example)) {
    resources.set(example, Object.values(templateOf(loadExample(`documents/${example}`)).Resources));
  }
  return resources.get(example)!.filter(({ Type }) => Type === type);
}

/** Settings of the parameter, and the schedule that starts the source's task. */
export function dumpsOf(example: string, source: string) {
  const parameter = resourcesOf(example, 'AWS::SSM::Parameter').find(({ Properties }) =>
    flat(Properties.Value).includes('"retentions"'),
  );
  const settings = JSON.parse(flat(parameter!.Properties.Value)) as BucketSettings;
  const { retention, allowedAgeSeconds } = settings.sources[source]!;
  const schedule = resourcesOf(example, 'AWS::Scheduler::Schedule').find(
    ({ Properties }) => Properties.Description === `Backs up ${source}`,
  )!.Properties;
  return {
    policy: settings.retentions[retention]!,
    guards: { allowedAgeSeconds, maxDeleteShare: settings.maxDeleteShare },
    runs: runTimes(schedule.ScheduleExpression, schedule.ScheduleExpressionTimezone, SPAN),
  };
}

/** A line of the script that backs up a source on an instance: what it sets a variable to, with what is Base64 as it is. */
function setIn(example: string, source: string, variable: string): string {
  const scripts = resourcesOf(example, 'AWS::SSM::Document').map(
    ({ Properties }) => Properties.Content.mainSteps[0].inputs.runCommand as readonly unknown[],
  );
  const script = scripts.find((lines) => lines.some((line) => flat(line).startsWith(`# Backs up ${source}.`)))!;
  const line = script.find((one) => flat(one).startsWith(`${variable}=`));
  const parts = (line as { readonly 'Fn::Join'?: [string, unknown[]] })['Fn::Join']?.[1] ?? [];
  const [encoded] = parts.flatMap((part) => (part as { readonly 'Fn::Base64'?: unknown })['Fn::Base64'] ?? []);
  return flat(encoded ?? line);
}

/** The job of a source on an instance. */
export const jobOf = (example: string, source: string): DumpJob =>
  JSON.parse(setIn(example, source, ENV.job).replace(/:(<[^>]+>)/g, ':"$1"')) as DumpJob;

/** The directory of the instance that a source has. */
export const directoryOf = (example: string, source: string): string =>
  /'(.*)'/.exec(setIn(example, source, 'data'))![1]!;

/** Settings of the alarms. */
export function alarmsOf(example: string): AlarmSettings {
  const parameter = resourcesOf(example, 'AWS::SSM::Parameter').find(({ Properties }) =>
    flat(Properties.Value).includes('"digest"'),
  );
  return JSON.parse(flat(parameter!.Properties.Value)) as AlarmSettings;
}

/** Dumps, as the prune function would keep them. */
export function dumps(example: string, source: string): Days {
  const { policy, guards, runs } = dumpsOf(example, source);
  return once((outage, onDemand = []) => {
    const made = [...runs, ...onDemand]
      .filter((time) => outage === undefined || !within(time, outage))
      .sort((a, b) => a.getTime() - b.getTime());
    let next = 0;
    let stored: { id: string; time: Date }[] = [];
    return morningsOf((now) => {
      for (; next < made.length && made[next]! <= now; next++) {
        stored.push({ id: backupId(made[next]!), time: made[next]! });
      }
      const deletions = new Set(planPrune(stored, policy, guards, now).deletions);
      stored = stored.filter((backup) => !deletions.has(backup));
      return stored.map(({ time }) => time);
    });
  });
}

/**
 * Snapshots, as Data Lifecycle Manager keeps them: of each schedule, the newest so many, some of them in the archive.
 *
 * @param name of the only schedule that is looked at
 */
export function snapshots(example: string, name?: string): Days {
  const [policy] = resourcesOf(example, 'AWS::DLM::LifecyclePolicy');
  const schedules = (policy!.Properties.PolicyDetails.Schedules as Schedule[])
    .filter(({ Name }) => name === undefined || Name === name)
    .map(({ CreateRule, RetainRule, ArchiveRule }) => ({
      runs: runTimes(CreateRule.CronExpression ?? daily(CreateRule), 'UTC', SPAN),
      count: RetainRule.Count + (ArchiveRule?.RetainRule.RetentionArchiveTier.Count ?? 0),
    }));
  return once((outage) =>
    morningsOf((now) =>
      schedules
        .flatMap(({ runs, count }) =>
          runs.filter((time) => time <= now && (outage === undefined || !within(time, outage))).slice(-count),
        )
        .sort((a, b) => a.getTime() - b.getTime()),
    ),
  );
}

interface Schedule {
  readonly Name: string;
  readonly CreateRule: { readonly CronExpression?: string; readonly Interval?: number; readonly Times?: string[] };
  readonly RetainRule: { readonly Count: number };
  readonly ArchiveRule?: { readonly RetainRule: { readonly RetentionArchiveTier: { readonly Count: number } } };
}

function daily({ Interval, Times }: Schedule['CreateRule']): string {
  if (Interval !== 24) throw new Error(`every ${Interval} hours is not looked at here`);
  const [hour, minute] = Times![0]!.split(':').map(Number);
  return `cron(${minute} ${hour} * * ? *)`;
}

function morningsOf(storedAt: (now: Date) => Date[]): Stored[] {
  const mornings: Stored[] = [];
  for (let time = SPAN.from.getTime() + 4.5 * HOUR_MS; time < SPAN.to.getTime(); time += DAY_MS) {
    const now = new Date(time);
    mornings.push({ now, times: storedAt(now) });
  }
  return mornings;
}

/** Walks once, for all tests that change nothing. */
function once(days: Days): Days {
  let plain: Stored[] | undefined;
  return (outage, onDemand) => ((outage ?? onDemand) ? days(outage, onDemand) : (plain ??= days()));
}
