/** Runs a document of Systems Manager on an instance, and looks at it. */
import type { GetCommandInvocationResult, InstanceInformation, SSMClient } from '@aws-sdk/client-ssm';
import {
  GetCommandInvocationCommand,
  InvocationDoesNotExist,
  paginateDescribeInstanceInformation,
  SendCommandCommand,
} from '@aws-sdk/client-ssm';
import type { InstanceCommand, InstanceTarget } from '../../../catalog/contract/instance';
import { UNFINISHED } from '../../../catalog/contract/instance';
import { CommandError } from '../errors';
import { ask, explained, isUnanswered } from './aws';

/** Systems Manager may not know an invocation for this long after it was sent. */
const UNKNOWN_MS = 60_000;

/** An invocation that was sent. */
export interface SentCommand {
  readonly id: string;
  readonly instance: string;
  /** By the clock of AWS. */
  readonly at: Date;
}

/** `instance i-0abc`, or `the instance with the tags Name=shop` */
export const targetText = ({ instanceId, tags = {} }: InstanceTarget): string =>
  instanceId !== undefined
    ? `instance ${instanceId}`
    : `the instance with the tags ${Object.entries(tags)
        .map(([key, value]) => `${key}=${value}`)
        .join(', ')}`;

/** The instances of a target that Systems Manager knows. */
export async function managedInstances(
  client: SSMClient,
  { instanceId, tags = {} }: InstanceTarget,
): Promise<InstanceInformation[]> {
  const Filters =
    instanceId !== undefined
      ? [{ Key: 'InstanceIds', Values: [instanceId] }]
      : Object.entries(tags).map(([key, value]) => ({ Key: `tag:${key}`, Values: [value] }));
  const found: InstanceInformation[] = [];
  for await (const page of paginateDescribeInstanceInformation({ client }, { Filters }))
    found.push(...(page.InstanceInformationList ?? []));
  return found;
}

/** What is wrong with the instances of a target; `undefined` if there is one, and it is reached. */
export function targetFault(target: InstanceTarget, found: readonly InstanceInformation[]): string | undefined {
  const [first, ...others] = found;
  if (!first)
    return `Systems Manager does not know ${targetText(target)}: it is stopped or gone, its SSM Agent does not run, or its role lacks AmazonSSMManagedInstanceCore`;
  if (others.length > 0)
    return `${found.length} instances have the tags of ${targetText(target)}: ${found.map(({ InstanceId: id }) => id).join(', ')}: give them to one instance alone`;
  if (first.PingStatus === 'Online') return undefined;
  return `Systems Manager does not reach instance ${first.InstanceId} (${first.PingStatus}): start it, or its SSM Agent`;
}

/**
 * Runs the document.
 *
 * @param client that tries once, if what it runs must not run twice: SendCommand has no token that would make it idempotent
 * @throws CommandError if the instance is not reached
 */
export async function sendCommand(
  client: SSMClient,
  source: string,
  command: InstanceCommand,
  parameters: Readonly<Record<string, string>>,
): Promise<SentCommand> {
  const looking = { doing: `look for ${targetText(command)}`, action: 'ssm:DescribeInstanceInformation' };
  const found = await ask(looking, () => managedInstances(client, command));
  const fault = targetFault(command, found);
  if (fault !== undefined) throw new CommandError(fault);
  const instance = found[0]!.InstanceId!;
  const request = new SendCommandCommand({
    DocumentName: command.document,
    DocumentVersion: '$LATEST',
    InstanceIds: [instance],
    TimeoutSeconds: 600,
    Parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, [value]])),
  });
  const wish = { doing: `start a run of ${source}`, action: 'ssm:SendCommand' };
  const { Command } = await ask(wish, () =>
    client.send(request).catch((error: Error) => {
      if (!isUnanswered(error)) throw error;
      const { message } = explained(error, wish) as Error;
      throw new CommandError(`${message}: it may run all the same: look at the commands of instance ${instance} first`);
    }),
  );
  return { id: Command!.CommandId!, instance, at: Command!.RequestedDateTime ?? new Date() };
}

/** Looks at a command until it has ended. */
export class CommandWatch {
  private readonly command: GetCommandInvocationCommand;
  private readonly begun = Date.now();
  private state = '';

  /** @param tell is called with each new state */
  constructor(
    private readonly client: SSMClient,
    { id, instance }: SentCommand,
    private readonly tell: (state: string) => void,
  ) {
    this.command = new GetCommandInvocationCommand({ CommandId: id, InstanceId: instance });
  }

  /**
   * Looks once.
   *
   * @returns the invocation if it has ended
   * @throws CommandError if it cannot be looked at
   */
  async look(): Promise<GetCommandInvocationResult | undefined> {
    const wish = { doing: 'look at the command', action: 'ssm:GetCommandInvocation' };
    const found = await ask(wish, () =>
      this.client.send(this.command).catch((error: unknown) => {
        if (error instanceof InvocationDoesNotExist && Date.now() - this.begun < UNKNOWN_MS) return undefined;
        throw error;
      }),
    );
    if (found && !UNFINISHED.some((one) => one === found.Status)) return found;
    if (found && found.Status !== this.state) this.tell((this.state = found.Status!));
    return undefined;
  }
}
