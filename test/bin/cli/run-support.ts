import type { GetScheduleOutput } from '@aws-sdk/client-scheduler';
import type { AlarmedRuns } from '../../../catalog/contract/settings';
import { manifestText } from '../../../catalog/bucket/manifest';
import type { Manifest } from '../../../catalog/bucket/manifest';
import { manifestKey } from '../../../catalog/bucket/names';
import type { Answer, Asked } from './cli-support';

export const BUCKET = 'shop-backups';
export const REGION = 'eu-west-1';
export const FAMILY = 'ShopBackups-Backups-shop';
export const LOG_GROUP = 'ShopBackups-Log';
export const CLUSTER = `arn:aws:ecs:${REGION}:111122223333:cluster/ShopBackups-Cluster`;
export const TASK = '0123456789abcdef0123456789abcdef';
export const TASK_ARN = `arn:aws:ecs:${REGION}:111122223333:task/ShopBackups-Cluster/${TASK}`;
export const SETTINGS_PATH = `/proven-backups/${BUCKET}/alarms/`;
/** The command. */
export const RUN = ['run', '--bucket', BUCKET, '--source', 'shop'];

const CONSOLE = 'https://eu-west-1.console.aws.amazon.com';
/** Pages of the console. */
export const LINKS = {
  task: `${CONSOLE}/ecs/v2/clusters/ShopBackups-Cluster/tasks/${TASK}/configuration?region=eu-west-1`,
  log: `${CONSOLE}/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/ShopBackups-Log/log-events/shop$252Fbackup$252F${TASK}`,
};
/** What it prints once ECS has started the task. */
export const STARTED = `Started a run of shop: task ${TASK} in cluster ShopBackups-Cluster. It goes on if nobody waits for it.
  task  ${LINKS.task}
  log   ${LINKS.log}
`;

const DEFINITIONS = `arn:aws:ecs:${REGION}:111122223333:task-definition`;

/** A schedule, as `GetSchedule` answers it. */
export type Schedule = Pick<GetScheduleOutput, 'Name' | 'GroupName' | 'State' | 'Target'>;

/** A schedule as the construct makes it. */
export const scheduleOf = (Name: string, changes: Partial<Schedule> = {}, family = FAMILY): Schedule => ({
  ...{ Name, GroupName: 'Nightly', State: 'ENABLED' },
  Target: {
    Arn: CLUSTER,
    RoleArn: 'arn:aws:iam::111122223333:role/scheduler',
    EcsParameters: {
      ...{ TaskDefinitionArn: `${DEFINITIONS}/${family}:7`, TaskCount: 1, LaunchType: 'FARGATE' },
      ...{ EnableECSManagedTags: true, PropagateTags: 'TASK_DEFINITION' },
      NetworkConfiguration: {
        awsvpcConfiguration: {
          Subnets: ['subnet-1', 'subnet-2'],
          SecurityGroups: ['sg-1'],
          AssignPublicIp: 'DISABLED',
        },
      },
    },
    Input: JSON.stringify({
      containerOverrides: [
        {
          name: 'backup',
          environment: [
            { name: 'BACKUP_TRIGGER', value: 'schedule' },
            { name: 'BACKUP_SCHEDULED_TIME', value: '<aws.scheduler.scheduled-time>' },
            { name: 'BACKUP_SCHEDULE_ARN', value: '<aws.scheduler.schedule-arn>' },
          ],
        },
      ],
    }),
  },
  ...changes,
});

/** Something of the account that answers as AWS does: what a test changes, it does before the command. */
export class Account {
  /** Texts of the parameters with the settings of alarms, by name. */
  settings: Record<string, object> = {
    shop: settingsOf({ blog: { family: 1, logGroup: 1 }, shop: {} }),
  };
  schedules: Schedule[] = [scheduleOf('other', {}, 'Elsewhere-shop'), scheduleOf('Shop')];
  /** Names of schedules that may not be looked at, and of those that are gone since they were listed. */
  refused: string[] = [];
  gone: string[] = [];
  /** What ECS answers, one after the other; the last one again. */
  starts: Answer[] = [{ body: { tasks: [{ ...RUNNING, lastStatus: 'PROVISIONING' }], failures: [] } }];
  looks: Answer[] = [{ body: { tasks: [{ ...RUNNING, ...STOPPED }] } }];
  /** Messages of the log; `undefined`: it cannot be read. */
  log: string[] | undefined = [];
  /** Manifests in the bucket; `undefined`: it cannot be read. */
  manifests: Manifest[] | undefined = [];
  /** Schedules a page. */
  pageSize = 100;
  private readonly counts = { starts: 0, looks: 0 };

