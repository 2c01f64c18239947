/** Schedules: every source and every function that needs one has one, and it starts something that is there. */
import type { TaskDefinition } from '@aws-sdk/client-ecs';
import type { GetScheduleOutput } from '@aws-sdk/client-scheduler';
import { check } from '../check';
import type { DeployedFunction, DumpTask } from '../deployment';
import { familyOf } from '../deployment';
import type { Fact, Finding, Thing } from '../finding';
import { DEPLOY, failed, judge, ok, unanswered, valueOf } from '../finding';

/** Functions that nothing starts but a schedule. */
const SCHEDULED = ['prune', 'measure'];

/** The schedules, and what they should start. */
export interface ScheduleFacts {
  readonly schedules: Fact<readonly GetScheduleOutput[]>;
  readonly tasks: readonly DumpTask[];
  /** Definitions that schedules name, by their ARNs. */
  readonly definitions: readonly Thing<TaskDefinition>[];
  readonly functions: readonly DeployedFunction[];
  readonly now: Date;
}

export const schedules = check(
  'schedules',
  'schedules start the backups and the functions',
  async (deployment): Promise<ScheduleFacts> => {
    const found = await deployment.schedules();
    const named = (valueOf(found) ?? []).flatMap((schedule) => definitionOf(schedule) ?? []);
    return {
      schedules: found,
      tasks: await deployment.tasks(),
      definitions: await deployment.definitions(named),
      functions: await deployment.functions(),
      now: new Date(),
    };
  },
  judgeSchedules,
);

const definitionOf = ({ Target }: GetScheduleOutput): string | undefined => Target?.EcsParameters?.TaskDefinitionArn;

/** One that starts nothing is as bad as none. */
export function judgeSchedules({ schedules: found, tasks, definitions, functions, now }: ScheduleFacts): Finding[] {
  const started = functions.filter(({ kind }) => SCHEDULED.includes(kind));
  const wanted: { of: string; starts: (schedule: GetScheduleOutput) => boolean }[] = [
    ...tasks.map(({ of, task }) => ({ of, starts: (one: GetScheduleOutput) => familyOf(one) === task.family })),
    ...started.flatMap(({ of, fact }) => {
      const arn = valueOf(fact)?.Configuration?.FunctionArn;
      // One that is gone is found by another check.
      return arn === undefined ? [] : [{ of, starts: ({ Target }: GetScheduleOutput) => Target?.Arn === arn }];
    }),
  ];
  const unknown = unanswered(started).flatMap((one) => judge(one, () => []));
  const judged = wanted.flatMap(({ of, starts }) =>
    judge({ of, fact: found }, (all = []) => {
      const own = all.filter(starts);
      if (own.length === 0) return failed(of, 'no schedule starts it', DEPLOY);
      const running = own.filter((schedule) => stopped(schedule, now) === undefined);
      const [first] = own;
      if (running.length === 0) {
        const name = `${first!.GroupName}/${first!.Name}`;
        return failed(
          of,
          `the schedule ${name} ${stopped(first!, now)}: nothing starts it`,
          'enable it, or deploy the stack with it enabled',
        );
      }
      return running.flatMap((schedule) => judgeTarget(of, schedule, definitions));
    }),
  );
  return [...unknown, ...judged];
}

function stopped({ State, EndDate }: GetScheduleOutput, now: Date): string | undefined {
  if (State !== 'ENABLED') return 'is disabled';
  return EndDate && EndDate <= now ? `has ended at ${EndDate.toISOString()}` : undefined;
}

function judgeTarget(
  of: string,
  schedule: GetScheduleOutput,
  definitions: readonly Thing<TaskDefinition>[],
): Finding[] {
  const name = definitionOf(schedule);
  const definition = definitions.find((one) => one.of === name);
  const good = ok(of, `${schedule.ScheduleExpression}`);
  if (!definition) return [good];
  return judge({ of, fact: definition.fact }, (value) =>
    value?.status === 'ACTIVE'
      ? good
      : failed(of, `the schedule ${schedule.Name} starts ${name}, which is not active`, DEPLOY),
  );
}
