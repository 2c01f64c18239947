/** Starts a backup on an instance, by a command of Systems Manager. */
import type { GetCommandInvocationResult } from '@aws-sdk/client-ssm';
import type { InstanceCommand } from '../../../catalog/contract/instance';
import {
  COMMAND_PARAMETERS,
  HOST_EXITS,
  hostExitOf,
  neverStarted,
  runIn,
  saidByScript,
} from '../../../catalog/contract/instance';
import { logStreamOf } from '../../../catalog/contract/run-log';
import type { Trigger } from '../../../catalog/contract/task';
import { exitNameOf } from '../../../catalog/contract/task';
import type { RunEnd } from '../../../catalog/run-end';
import { failureOf } from '../../../catalog/run-end';
import type { Aws } from '../aws/aws';
import type { ProgramEnd } from '../program-run/run';
import { CommandWatch, sendCommand } from '../aws/command';
import { untilEnded } from '../aws/until-ended';
import type { Course } from './course';
import { sentenceIn } from './on-task';

/** @throws CommandError if the instance is not reached */
export async function startOnInstance(
  aws: Aws,
  source: string,
  trigger: Trigger,
  command: InstanceCommand,
): Promise<Course> {
  const client = aws.ssm();
  const sent = await sendCommand(client, source, command, { [COMMAND_PARAMETERS.trigger]: trigger });
  const { id, instance, at: createdAt } = sent;
  return {
    what: 'command',
    facts: { command: id, instance, logGroup: command.logGroup },
    lines: [`Started a backup of ${source}: command ${id} on instance ${instance}.`],
    notes: [],
    ended: async (tell) => {
      const found = await untilEnded(new CommandWatch(client, sent, tell));
      const [end, run] = [endOfCommand(found), runIn(found.StandardOutputContent)];
      const times = { createdAt, stoppedAt: new Date() };
      if (end.succeeded) return { end, ...times };
      const sentence =
        run === undefined ? undefined : await sentenceIn(aws, command.logGroup, logStreamOf(source, run));
      const startedAt = end.began === false ? undefined : createdAt;
      return { end, ...times, sentence, failure: failureOf(source, { startedAt }, end, sentence) };
    },
  };
}

/**
 * How a command ended. An exit code of the script that says that nothing was started is none of the run. Without one, the script
 * may be gone and its container may not.
 */
export function endOfCommand(found: GetCommandInvocationResult): RunEnd & Pick<ProgramEnd, 'began'> {
  const { Status, StatusDetails, ResponseCode: code = -1, StandardErrorContent: said } = found;
  const host = hostExitOf(code);
  const ran =
    code >= 0 &&
    (host === undefined || [HOST_EXITS.outOfMemory, HOST_EXITS.lost, HOST_EXITS.killed].some((one) => one === code));
  const exitName = exitNameOf(code) ?? host;
  // Of a run that ended by itself, its own log says why.
  const reason = (code < 0 || host !== undefined ? saidByScript(said) : '') || StatusDetails || Status!;
  return {
    succeeded: Status === 'Success',
    ...(neverStarted(code, StatusDetails) && { began: false }),
    ...(ran && { exitCode: code }),
    ...(ran && exitName !== undefined && { exitName }),
    ...(Status !== 'Success' && { reason }),
  };
}
