import type { SSMClient } from '@aws-sdk/client-ssm';
import { GetCommandInvocationCommand, ListCommandsCommand } from '@aws-sdk/client-ssm';
import { RESTORE_PARAMETERS, runIn } from '../../../catalog/contract/instance';
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

  async requestOf(CommandId) {
    const { Commands: [found] = [] } = await client.send(new ListCommandsCommand({ CommandId }));
    const { TargetCount: targets, Parameters = {} } = found ?? {};
    const [request] = Parameters[RESTORE_PARAMETERS.request] ?? [];
    return {
      ...(targets !== undefined && { targets }),
      ...(request !== undefined && { restore: Buffer.from(request, 'base64').toString() }),
    };
  },
});
