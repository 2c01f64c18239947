import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeTasksCommand, ECSClient, ListTasksCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import {
  GetScheduleCommand,
  SchedulerClient,
  UpdateScheduleCommand,
  type UpdateScheduleCommandInput,
} from '@aws-sdk/client-scheduler';
import { DeleteMessageCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Notification } from '../../catalog/contract/notification';
import type { Email, Emulator } from '../emulator/emulator';
import { ROOT } from '../emulator/emulator';
import type { Ended, LocalOptions } from '../emulator/local-container';
import { runAsProcess } from '../emulator/local-container';
import { fire, startedByHand } from '../emulator/scheduled-run';
import { stopTask } from '../emulator/task-event';

/** Looks, twice a second, at what functions do that were invoked asynchronously: each starts a process. */
const TRIES = 180;

/** What a subscriber that is a queue was sent, and the emails of the same publishing. */
export interface Told {
  readonly notification: Notification;
  readonly emails: readonly Email[];
}

/** A run of a source, up to the event of its task. */
export interface Run extends Ended {
  readonly task: string;
}

/** A deployed stack with alarms, and what its people and programs are told. */
export class AlarmedScene {
  private readonly sqs: SQSClient;
  private readonly scheduler: SchedulerClient;
  private readonly notifications: Notification[] = [];
  /** What CloudWatch itself published: of the alarm that tells of a broken notify function. */
  readonly raw: { readonly AlarmName: string; readonly NewStateValue: string }[] = [];

  constructor(
    readonly emulator: Emulator,
    readonly outputs: Readonly<Record<string, string>>,
  ) {
    this.sqs = new SQSClient(emulator.client);
    this.scheduler = new SchedulerClient(emulator.client);
  }

  /** Fires the schedule of a source: the program runs as a process, and ECS tells how it ended. */
  async run(source: string, options: LocalOptions = {}): Promise<Run> {
    const scheduledTime = await this.emulator.now();
    const run = await fire(this.emulator, {
      schedule: this.outputs[source]!,
      group: this.outputs.Group,
      scheduledTime,
    });
    const ended = await runAsProcess(this.emulator, run, options).ended;
    return { ...ended, task: await stopTask(this.emulator, run, ended) };
  }

  /**
   * Waits for a task that somebody starts, runs the program as a process, and lets ECS know that it has ended.
   *
   * @param isMeant by whom it was started
   */
  async runStarted(
    isMeant = (startedBy?: string): boolean => startedBy === 'proven-backups/run',
    options?: LocalOptions,
  ): Promise<Ended> {
    const ecs = new ECSClient(this.emulator.client);
    const cluster = this.outputs.Cluster;
    for (let tries = 0; tries < TRIES; tries++) {
      const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster }));
      const { tasks = [] } =
        taskArns.length > 0 ? await ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns })) : {};
      const task = tasks.find(({ startedBy }) => isMeant(startedBy));
      if (task) {
        const run = await startedByHand(this.emulator, task);
        const ended = await runAsProcess(this.emulator, run, options).ended;
        await ecs.send(new StopTaskCommand({ cluster, task: task.taskArn }));
        return ended;
      }
      await sleep(500);
    }
    throw new Error('nobody has started a task');
  }

  /** Switches a schedule on or off, as somebody does in the console. */
  async setSchedule(name: string, State: 'ENABLED' | 'DISABLED'): Promise<void> {
    const which = { Name: this.outputs[name]!, GroupName: this.outputs.Group };
    const schedule = await this.scheduler.send(new GetScheduleCommand(which));
    await this.scheduler.send(new UpdateScheduleCommand({ ...(schedule as UpdateScheduleCommandInput), State }));
  }

  /** Waits for a notification, and for the function to be done with what is in its queue. */
  async told(matches: (notification: Notification) => boolean): Promise<Told> {
    for (let tries = 0; tries < TRIES; tries++) {
      await this.receive();
      const index = this.notifications.findIndex((one) => !one.test && matches(one));
      if (index >= 0) {
        const [notification] = this.notifications.splice(index, 1);
        const { subject } = notification!;
        return {
          notification: notification!,
          emails: (await this.emulator.emails()).filter((email) => email.subject === subject),
        };
      }
      await sleep(500);
    }
    const others = this.notifications.map(({ subject }) => subject);
    const log = await this.log();
    throw new Error(`nobody was told of it, but of: ${others.join(' · ') || 'nothing'}\n${log}`);
  }

  /** What was told and not asked for, once the function has nothing more to do. */
  async rest(): Promise<Notification[]> {
    for (let tries = 0; (await this.waiting()) > 0; tries++) {
      if (tries > TRIES) throw new Error(`${await this.waiting()} events are not taken in`);
      await sleep(500);
    }
    await this.receive();
    return this.notifications.splice(0);
  }

  /** Runs the bundled command line in a process of its own, with the role for people if the stack has one. */
  async cli(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const { Operator } = this.outputs;
    const env = {
      PATH: process.env.PATH,
      HOME: this.emulator.directory,
      ...(Operator === undefined ? this.emulator.environment : this.emulator.environmentOf(Operator)),
    };
    const command = [path.join(ROOT, 'dist/bin/cli.js'), ...args];
    const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code: code as number, out, err };
  }

  /** Messages that the notify function has still to take in, or is about to. */
  private async waiting(): Promise<number> {
    const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
    const { Attributes = {} } = await this.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: this.outputs.Events, AttributeNames: [...AttributeNames] }),
    );
    return AttributeNames.reduce((sum, name) => sum + Number(Attributes[name]), 0);
  }

  /** The last lines of the log of runs and functions. */
  private async log(): Promise<string> {
    const { events = [] } = await new CloudWatchLogsClient(this.emulator.client).send(
      new FilterLogEventsCommand({ logGroupName: this.outputs.LogGroup, limit: 10_000 }),
    );
    return events
      .slice(-30)
      .map(({ logStreamName, message }) => `${logStreamName}: ${message}`)
      .join('\n');
  }

  private async receive(): Promise<void> {
    const QueueUrl = this.outputs.Reader;
    for (;;) {
      const { Messages = [] } = await this.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      if (Messages.length === 0) return;
      for (const { Body, ReceiptHandle } of Messages) {
        const { Message } = JSON.parse(Body!) as { Message: string };
        const message = JSON.parse(Message) as Notification | (typeof this.raw)[0];
        if ('AlarmName' in message) this.raw.push(message);
        else this.notifications.push(message);
        await this.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
    }
  }
}
