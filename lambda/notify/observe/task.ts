import * as z from 'zod';
import type { AlarmSettings } from '../../../catalog/contract/alarms';
import { CONTAINER_NAME, ENV, EXIT_CODES, PROVE_STREAM } from '../../../catalog/contract/task';
import type { FamilyOwner } from '../../../catalog/contract/families';
import { familyOf, ownerOfFamily, testingOfFamily } from '../../../catalog/contract/families';
import type { TaskFacts } from '../../../catalog/contract/notification';
import { logStreamOf } from '../../../catalog/contract/run-log';
import type { Observation } from '../problems/observation';
import type { EndedRun } from './ended-run';
import { badEnd, goodEnd, requestIn } from './ended-run';
import type { MessageReading } from './message';
import { isoTime, lastPart, maybe, maybeTime, timeOf } from './message';
import { jsonOf } from '../../shared/json';
import type { TaskEnd } from './task-causes';
import { failed, notStarted } from './task-causes';

const environment = z.array(z.looseObject({ name: z.string(), value: maybe })).catch([]);

const event = z.looseObject({
  detail: z.looseObject({
    lastStatus: z.string(),
    taskArn: z.string(),
    taskDefinitionArn: z.string(),
    clusterArn: z.string().catch(''),
    containers: z
      .array(z.looseObject({ name: z.string(), exitCode: z.number().nullish(), reason: maybe }))
      .optional()
      .default([]),
    stopCode: maybe,
    stoppedReason: maybe,
    memory: z.coerce.number().optional().catch(undefined),
    startedAt: maybeTime,
    stoppedAt: maybeTime,
    overrides: z
      .looseObject({ containerOverrides: z.array(z.looseObject({ environment })).catch([]) })
      .optional()
      .catch(undefined),
  }),
});
type Detail = z.infer<typeof event>['detail'];

/** Exit codes that only the program itself can have ended with: it did start. */
const OWN_CODES: readonly number[] = Object.values(EXIT_CODES);

/** `ECS Task State Change`: how a run ended. */
export async function readTask(reading: MessageReading): Promise<Observation[]> {
  const { detail } = event.parse(reading.body);
  // `TerminationNotice` comes two minutes ahead, with RUNNING: the end itself still follows.
  if (detail.lastStatus !== 'STOPPED') return [];
  const family = familyOf(detail.taskDefinitionArn);
  const owner: TestOwner | undefined =
    ownerOfFamily(reading.settings, family) ?? testedBy(detail, family, reading.settings);
  if (!owner) return [];
  const request = owner.action === 'restore' ? requestIn(variableOf(detail, ENV.restore)) : {};
  // Whoever looks at a target sees what comes of it, and restores nothing.
  if (request.dryRun) return [];

  const container = detail.containers.find(({ name }) => name === CONTAINER_NAME);
  const end: TaskEnd = {
    exitCode: container?.exitCode ?? undefined,
    stopCode: detail.stopCode,
    stoppedReason: detail.stoppedReason,
    containerReason: container?.reason,
    memory: detail.memory,
  };
  // What a test found is told by its verdict.
  if (owner.action === 'prove' && end.exitCode === EXIT_CODES.notProven) {
    if (owner.backupId !== undefined) await reading.rememberFailedTest(owner.source, owner.backupId);
    return [];
  }
  const at = detail.stoppedAt ?? timeOf(reading);
  const { source, action, backupId } = owner;
  const run: EndedRun = {
    ...{ source, action, at, event: reading.event },
    ...(backupId !== undefined && { backupId }),
    ...request,
  };
  if (end.exitCode === EXIT_CODES.success) return goodEnd(run);

  const started = hasRun(detail, end);
  const outcome = started ? failed(end) : notStarted(end);
  if (!outcome) return [];
  const { settings } = reading;
  const { logGroup, streams } = owner.log ?? {
    logGroup: settings.sources[source]!.logGroup,
    streams: source,
  };
  const log = { logGroup: settings.logGroups[logGroup], logStream: logStreamOf(streams, lastPart(detail.taskArn)) };
  // A run that was stopped while it started has written none.
  const hasLog = started && (detail.startedAt !== undefined || end.exitCode !== undefined);
  const task = taskFacts(detail, family, end);
  return [{ ...badEnd(run, started, outcome), since: at, task, ...(hasLog && log) }];
}

/** Owner of a restore test, and the backup that it was to test. */
interface TestOwner extends FamilyOwner {
  readonly backupId?: string;
  /** Where it logs, if not where its source does: a log group by its number, and what the names of its streams begin with. */
  readonly log?: { readonly logGroup: number; readonly streams: string };
}

const proveJob = z.object({ action: z.literal('prove'), bucket: z.string(), source: z.string(), backupId: maybe });

/** The sources of a scope share the families of their tests: the job says which source it is. */
function testedBy(detail: Detail, family: string, settings: AlarmSettings): TestOwner | undefined {
  const testing = testingOfFamily(settings, family);
  if (!testing) return undefined;
  const job = proveJob.safeParse(jsonOf(variableOf(detail, ENV.job) ?? '')).data;
  if (!job || job.bucket !== settings.bucket || !Object.hasOwn(settings.sources, job.source)) return undefined;
  const { source, action, backupId } = job;
  const log = { logGroup: testing.logGroup, streams: PROVE_STREAM };
  return { source, action, log, ...(backupId !== undefined && { backupId }) };
}

/** Whether the program was started. */
function hasRun({ startedAt }: Detail, { exitCode, stopCode, containerReason }: TaskEnd): boolean {
  // A task that could not be started may have an exit code all the same.
  if (stopCode === 'TaskFailedToStart') return OWN_CODES.includes(exitCode ?? -1) && containerReason === undefined;
  if (exitCode !== undefined) return true;
  return stopCode !== undefined || startedAt !== undefined;
}

/** A variable that whoever started the task has set. */
function variableOf({ overrides }: Detail, name: string): string | undefined {
  const variables = overrides?.containerOverrides.flatMap(({ environment }) => environment) ?? [];
  return variables.find((variable) => variable.name === name)?.value;
}

function taskFacts(detail: Detail, family: string, end: TaskEnd): TaskFacts {
  return {
    arn: detail.taskArn,
    clusterArn: detail.clusterArn,
    family,
    ...end,
    scheduledTime: isoTime(variableOf(detail, ENV.scheduledTime)),
    startedAt: detail.startedAt,
    stoppedAt: detail.stoppedAt,
  };
}
