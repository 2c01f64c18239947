/** Schedules: every source and every function that needs one has one that is enabled. */
import type { GetScheduleOutput } from '@aws-sdk/client-scheduler';
import type { Check } from '../check';
import type { DeployedFunction, DumpTask } from '../deployment';
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
    return judgeSchedules(valuesOf(found), await deployment.tasks(), await deployment.functions(), new Date());
  },
};

/** A function that is gone is found by another check. */
export function judgeSchedules(
  schedules: readonly GetScheduleOutput[],
  tasks: readonly DumpTask[],
  functions: readonly DeployedFunction[],
  now: Date,
): Finding[] {
  const scheduled = functions.filter(({ kind }) => !UNSCHEDULED.includes(kind));
  return [
    ...tasks.map(({ of, task }) =>
      judgeOwn(
        of,
        schedules.filter((one) => familyOf(one) === task.family),
        now,
      ),
    ),
    ...scheduled.flatMap((one) => {
      const arn = valueOf(one)?.Configuration?.FunctionArn;
      return arn === undefined
        ? []
        : judgeOwn(
            one.of,
            schedules.filter(({ Target }) => Target?.Arn === arn),
            now,
          );
    }),
  ];
}

function judgeOwn(of: string, own: readonly GetScheduleOutput[], now: Date): Finding {
  const hasEnded = ({ EndDate }: GetScheduleOutput): boolean => EndDate !== undefined && EndDate <= now;
  const running = own.filter((one) => one.State === 'ENABLED' && !hasEnded(one));
  if (running.length > 0) return ok(of, running.map(({ ScheduleExpression }) => ScheduleExpression).join(', '));
  const [first] = own;
  if (!first) return failed(of, 'no schedule starts it', DEPLOY);
  const why = first.State === 'ENABLED' ? `has ended at ${first.EndDate!.toISOString()}` : 'is disabled';
  const action = 'enable it, or deploy the stack with it enabled';
  return failed(of, `the schedule ${first.GroupName}/${first.Name} ${why}: nothing starts it`, action);
}
