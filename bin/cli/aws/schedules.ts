/** Which schedule of EventBridge Scheduler starts the runs of a source, and how. */
import type { GetScheduleOutput, ScheduleSummary, SchedulerClient, Target } from '@aws-sdk/client-scheduler';
import { GetScheduleCommand, paginateListSchedules, ResourceNotFoundException } from '@aws-sdk/client-scheduler';
import { familyOf } from '../../../catalog/contract/families';
import { mapParallel } from '../../../catalog/parallel';
import { ask } from './aws';
import { count } from '../print/format';
import { CommandError } from '../print/output';

/** How many schedules are looked at, at once. */
const WIDTH = 8;

/** A schedule that starts runs. */
export interface RunSchedule {
  readonly name: string;
  readonly group: string;
  /** Whether it starts any by itself. */
  readonly enabled: boolean;
  readonly target: Target;
}

/**
 * All schedules that start tasks of a family: those that are enabled first, then by group and name.
 *
 * @throws CommandError if there is none
 */
export async function findSchedules(client: SchedulerClient, family: string): Promise<[RunSchedule, ...RunSchedule[]]> {
  const candidates = await listCandidates(client);
  let refused: unknown;
  const looked = await mapParallel(candidates, WIDTH, async ({ GroupName, Name }) => {
    try {
      return await client.send(new GetScheduleCommand({ GroupName, Name }));
    } catch (error) {
      // Of others: who may start this one need not see them.
      if (!(error instanceof Error) || error.name !== 'AccessDeniedException') return whatIsLeft(Name!, error);
      refused ??= error;
      return undefined;
    }
  });
  const found = looked.flatMap((schedule) => (schedule ? runSchedule(schedule, family) : []));
  const [first, ...others] = found.sort((a, b) => Number(b.enabled) - Number(a.enabled));
  if (first) return [first, ...others];
  if (refused !== undefined) await whatIsLeft('of this run', refused);
  throw new CommandError(
    `no schedule starts the task family ${family}: ${await client.config.region()} has ${count(candidates.length, 'schedule')} of ECS tasks: look at --region and the account, or deploy its stack again`,
  );
}

async function listCandidates(client: SchedulerClient): Promise<ScheduleSummary[]> {
  const wish = { doing: 'list the schedules', action: 'scheduler:ListSchedules' };
  const listed = await ask(wish, async () => {
    const all: ScheduleSummary[] = [];
    for await (const { Schedules = [] } of paginateListSchedules({ client }, {})) all.push(...Schedules);
    return all;
  });
  // arn:aws:ecs:eu-west-1:111122223333:cluster/name
  const ofTasks = listed.filter(({ Target }) => /^arn:[^:]+:ecs:.*:cluster\//.test(Target?.Arn ?? ''));
  const keyOf = ({ GroupName, Name }: ScheduleSummary): string => `${GroupName}/${Name}`;
  return ofTasks.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** Of a schedule that is gone, nothing; of another fault, its sentence. */
async function whatIsLeft(name: string, error: unknown): Promise<undefined> {
  if (error instanceof ResourceNotFoundException) return undefined;
  return ask({ doing: `look at the schedule ${name}`, action: 'scheduler:GetSchedule' }, () => Promise.reject(error));
}

function runSchedule({ Name, GroupName, State, Target }: GetScheduleOutput, family: string): RunSchedule[] {
  if (familyOf(Target?.EcsParameters?.TaskDefinitionArn ?? '') !== family) return [];
  return [{ name: Name!, group: GroupName!, enabled: State === 'ENABLED', target: Target! }];
}
