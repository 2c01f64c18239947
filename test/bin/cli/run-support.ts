import { manifestText } from '../../../catalog/bucket/manifest';
import type { Manifest } from '../../../catalog/bucket/manifest';
import { manifestKey } from '../../../catalog/bucket/names';
import type { Answer, Asked } from './cli-support';
import { directoryParameter, parametersUnder } from './cli-support';

export const BUCKET = 'shop-backups';
const REGION = 'eu-west-1';
export const LOG_GROUP = 'ShopBackups-Log';
export const CLUSTER = `arn:aws:ecs:${REGION}:111122223333:cluster/ShopBackups-Cluster`;
export const TASK = '0123456789abcdef0123456789abcdef';
export const TASK_ARN = `arn:aws:ecs:${REGION}:111122223333:task/ShopBackups-Cluster/${TASK}`;
/** The command. */
export const RUN = ['run', '--bucket', BUCKET, '--source', 'shop'];

const CONSOLE = 'https://eu-west-1.console.aws.amazon.com';
/** What it tells when it starts to wait. */
export const WAITING =
  'waiting until the task ends, which takes as long as the backup; Ctrl-C ends the waiting, not the backup\n';
/** Pages of the console. */
export const LINKS = {
  task: `${CONSOLE}/ecs/v2/clusters/ShopBackups-Cluster/tasks/${TASK}/configuration?region=eu-west-1`,
  log: `${CONSOLE}/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/ShopBackups-Log/log-events/shop$252Fbackup$252F${TASK}`,
};
/** What it prints once ECS has started the task. */
export const STARTED = `Started a backup of shop: task ${TASK} in cluster ShopBackups-Cluster.
  task  ${LINKS.task}
  log   ${LINKS.log}
`;

/** What a directory says of tasks, as the construct writes it. */
export const SHARED_TASK = {
  family: 'ShopBackups-Backups-',
  cluster: CLUSTER,
  subnets: 'subnet-1,subnet-2',
  logGroup: LOG_GROUP,
};

/** Something of the account that answers as AWS does: what a test changes, it does before the command. */
export class Account {
  /** Parameters of the directory. */
  directory = [
    directoryParameter('other', {
      tasks: [{ ...SHARED_TASK, family: 'Other-' }],
      sources: { wiki: { engine: 'postgresql', dump: { securityGroups: 'sg-2' } } },
    }),
    directoryParameter('shop', {
      functions: { prune: 'shop-prune' },
      tasks: [{ ...SHARED_TASK, family: 'Elsewhere-' }, SHARED_TASK],
      sources: {
        blog: { engine: 'mysql', dump: { securityGroups: 'sg-1' } },
        shop: { engine: 'mysql', dump: { task: 1, securityGroups: 'sg-1' } },
        'old-shop': {},
      },
    }),
  ];
  /** What ECS answers, one after the other; the last one again. */
  starts: Answer[] = [{ body: { tasks: [{ ...RUNNING, lastStatus: 'PROVISIONING' }], failures: [] } }];
  looks: Answer[] = [{ body: { tasks: [{ ...RUNNING, ...STOPPED }] } }];
  /** Messages of the log; `undefined`: it cannot be read. */
  log: string[] | undefined = [];
  /** Manifests in the bucket; `undefined`: it cannot be read. */
  manifests: Manifest[] | undefined = [];
  private readonly counts = { starts: 0, looks: 0 };

  /** Answers of the clients of the SDK. */
  answer(asked: Asked): Answer | undefined {
    const { method, target, path } = asked;
    switch (target) {
      case 'AmazonSSM.GetParametersByPath':
        return parametersUnder(asked, this.directory);
      case 'AmazonEC2ContainerServiceV20141113.RunTask':
        return this.next('starts');
      case 'AmazonEC2ContainerServiceV20141113.DescribeTasks':
        return this.next('looks');
      case 'Logs_20140328.GetLogEvents':
        if (!this.log) return denied('logs:GetLogEvents');
        return { body: { events: this.log.map((message) => ({ message, timestamp: 1 })) } };
    }
    return method === 'GET' ? this.object(new URL(path, 'http://aws')) : undefined;
  }

  private next(what: 'starts' | 'looks'): Answer {
    return this[what][Math.min(this.counts[what]++, this[what].length - 1)]!;
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
  taskArn: TASK_ARN,
  clusterArn: CLUSTER,
  lastStatus: 'RUNNING',
  createdAt: seconds('2026-11-21T15:23:05Z'),
  startedAt: seconds('2026-11-21T15:23:31Z'),
  containers: [{ name: 'backup', lastStatus: 'RUNNING' }] as object[],
};

/** What is different in it when it has ended well. */
export const STOPPED = {
  lastStatus: 'STOPPED',
  stoppedAt: seconds('2026-11-21T15:27:45Z'),
  stopCode: 'EssentialContainerExited',
  stoppedReason: 'Essential container in task exited',
  containers: [{ name: 'backup', exitCode: 0 }] as object[],
};

/** The same when it has not. */
export const failed = (container: object, changes: object = {}): Answer => ({
  body: { tasks: [{ ...RUNNING, ...STOPPED, containers: [{ name: 'backup', ...container }], ...changes }] },
});

/** What a client is refused with. */
export const denied = (action: string): Answer => ({
  status: 400,
  headers: { 'x-amzn-errortype': 'AccessDeniedException' },
  body: { __type: 'AccessDeniedException', message: `User: x is not authorized to perform: ${action}` },
});

function seconds(time: string): number {
  return new Date(time).getTime() / 1000;
}
