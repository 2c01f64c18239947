/** Restores in a task of ECS beside the database. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Task } from '@aws-sdk/client-ecs';
import { StopTaskCommand } from '@aws-sdk/client-ecs';
import type { StartableTask } from '../../../catalog/contract/directory-schema';
import { logStreamOf } from '../../../catalog/contract/run-log';
import type { RestoreRequest } from '../../../catalog/contract/task';
import { ENV } from '../../../catalog/contract/task';
import { endOf, idOf } from '../../../catalog/run-end';
import { runRequest } from '../../../catalog/run-request';
import { shellWord } from '../../../catalog/shell';
import type { Aws } from '../aws/aws';
import { ask } from '../aws/aws';
import { LogFollower } from '../aws/log-follower';
import { linksOf, startTask, TaskWatch } from '../aws/task';
import { UsageError } from '../errors';
import type { LogFact } from './log-facts';
import { LogFacts } from './log-facts';
import type { RestoreEnd, RestorePlace, RestoreRun } from './place';

/** Pauses between two looks at a task and its log. */
const PAUSE_MS = { first: 250, longest: 2_000 };
/** The last lines of a log may come so much later than the end of their task. */
const LATE_MS = 15_000;
/** ECS takes 8192 characters of overrides, in JSON: the request is a string in it, with its quotes escaped. */
const MAX_REQUEST_CHARACTERS = 7_500;

/** The task of a source that restores. */
export class TaskPlace implements RestorePlace {
  /** @param tell is called with each new state of a task */
  constructor(
    private readonly aws: Aws,
    private readonly source: string,
    private readonly task: StartableTask,
    private readonly tell: (text: string) => void,
  ) {}

  async start(request: RestoreRequest): Promise<RestoreRun> {
    const text = JSON.stringify(request);
    if (JSON.stringify(text).length > MAX_REQUEST_CHARACTERS)
      throw new UsageError(
        'the restore names more databases or tables than fit into a request to ECS: restore in several runs, by --databases',
      );
    const ecs = this.aws.ecs();
    // A person waits for it, and a restore that Spot takes back is half a restore.
    const wanted = runRequest({ ...this.task, spot: false }, 'proven-backups/restore', { [ENV.restore]: text });
    const task = await startTask(ecs, this.source, wanted);
    const stream = logStreamOf(this.source, idOf(task.taskArn!));
    const tell = (state: string): void => this.tell(`the task is ${state.toLowerCase()} …`);
    return new TaskRun({
      ...{ source: this.source, task, logGroup: this.task.logGroup, stream },
      watch: new TaskWatch(ecs, task, tell),
      log: new LogFollower(this.aws.logs(), this.task.logGroup, stream),
      stop: async () => {
        const { taskArn, clusterArn: cluster } = task;
        const command = new StopTaskCommand({ cluster, task: taskArn, reason: 'Ctrl-C in proven-backups restore' });
        await ask({ doing: 'stop the task', action: 'ecs:StopTask' }, () => ecs.send(command));
      },
    });
  }
}

interface Parts {
  readonly source: string;
  readonly task: Task;
  readonly logGroup: string;
  readonly stream: string;
  readonly watch: TaskWatch;
  readonly log: LogFollower;
  readonly stop: () => Promise<void>;
}

class TaskRun implements RestoreRun {
  readonly links: { readonly task: string; readonly log: string };
  readonly afterwards: string;
  readonly stop: () => Promise<void>;
  private stopped: Task | undefined;

  constructor(private readonly parts: Parts) {
    const { source, task, logGroup, stream } = parts;
    this.links = linksOf(task, logGroup, source);
    const region = task.taskArn!.split(':')[3]!;
    this.afterwards = `follow it with aws logs tail ${shellWord(logGroup)} --log-stream-names ${shellWord(stream)} --follow --region ${region}`;
    this.stop = parts.stop;
  }

  async *facts(signal: AbortSignal): AsyncGenerator<LogFact> {
    const { watch, log } = this.parts;
    const lines = new LogFacts();
    let finished = false;
    let stoppedAt = 0;
    for (let pause = PAUSE_MS.first; !signal.aborted; pause = Math.min(2 * pause, PAUSE_MS.longest)) {
      if (!this.stopped) {
        this.stopped = await watch.look();
        if (this.stopped) stoppedAt = Date.now();
      }
      for (const line of await log.next()) {
        const fact = lines.take(line);
        if (!fact) continue;
        finished ||= fact.kind === 'restored' || fact.kind === 'failed';
        yield fact;
      }
      // A program that was killed, or never started, has no last line.
      const silent = this.stopped && this.end().exitName === undefined;
      if (this.stopped && (finished || silent || Date.now() - stoppedAt > LATE_MS)) return;
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  end(): RestoreEnd {
    if (!this.stopped) return {};
    return { ...endOf(this.stopped), began: this.stopped.startedAt !== undefined };
  }
}
