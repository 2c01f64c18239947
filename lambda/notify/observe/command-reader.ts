import type { SSMClient } from '@aws-sdk/client-ssm';
import { GetCommandInvocationCommand, ListCommandsCommand } from '@aws-sdk/client-ssm';
import { runIn } from '../../../catalog/contract/instance';
import type { LookUpCommand } from '../ports';
import { isoTime } from './message';

/** Looks up commands. Needs `ssm:GetCommandInvocation` and `ssm:ListCommands`. */
export const commandReader = (client: SSMClient): LookUpCommand => ({
  async endOf(CommandId, InstanceId) {
    const found = await client.send(new GetCommandInvocationCommand({ CommandId, InstanceId }));
    const { ResponseCode: code = -1, StatusDetails: status, StandardErrorContent: said } = found;
    const [run, endedAt] = [runIn(found.StandardOutputContent), isoTime(found.ExecutionEndDateTime)];
    return {
      // -1: it has not ended by itself.
      ...(code >= 0 && { exitCode: code }),
      ...(status !== undefined && { status }),
      ...(run !== undefined && { run }),
      ...(said && { said }),
      ...(endedAt !== undefined && { endedAt }),
    };
  },

  async targetsOf(CommandId) {
    const { Commands: [found] = [] } = await client.send(new ListCommandsCommand({ CommandId }));
    return found?.TargetCount;
  },
});
