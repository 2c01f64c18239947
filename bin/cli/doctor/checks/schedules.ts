/** Schedules: every source and every function that needs one has one that is enabled. */
import type { GetScheduleOutput } from '@aws-sdk/client-scheduler';
import type { BucketDirectory } from '../../aws/directory';
import type { Check } from '../check';
import type { DeployedFunction, DeployedTask } from '../deployment';
import { documentOf } from '../../../../catalog/contract/instance';
import { familyOf } from '../deployment';
import type { Finding } from '../finding';
import { DEPLOY, failed, ok, valueOf, valuesOf } from '../finding';

/** Functions that something else starts. */
const UNSCHEDULED = ['undelete', 'notify'];

export const schedules: Check = {
  id: 'schedules',
  title: 'schedules start the backups and the functions',
  needs: ['schedules', 'functions'],
  run: async (deployment) => {
    const found = await deployment.schedules();
    // What is there is not known before all of it is known.
    if (found.some(({ fact }) => 'unknown' in fact)) return [];
    const { commands } = deployment.directory;
    const tasks = [...(await deployment.tasks()), ...(await deployment.maintenances())];
    return judgeSchedules(valuesOf(found), tasks, await deployment.functions(), commands);
  },
};

/** A function that is gone is found by another check. */
export function judgeSchedules(
  schedules: readonly GetScheduleOutput[],
  tasks: readonly DeployedTask[],
  functions: readonly DeployedFunction[],
  commands: BucketDirectory['commands'] = [],
): Finding[] {
  const scheduled = functions.filter(({ kind }) => !UNSCHEDULED.includes(kind));
  const startedBy = (of: string, isOwn: (schedule: GetScheduleOutput) => boolean): Finding => {
    const [first, ...more] = schedules.filter(isOwn);
    if (!first) return failed(of, 'no schedule starts it', DEPLOY);
    const enabled = [first, ...more].find(({ State }) => State === 'ENABLED');
    if (enabled) return ok(of, `${enabled.ScheduleExpression}`);
    const finding = `the schedule ${first.GroupName}/${first.Name} is disabled: nothing starts it`;
    return failed(of, finding, 'enable it, or deploy the stack with it enabled');
  };
  return [
    ...tasks.map(({ of, task }) => startedBy(of, (schedule) => familyOf(schedule) === task.family)),
    ...commands.map(({ source, command }) =>
      startedBy(source, (schedule) => documentOf(schedule.Target) === command.document),
    ),
    ...scheduled.flatMap((one) => {
      const arn = valueOf(one)?.Configuration?.FunctionArn;
      return arn === undefined ? [] : startedBy(one.of, ({ Target }) => Target?.Arn === arn);
    }),
  ];
}
