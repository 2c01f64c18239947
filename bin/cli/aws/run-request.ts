/** What ECS is asked for a run by hand: all that the target of the schedule says, but for what makes it a run by schedule. */
import type { KeyValuePair, RunTaskCommandInput, TaskOverride } from '@aws-sdk/client-ecs';
import { z } from 'zod';
import { ENV } from '../../../catalog/contract/task';
import { CommandError } from '../print/output';
import type { RunSchedule } from './schedules';

/** Says who started a task. Letters, digits, hyphens, slashes and underscores. */
const STARTED_BY = 'proven-backups/run';

/** What only a run by schedule has: without them it is one on demand, and its id is its start. */
const OF_SCHEDULE: readonly string[] = [ENV.trigger, ENV.scheduledTime, ENV.scheduleArn];

const overrides = z.looseObject({
  containerOverrides: z
    .array(
      z.looseObject({
        name: z.string(),
        environment: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
      }),
    )
    .optional(),
});

/**
 * The request for one run. The SDK adds a token, the same in every try of the request, so that it starts one task.
 *
 * @throws CommandError if ECS could not understand what the schedule says
 */
export function runRequest(schedule: RunSchedule): RunTaskCommandInput {
  const { Arn, EcsParameters, Input } = schedule.target;
  const target = EcsParameters!;
  const network = target.NetworkConfiguration?.awsvpcConfiguration;
  return {
    cluster: Arn,
    taskDefinition: target.TaskDefinitionArn,
    count: 1,
    startedBy: STARTED_BY,
    launchType: target.LaunchType,
    capacityProviderStrategy: target.CapacityProviderStrategy,
    platformVersion: target.PlatformVersion,
    networkConfiguration: network && {
      awsvpcConfiguration: {
        subnets: network.Subnets,
        securityGroups: network.SecurityGroups,
        assignPublicIp: network.AssignPublicIp,
      },
    },
    group: target.Group,
    placementConstraints: target.PlacementConstraints,
    placementStrategy: target.PlacementStrategy,
    referenceId: target.ReferenceId,
    enableECSManagedTags: target.EnableECSManagedTags,
    enableExecuteCommand: target.EnableExecuteCommand,
    propagateTags: target.PropagateTags,
    tags: target.Tags?.map(({ key, value, Key = key, Value = value }) => ({ key: Key, value: Value })),
    overrides: overridesOf(schedule, Input),
  };
}

function overridesOf({ name }: RunSchedule, input = '{}'): TaskOverride | undefined {
  let value: unknown;
  try {
    value = JSON.parse(input);
  } catch {
    value = input;
  }
  const { data } = overrides.safeParse(value);
  if (!data) {
    // Without its text: it may hold what is nobody's business.
    throw new CommandError(
      `the input of the schedule ${name} holds no overrides that ECS could read: deploy its stack again`,
    );
  }
  const { containerOverrides = [], ...others } = data;
  const containers = containerOverrides
    .map(({ environment = [], ...container }) => {
      const left = environment.filter((variable) => !isOfSchedule(variable));
      return { ...container, ...(left.length > 0 && { environment: left }) };
    })
    // More than the name.
    .filter((container) => Object.keys(container).length > 1);
  const all = { ...others, ...(containers.length > 0 && { containerOverrides: containers }) };
  return Object.keys(all).length > 0 ? all : undefined;
}

/** Scheduler alone knows what stands for a text such as `<aws.scheduler.scheduled-time>`. */
const isOfSchedule = ({ name, value }: KeyValuePair): boolean =>
  OF_SCHEDULE.includes(name!) || /<aws\.scheduler\.[a-z-]+>/.test(value!);
