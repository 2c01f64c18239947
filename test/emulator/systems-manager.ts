import { randomUUID } from 'node:crypto';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { Finished } from '../image/docker';
import type { DeployedDocument, Values } from '../image/instance';
import type { Emulator } from './emulator';

/** An EC2 instance with an SSM Agent. */
export interface ManagedInstance {
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Whether its agent answers. */
  readonly online: boolean;
  /** Runs a document as the agent does. */
  run(document: DeployedDocument, values: Values): Promise<Finished>;
}

/** What SendCommand is asked for. */
export interface CommandRequest {
  readonly DocumentName: string;
  readonly InstanceIds?: readonly string[];
  readonly Targets?: readonly { readonly Key: string; readonly Values: readonly string[] }[];
  readonly Parameters?: Values;
}

/** One invocation of a command, as GetCommandInvocation tells it. */
interface Invocation {
  readonly Status: string;
  readonly StatusDetails?: string;
  readonly ResponseCode: number;
  readonly StandardOutputContent?: string;
  readonly StandardErrorContent?: string;
}

interface Filter {
  readonly Key: string;
  readonly Values: readonly string[];
}

/**
 * The part of Systems Manager that runs commands on instances, which MiniStack lacks: its deployed documents, executed by the
 * instances that are added, and its events. Requests pass the guard.
 */
export class SystemsManager {
  /** What it knows. */
  readonly instances: ManagedInstance[] = [];
  /** By id of the command and of the instance. */
  private readonly invocations = new Map<string, Invocation>();
  /** By id of the command: on how many instances it was to run, and with which parameters. */
  private readonly sent = new Map<string, { readonly TargetCount: number; readonly Parameters?: Values | undefined }>();

  constructor(private readonly emulator: Emulator) {
    const answers: Readonly<Record<string, (input: never) => object | Promise<object>>> = {
      DescribeInstanceInformation: ({ Filters }: { readonly Filters: readonly Filter[] }) => ({
        InstanceInformationList: this.matching(Filters).map(({ id, online }) => ({
          ...{ InstanceId: id, PingStatus: online ? 'Online' : 'ConnectionLost', PlatformType: 'Linux' },
        })),
      }),
      SendCommand: (request: CommandRequest) => ({ Command: { CommandId: this.begin(request).id } }),
      GetCommandInvocation: ({ CommandId, InstanceId }: { CommandId: string; InstanceId: string }) => ({
        ...{ CommandId, InstanceId, ...this.invocations.get(`${CommandId} ${InstanceId}`) },
      }),
      ListCommands: ({ CommandId }: { readonly CommandId: string }) => ({
        Commands: [{ CommandId, ...this.sent.get(CommandId) }],
      }),
    };
    for (const [operation, answer] of Object.entries(answers))
      emulator.guard.answers.set(`ssm ${operation}`, answer as (input: object) => object);
  }

  /** Adds an instance. */
  add(instance: ManagedInstance): void {
    this.instances.push(instance);
    this.emulator.guard.instanceTags.set(instance.id, instance.tags);
  }

  /** Sends a command, as Scheduler does, and waits until it has ended and was told. */
  async send(request: CommandRequest): Promise<readonly Finished[]> {
    return this.begin(request).ended;
  }

  private begin(request: CommandRequest): { readonly id: string; readonly ended: Promise<readonly Finished[]> } {
    const { DocumentName, InstanceIds = [], Targets = [] } = request;
    const id = randomUUID();
    const chosen =
      InstanceIds.length > 0 ? this.instances.filter((one) => InstanceIds.includes(one.id)) : this.matching(Targets);
    this.sent.set(id, { TargetCount: chosen.length, Parameters: request.Parameters });
    for (const one of chosen)
      this.invocations.set(`${id} ${one.id}`, { Status: 'InProgress', StatusDetails: 'InProgress', ResponseCode: -1 });
    const ended = (async () => {
      const runs: Finished[] = [];
      // One after the other, as MaxConcurrency says.
      for (const one of chosen) runs.push(...(await this.invoke(id, one, request)));
      // Also without any instance its status is Success.
      await this.tell(id, DocumentName, 'Success');
      return runs;
    })();
    // Whoever waits for it sees what goes wrong.
    ended.catch(() => undefined);
    return { id, ended };
  }

  private async invoke(
    id: string,
    instance: ManagedInstance,
    { DocumentName, Parameters = {} }: CommandRequest,
  ): Promise<Finished[]> {
    const end = (invocation: Invocation) => {
      this.invocations.set(`${id} ${instance.id}`, invocation);
      return this.tell(id, DocumentName, invocation.Status, instance.id);
    };
    if (!instance.online) {
      await end({ Status: 'TimedOut', StatusDetails: 'DeliveryTimedOut', ResponseCode: -1 });
      return [];
    }
    const ran = await instance.run(await this.document(DocumentName), Parameters);
    const Status = ran.code === 0 ? 'Success' : 'Failed';
    await end({
      ...{ Status, StatusDetails: Status, ResponseCode: ran.code },
      StandardOutputContent: ran.stdout,
      StandardErrorContent: `${ran.stderr}${ran.code === 0 ? '' : `failed to run commands: exit status ${ran.code}`}`,
    });
    return [ran];
  }

  private async document(name: string): Promise<DeployedDocument> {
    const all = Object.values(await this.emulator.recordedStacks()).flat();
    const found = all.find(({ type, physicalId }) => type === 'AWS::SSM::Document' && physicalId === name);
    if (!found) throw new Error(`InvalidDocument: ${name}`);
    return found.properties.Content as DeployedDocument;
  }

  private matching(filters: readonly Filter[]): ManagedInstance[] {
    return this.instances.filter(({ id, tags }) =>
      filters.every(({ Key, Values }) =>
        Values.includes(Key === 'InstanceIds' ? id : (tags[Key.replace(/^tag:/, '')] ?? '')),
      ),
    );
  }

  private async tell(id: string, document: string, status: string, instance?: string): Promise<void> {
    const detail = {
      ...{ 'command-id': id, 'document-name': document, status },
      ...(instance !== undefined && { 'instance-id': instance }),
      'requested-date-time': (await this.emulator.now()).toISOString(),
    };
    const DetailType = `EC2 Command ${instance === undefined ? '' : 'Invocation '}Status-change Notification`;
    const entry = { Source: 'aws.ssm', DetailType, Detail: JSON.stringify(detail) };
    await new EventBridgeClient(this.emulator.client).send(new PutEventsCommand({ Entries: [entry] }));
  }
}
