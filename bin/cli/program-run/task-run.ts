/** Follows a run in a task of ECS by its state and its log. */
import type { Task } from '@aws-sdk/client-ecs';
import { endOf } from '../../../catalog/run-end';
import type { TaskWatch } from '../aws/task';
import { linksOf } from '../aws/task';
import type { FollowedRunParts } from './followed-run';
import { FollowedRun, followText } from './followed-run';

/** What a run in a task consists of. */
export interface TaskRunParts<Fact> extends Pick<FollowedRunParts<Fact>, 'reader' | 'log' | 'stop'> {
  readonly task: Task;
  readonly logGroup: string;
  readonly stream: string;
  readonly watch: TaskWatch;
}

/** A run in a task of ECS, which goes on without this command. */
export class TaskRun<Fact> extends FollowedRun<Fact> {
  readonly links: { readonly task: string; readonly log: string };

  constructor({ task, logGroup, stream, watch, ...parts }: TaskRunParts<Fact>) {
    super({
      ...parts,
      afterwards: followText(logGroup, stream, task.taskArn!.split(':')[3]!),
      look: async () => {
        const stopped = await watch.look();
        return stopped && { ...endOf(stopped), began: stopped.startedAt !== undefined };
      },
    });
    this.links = linksOf(task, logGroup, stream);
  }
}
