import type { SchedulerClient } from '@aws-sdk/client-scheduler';
import { GetScheduleCommand, ResourceNotFoundException } from '@aws-sdk/client-scheduler';
import { familyOf } from '../../../catalog/contract/families';
import { documentOf } from '../../../catalog/contract/instance';
import type { LookUpSchedule } from '../ports';

/** Looks a schedule up by its ARN, `arn:aws:scheduler:…:schedule/<group>/<name>`. Needs `scheduler:GetSchedule`. */
export const scheduleReader =
  (client: SchedulerClient): LookUpSchedule =>
  async (scheduleArn) => {
    const [, GroupName, Name] = scheduleArn.split('/');
    if (!GroupName || !Name) return undefined;
    try {
      const { Target } = await client.send(new GetScheduleCommand({ GroupName, Name }));
      const definition = Target?.EcsParameters?.TaskDefinitionArn ?? documentOf(Target);
      // arn:aws:lambda:eu-west-1:123456789012:function:name, with or without a version
      const [, , service, , , kind, functionName] = Target?.Arn?.split(':') ?? [];
      const isFunction = service === 'lambda' && kind === 'function';
      return { ...(definition !== undefined && { family: familyOf(definition) }), ...(isFunction && { functionName }) };
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  };