  /** Answers of the clients of the SDK. */
  answer({ method, target, path, body }: Asked): Answer | undefined {
    const parameters = (): Record<string, string> => JSON.parse(body) as Record<string, string>;
    const url = new URL(path, 'http://aws');
    switch (target) {
      case 'AmazonSSM.GetParametersByPath': {
        const entries = parameters().Path === SETTINGS_PATH ? Object.entries(this.settings) : [];
        const Parameters = entries.map(([name, value]) => ({
          Name: SETTINGS_PATH + name,
          Value: JSON.stringify(value),
        }));
        return { body: { Parameters } };
      }
      case 'AmazonEC2ContainerServiceV20141113.RunTask':
        return this.next('starts');
      case 'AmazonEC2ContainerServiceV20141113.DescribeTasks':
        return this.next('looks');
      case 'Logs_20140328.GetLogEvents':
        if (!this.log) return denied('logs:GetLogEvents');
        return { body: { events: this.log.map((message) => ({ message, timestamp: 1 })) } };
    }
    if (method !== 'GET') return undefined;
    if (url.pathname === '/schedules') return this.list(Number(url.searchParams.get('NextToken') ?? 0));
    if (url.pathname.startsWith('/schedules/')) return this.schedule(url);
    return this.object(url);
  }

  private next(what: 'starts' | 'looks'): Answer {
    return this[what][Math.min(this.counts[what]++, this[what].length - 1)]!;
  }

  private list(from: number): Answer {
    const to = from + this.pageSize;
    const Schedules = this.schedules
      .slice(from, to)
      .map(({ Name, GroupName, State, Target }) => ({ Name, GroupName, State, Target: { Arn: Target!.Arn } }));
    return { body: { Schedules, ...(to < this.schedules.length && { NextToken: `${to}` }) } };
  }

  private schedule({ pathname, searchParams }: URL): Answer {
    const name = decodeURIComponent(pathname.split('/')[2]!);
    if (this.refused.includes(name)) return denied('scheduler:GetSchedule');
    const found = this.schedules.find(
      ({ Name, GroupName }) => Name === name && GroupName === searchParams.get('groupName'),
    );
    if (found && !this.gone.includes(name)) return { body: found };
    return { status: 404, ...errorType('ResourceNotFoundException'), body: { Message: 'does not exist' } };
  }

  private object({ pathname, searchParams }: URL): Answer | undefined {
    if (!this.manifests) return { status: 403, body: '<Error><Code>AccessDenied</Code><Message>no</Message></Error>' };
    const texts = new Map(this.manifests.map((one) => [manifestKey(one.source, one.backupId), manifestText(one)]));
    if (searchParams.get('list-type') === '2') {
      const keys = [...texts.keys()].filter(
        (key) => key.startsWith(searchParams.get('prefix')!) && key > searchParams.get('start-after')!,
      );
      const contents = keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`);
      return { body: `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>` };
    }
    const text = texts.get(decodeURIComponent(pathname.slice(`/${BUCKET}/`.length)));
    return text === undefined ? undefined : { body: text };
  }
}

/** A task that is at work, as ECS tells of it. */
export const RUNNING = {
  ...{ taskArn: TASK_ARN, clusterArn: CLUSTER, lastStatus: 'RUNNING' },
  ...{ createdAt: seconds('2026-11-21T15:23:05Z'), startedAt: seconds('2026-11-21T15:23:31Z') },
  containers: [{ name: 'backup', lastStatus: 'RUNNING' }] as object[],
};

/** What is different in it when it has ended well. */
export const STOPPED = {
  ...{ lastStatus: 'STOPPED', stoppedAt: seconds('2026-11-21T15:27:45Z') },
  ...{ stopCode: 'EssentialContainerExited', stoppedReason: 'Essential container in task exited' },
  containers: [{ name: 'backup', exitCode: 0 }] as object[],
};

/** The same when it has not. */
export const failed = (container: object, changes: object = {}): Answer => ({
  body: { tasks: [{ ...RUNNING, ...STOPPED, containers: [{ name: 'backup', ...container }], ...changes }] },
});

/** Settings of alarms, with what the command does not look at left out. */
export const settingsOf = (
  sources: Record<string, Partial<AlarmedRuns['sources'][string]>>,
  changes: object = {},
): object => ({
  ...{ formatVersion: 1, families: ['ShopBackups-Backups-', 'Others-'], logGroups: [LOG_GROUP, 'Others'], sources },
  ...changes,
});

/** What a client is refused with. */
export const denied = (action: string): Answer => ({
  ...{ status: 400, ...errorType('AccessDeniedException') },
  body: { __type: 'AccessDeniedException', message: `User: x is not authorized to perform: ${action}` },
});

const errorType = (name: string) => ({ headers: { 'x-amzn-errortype': name } });

function seconds(time: string): number {
  return new Date(time).getTime() / 1000;
}
