import { createHash, randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { RESTORE_PARAMETERS } from '../../catalog/contract/instance';
import type { RestoreRequest } from '../../catalog/contract/task';
import type { Emulator } from '../emulator/emulator';
import type { CommandRequest, ManagedInstance, SystemsManager } from '../emulator/systems-manager';
import { putLog } from '../emulator/task-event';
import type { Finished } from '../image/docker';
import type { DeployedDocument, Values } from '../image/instance';
import { Instance, valuesOf } from '../image/instance';
import type { InstalledVersion } from '../servers/versions';
import type { AlarmedScene } from './alarms-scene';
import { ProcessDocker } from './process-docker';

/** The EC2 instance of a team, with its database in Docker. */
export class TeamHost implements ManagedInstance {
  readonly id: string;
  readonly tags: ManagedInstance['tags'];
  online = true;
  readonly docker: ProcessDocker;
  private readonly instance: Instance;
  /** What restores leave until the instance boots. */
  private readonly marks: string[] = [];

  /**
   * @param role name of its role, and its tag `Name`
   * @param version of the server
   * @param port of the server, which listens on this machine's loopback address
   */
  constructor(
    private readonly emulator: Emulator,
    private readonly manager: SystemsManager,
    private readonly role: string,
    version: InstalledVersion,
    public port: number,
  ) {
    this.id = `i-${createHash('sha256').update(role).digest('hex').slice(0, 17)}`;
    this.tags = { Name: role };
    this.docker = new ProcessDocker(emulator, version);
    this.instance = new Instance(emulator, role, this.docker.command);
    manager.add(this);
  }

  async run(document: DeployedDocument, values: Values): Promise<Finished> {
    if (values.run) this.marks.push(`/run/proven-backups.restored.${values.run[0]}`);
    const ended = await this.instance.run(document, values, this.docker.onThisMachine(this.port));
    for (const { group: logGroupName, stream: logStreamName, text } of this.docker.takeLogs())
      await putLog(this.emulator, this.role, { logGroupName, logStreamName }, text);
    return ended;
  }

  /** Fires the schedule of a source: the agent runs the deployed document, and Systems Manager tells how it ended. */
  async fire({ outputs }: AlarmedScene, source: string): Promise<readonly Finished[]> {
    // One scheduled minute has one backup.
    await this.emulator.moveClock(60);
    const which = { Name: outputs[`Schedule${source.replaceAll('-', '')}`], GroupName: outputs.Group };
    const schedule = await new SchedulerClient(this.emulator.client).send(new GetScheduleCommand(which));
    const time = `${(await this.emulator.now()).toISOString().slice(0, 19)}Z`;
    const request = JSON.parse(schedule.Target!.Input!) as CommandRequest;
    return this.manager.send({ ...request, Parameters: valuesOf(schedule, time) });
  }

  /** The same, of a run that makes a backup. */
  async pass(scene: AlarmedScene, source: string): Promise<void> {
    const runs = await this.fire(scene, source);
    if (runs.length === 1 && runs[0]!.code === 0) return;
    throw new Error(`the commands ended with ${JSON.stringify(runs)}`);
  }

  /** Somebody sends a restore, as the command line does. */
  async restore(source: string, request: RestoreRequest): Promise<readonly Finished[]> {
    const resources = Object.values(await this.emulator.recordedStacks()).flat();
    const names = resources.filter(({ type }) => type === 'AWS::SSM::Document').map(({ physicalId }) => physicalId);
    return this.manager.send({
      DocumentName: names.find((name) => name.startsWith('restore.') && name.endsWith(`-${source}`))!,
      InstanceIds: [this.id],
      Parameters: {
        [RESTORE_PARAMETERS.run]: [randomUUID()],
        [RESTORE_PARAMETERS.request]: [Buffer.from(JSON.stringify(request)).toString('base64')],
        [RESTORE_PARAMETERS.notAfter]: [`${Math.floor(Date.now() / 1000) + 60}`],
      },
    });
  }

  remove(): void {
    for (const mark of this.marks) fs.rmSync(mark, { recursive: true, force: true });
    this.docker.remove();
  }
}
