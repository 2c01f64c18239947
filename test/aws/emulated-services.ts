import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import {
  DescribeTasksCommand,
  ECSClient,
  ListClustersCommand,
  ListTasksCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { GetScheduleCommand, ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { CONTAINER_NAME, ENV, type DumpJob } from '../../catalog/contract/task';
import type { Emulator } from '../emulator/emulator';
import type { Ended, LocalOptions } from '../emulator/local-container';
import { runAsProcess } from '../emulator/local-container';
import { fire, startedByHand, type ContainerRun } from '../emulator/scheduled-run';
import { stopStarted, stopTask } from '../emulator/task-event';

const PAUSE_MS = 300;
/** The emulated time runs faster: nobody waits for minutes. */
const SECONDS_A_PAUSE = 20;

/** Plays EventBridge Scheduler and ECS in an emulated AWS that has neither, until it is stopped. */
export class EmulatedServices {
  private readonly scheduler: SchedulerClient;
  private readonly ecs: ECSClient;
  /** Schedules that are enabled: a rate fires as soon as it is. */
  private fired = new Set<string>();
  private stopped = false;
  /** Why nothing could be fired. */
  private failure: unknown;
  private readonly loop: Promise<void>;

  constructor(
    private readonly emulator: Emulator,
    /** How the container of a source runs on this machine. */
    private readonly optionsOf: (source: string) => LocalOptions,
    /** Is called before a schedule fires. */
    private readonly prepare: () => Promise<unknown> = () => Promise.resolve(),
  ) {
    this.scheduler = new SchedulerClient(emulator.client);
    this.ecs = new ECSClient(emulator.client);
    this.loop = this.play();
  }

  /** @throws what kept schedules from being fired */
  async stop(): Promise<void> {
    this.stopped = true;
    // It may be in the middle of a run.
    await Promise.race([this.loop, sleep(10_000, undefined, { ref: false })]);
    if (this.failure !== undefined) throw this.failure;
  }

  private async play(): Promise<void> {
    while (!this.stopped) {
      // What is being deleted may vanish between two requests.
      const idle = await this.fireSchedules()
        .then(() => this.runTasks())
        .catch(() => false);
      if (idle) await this.emulator.moveClock(SECONDS_A_PAUSE);
      await sleep(PAUSE_MS);
    }
  }

  private async fireSchedules(): Promise<void> {
    // The emulator makes the resources of a stack one after the other: a failed run would be told to rules that come later.
    const { Stacks = [] } = await new CloudFormationClient(this.emulator.client).send(new DescribeStacksCommand({}));
    if (Stacks.some(({ StackStatus }) => StackStatus?.endsWith('_IN_PROGRESS'))) return;
    const { Schedules = [] } = await this.scheduler.send(new ListSchedulesCommand({ State: 'ENABLED' }));
    const enabled = new Set(Schedules.map(({ Arn }) => Arn!));
    this.fired = new Set([...this.fired].filter((arn) => enabled.has(arn)));
    for (const { Arn, Name: schedule, GroupName: group, Target } of Schedules) {
      if (this.fired.has(Arn!) || !Target?.Arn?.includes(':ecs:')) continue;
      await this.prepare().catch((error: unknown) => {
        this.failure = error;
        throw error;
      });
      const scheduledTime = await this.emulator.now();
      const run = await fire(this.emulator, { schedule: schedule!, group, scheduledTime }).catch(
        (error: Error) => error,
      );
      this.fired.add(Arn!);
      if (run instanceof Error) await this.deadLetter(schedule!, group, run, scheduledTime);
      else await stopTask(this.emulator, run, await this.program(run));
    }
  }

  /** The documentation describes the attributes; nobody has seen the body of an ECS target. */
  private async deadLetter(Name: string, GroupName: string | undefined, error: Error, at: Date): Promise<void> {
    const { Arn, Target } = await this.scheduler.send(new GetScheduleCommand({ Name, GroupName }));
    const attributes = {
      ...{ ERROR_CODE: error.name, ERROR_MESSAGE: error.message, SCHEDULE_ARN: Arn!, TARGET_ARN: Target!.Arn! },
      SCHEDULED_TIME: at.toISOString(),
    };
    const sent = Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]);
    const [account, queue] = Target!.DeadLetterConfig!.Arn!.split(':').slice(-2);
    await new SQSClient(this.emulator.client).send(
      new SendMessageCommand({
        QueueUrl: `${this.emulator.endpoint}/${account}/${queue}`,
        ...{ MessageBody: '{}', MessageAttributes: Object.fromEntries(sent) },
      }),
    );
  }

  /** Runs what somebody started. Returns whether there was nothing. */
  private async runTasks(): Promise<boolean> {
    const { clusterArns = [] } = await this.ecs.send(new ListClustersCommand({}));
    let idle = true;
    for (const cluster of clusterArns) {
      const { taskArns = [] } = await this.ecs.send(new ListTasksCommand({ cluster, desiredStatus: 'RUNNING' }));
      for (const task of taskArns) {
        idle = false;
        // As in ECS, one that cannot be started stops: a run that was killed may have left it, and its stack is gone.
        await this.runTask(cluster, task).catch(() => undefined);
        await this.ecs.send(new StopTaskCommand({ cluster, task }));
      }
    }
    return idle;
  }

  private async runTask(cluster: string, task: string): Promise<void> {
    const { tasks } = await this.ecs.send(new DescribeTasksCommand({ cluster, tasks: [task] }));
    const run = await startedByHand(this.emulator, tasks![0]!);
    await stopStarted(this.emulator, run, await this.run(run));
  }

  private program(run: ContainerRun): Promise<Ended> {
    const { source } = JSON.parse(run.environment[ENV.job]!) as Pick<DumpJob, 'source'>;
    return runAsProcess(this.emulator, run, this.optionsOf(source)).ended;
  }

  private run(run: ContainerRun): Promise<Ended> {
    if (run.container.name === CONTAINER_NAME) return this.program(run);
    const [command, ...args] = run.command as [string, ...string[]];
    const { path = [] } = this.optionsOf('');
    const env = { ...run.environment, PATH: [...path, process.env.PATH].join(':') };
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const exit = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
    return Promise.all([text(child.stdout), text(child.stderr), exit]).then(([stdout, stderr, exitCode]) => ({
      ...{ stdout, stderr, exitCode },
    }));
  }
}
