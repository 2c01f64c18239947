import { z } from 'zod';
import { CONTAINER_NAME, ENV, EXIT_CODES } from '../../../catalog/contract/task';
import { familyOf, ownerOfFamily } from '../../../catalog/contract/families';
import type { TaskFacts } from '../../../catalog/contract/notification';
import { logStreamOf } from '../../../catalog/contract/run-log';
import type { Observation } from '../problems/observation';
import type { Reading } from './message';
import { isoTime, lastPart, maybe, maybeTime, timeOf } from './message';
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
export function readTask(reading: Reading): Observation[] {
  const { detail } = event.parse(reading.body);
  // `TerminationNotice` comes two minutes ahead, with RUNNING: the end itself still follows.
  if (detail.lastStatus !== 'STOPPED') return [];
  const family = familyOf(detail.taskDefinitionArn);
  const owner = ownerOfFamily(reading.settings, family);
  if (owner?.action !== 'dump') return [];
  const { source } = owner;

  const at = detail.stoppedAt ?? timeOf(reading);
  const known = { of: source, source, about: source, at, event: reading.event };
  const container = detail.containers.find(({ name }) => name === CONTAINER_NAME);
  const end: TaskEnd = {
    exitCode: container?.exitCode ?? undefined,
    stopCode: detail.stopCode,
    stoppedReason: detail.stoppedReason,
    containerReason: container?.reason,
    memory: detail.memory,
  };
  if (end.exitCode === EXIT_CODES.success) {
    return [{ state: 'ok', ...known, ends: ['failed', 'never-started', 'silent'] }];
  }
  const task = taskFacts(detail, family, end);
  if (!hasRun(detail, end)) {
    return [{ state: 'problem', signal: 'never-started', ...notStarted(end), ...known, since: at, task }];
  }
  const failure = failed(end);
  if (!failure) return [];
  const log = {
    logGroup: reading.settings.logGroups[reading.settings.sources[source]!.logGroup],
    logStream: logStreamOf(source, lastPart(detail.taskArn)),
  };
  // One that was stopped while it started has written none.
  const hasLog = detail.startedAt !== undefined || end.exitCode !== undefined;
  return [{ state: 'problem', signal: 'failed', ...failure, ...known, since: at, task, ...(hasLog && log) }];
}

/** Whether ECS got as far as the program: what happened then is its failure. */
function hasRun({ startedAt }: Detail, { exitCode, stopCode, containerReason }: TaskEnd): boolean {
  // What could not be started may have an exit code all the same: of whoever tried.
  if (stopCode === 'TaskFailedToStart') return OWN_CODES.includes(exitCode ?? -1) && containerReason === undefined;
  if (exitCode !== undefined) return true;
  return stopCode !== undefined || startedAt !== undefined;
}

function taskFacts(detail: Detail, family: string, end: TaskEnd): TaskFacts {
  const variables = detail.overrides?.containerOverrides.flatMap((override) => override.environment) ?? [];
  return {
    arn: detail.taskArn,
    clusterArn: detail.clusterArn,
    family,
    ...end,
    scheduledTime: isoTime(variables.find(({ name }) => name === ENV.scheduledTime)?.value),
    startedAt: detail.startedAt,
    stoppedAt: detail.stoppedAt,
  };
}
