import { PassThrough } from 'node:stream';
import type { Manifest } from '../../../catalog/bucket/manifest';
import { manifestText } from '../../../catalog/bucket/manifest';
import type { RestorePlan, RestoreReport } from '../../../catalog/contract/restore';
import type { RestoreRequest } from '../../../catalog/contract/task';
import { main } from '../../../bin/cli/program';
import { exampleManifest } from '../../catalog/bucket/example-manifest';
import type { Answer, Asked, Ran } from './cli-support';
import { captured, cli, directoryParameter, parametersUnder, StandIn } from './cli-support';
import { BUCKET, CLUSTER, denied, LOG_GROUP, RUNNING, SHARED_TASK, STOPPED } from './run-support';

export const [OLD, NEW, SAFETY] = ['2026-11-19T02-00-00Z', '2026-11-20T02-00-00Z', '2026-11-21T15-23-33Z'];
/** The command. */
export const RESTORE = ['restore', '--bucket', BUCKET, '--source', 'shop'];

/** A plan, as the program logs it. */
export const planOf = (changes: Partial<RestorePlan> = {}): RestorePlan => ({
  backupId: NEW,
  serverVersion: '10.11.19-MariaDB',
  targetVersion: '10.11.20-MariaDB',
  targets: [{ database: 'shop', name: 'shop', state: 'new', tables: 42, rows: 1_204_511 }],
  bytes: 341_902_211,
  uncompressedBytes: 1_512_345_678,
  atomic: false,
  notes: [],
  ...changes,
});

/** A target that has content. */
export const existing = (name = 'shop'): RestorePlan['targets'] => [
  { database: 'shop', name, state: 'exists', holds: ['book', 'orders'], tables: 42, rows: 1_204_511 },
];

/** A report, as the program logs it. */
export const reportOf = (changes: Partial<RestoreReport> = {}): RestoreReport => ({
  backupId: NEW,
  asOf: '2026-11-20T02:00:41.000Z',
  targets: [{ database: 'shop', name: 'shop' }],
  seconds: 192.4,
  tables: 42,
  rows: 1_204_511,
  uncompared: [],
  notes: [],
  ...changes,
});

/** A line of the program's log. */
export const line = (event: string, fields: object = {}, message = event): string =>
  JSON.stringify({ time: '2026-11-21T15:23:31.000Z', level: 'info', event, message, action: 'restore', ...fields });
export const planLine = (changes: Partial<RestorePlan> = {}): string => line('plan', { plan: planOf(changes) });
export const restoredLine = (changes: Partial<RestoreReport> = {}): string =>
  line('restored', { report: reportOf(changes) });
export const progressLine = (changes: object = {}): string =>
  line('progress', {
    progress: {
      ...{ phase: 'loading', bytes: 170_951_105, totalBytes: 341_902_211, bytesPerSecond: 12_582_912 },
      ...{ secondsLeft: 13, table: 'shop.orders', ...changes },
    },
  });
export const failedLine = (message: string, exit = 'restoreFailed', exitCode = 16): string =>
  line('failed', { exit, exitCode, reason: { kind: 'client-failed' } }, message);

/** What a task does. */
export interface Script {
  /** Lines of its log, by the looks at it; it has stopped when the last ones are there. */
  readonly log?: readonly (readonly string[])[];
  /** Looks at the log for which its last lines come later. */
  readonly late?: number;
  /** Its container at the end. */
  readonly container?: object;
  /** What else is different in it at the end. */
  readonly stopped?: object;
  /** It runs until it is told to stop, and logs this then. */
  readonly untilStopped?: readonly string[];
  /** It leaves a backup. */
  readonly makes?: Manifest;
}

/** A look that finds the plan. */
export const look = (changes: Partial<RestorePlan> = {}): Script => ({ log: [[planLine(changes)]] });

interface StartedTask extends Script {
  readonly request: TaskRequest;
  read: number;
  told: boolean;
}
export interface TaskRequest {
  readonly taskDefinition: string;
  readonly launchType?: string;
  readonly startedBy: string;
  readonly overrides?: {
    readonly containerOverrides: readonly { environment: readonly { name: string; value: string }[] }[];
  };
}

/** Something of the account that answers as AWS does: what a test changes, it does before the command. */
export class RestoreAccount {
  /** Starts one, and the AWS that has it. */
  static async start(): Promise<{ readonly account: RestoreAccount; readonly aws: StandIn }> {
    const account = new RestoreAccount();
    const aws = new StandIn((asked) => account.answer(asked));
    await aws.start();
    return { account, aws };
  }

  directory = [
    directoryParameter('shop', {
      tasks: [{ ...SHARED_TASK, spot: true }],
      sources: {
        shop: { engine: 'mariadb', dump: { securityGroups: 'sg-1' }, restore: { securityGroups: 'sg-2' } },
        wiki: { engine: 'mariadb', dump: { securityGroups: 'sg-1' } },
      },
    }),
  ];
  /** What the tasks do, in the order in which they are started. */
  scripts: Script[] = [];
  /** Texts in the bucket, by key. */
  readonly objects = new Map<string, string>();
  /** Storage classes that are not Standard, and headers `x-amz-restore`, by key. */
  readonly classes: Record<string, string> = {};
  readonly retrievals: Record<string, string> = {};
  readonly started: StartedTask[] = [];
  mayStop = true;

  constructor() {
    for (const id of [OLD, NEW]) this.add(manifestOf(id));
  }

  add(manifest: Manifest): void {
    const { source, backupId: id, objects } = manifest;
    this.objects.set(`${source}/${id}/manifest.json`, manifestText(manifest));
    for (const { key } of objects) this.objects.set(key, 'x'.repeat(10));
  }

  prove(id: string): void {
    const verdict = { formatVersion: 1, verdict: 'passed', testedAt: '2026-11-20T05:00:00Z' };
    this.objects.set(`shop/${id}/restore-test.json`, JSON.stringify(verdict));
  }

  /** Requests of the restores that were started. */
  get requests(): RestoreRequest[] {
    return this.started.flatMap(({ request }) =>
      (request.overrides?.containerOverrides ?? []).flatMap(({ environment }) =>
        environment.flatMap(({ name, value }) =>
          name === 'RESTORE_REQUEST' ? [JSON.parse(value) as RestoreRequest] : [],
        ),
      ),
    );
  }

  answer(asked: Asked): Answer | undefined {
    const { target, path, body } = asked;
    const task = () => this.started[Number(/[0-9a-f]{31}(\d)(?="|$)/.exec(body)?.[1])]!;
    switch (target) {
      case 'AmazonSSM.GetParametersByPath':
        return parametersUnder(asked, this.directory);
      case 'AmazonEC2ContainerServiceV20141113.RunTask':
        return this.start(JSON.parse(body) as TaskRequest);
      case 'AmazonEC2ContainerServiceV20141113.DescribeTasks':
        return { body: { tasks: [this.stateOf(task())] } };
      case 'AmazonEC2ContainerServiceV20141113.StopTask':
        if (!this.mayStop) return denied('ecs:StopTask');
        task().told = true;
        return { body: { task: {} } };
      case 'Logs_20140328.GetLogEvents':
        return this.logOf(task(), JSON.parse(body) as { nextToken?: string });
    }
    return this.object(asked.method, new URL(path, 'http://aws'));
  }

  protected start(request: TaskRequest): Answer {
    const script = this.scripts[this.started.length];
    if (!script) return { body: { tasks: [], failures: [{ reason: 'RESOURCE:CPU' }] } };
    this.started.push({ ...script, request, read: 0, told: false });
    if (script.makes) this.add(script.makes);
    return { body: { tasks: [this.stateOf(this.started.at(-1)!)], failures: [] } };
  }

  private stateOf(task: StartedTask): object {
    const id = `0123456789abcdef0123456789abcde${this.started.indexOf(task)}`;
    const running = { ...RUNNING, taskArn: `${CLUSTER.replace(':cluster/', ':task/')}/${id}` };
    const ended = task.untilStopped ? task.told : task.read >= (task.log?.length ?? 0) - 1 - (task.late ?? 0);
    if (!ended) return running;
    const container = task.container ?? { exitCode: task.untilStopped ? 143 : 0 };
    return { ...running, ...STOPPED, containers: [{ name: 'backup', ...container }], ...task.stopped };
  }

  private logOf(task: StartedTask, { nextToken }: { nextToken?: string }): Answer {
    const batches = [...(task.log ?? []), ...(task.told ? [task.untilStopped!] : [])];
    const from = Number(nextToken ?? 0);
    const lines = batches[from] ?? [];
    const to = Math.min(from + 1, batches.length);
    task.read = Math.max(task.read, to);
    return { body: { events: lines.map((message) => ({ message, timestamp: 1 })), nextForwardToken: String(to) } };
  }

  private object(method: string, { pathname, searchParams }: URL): Answer | undefined {
    if (searchParams.has('list-type')) {
      const [prefix, after] = [searchParams.get('prefix')!, searchParams.get('start-after') ?? ''];
      const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
      const rows = keys.map(
        (key) =>
          `<Contents><Key>${key}</Key><Size>${this.objects.get(key)!.length}</Size><LastModified>2026-11-20T03:00:00.000Z</LastModified><StorageClass>${this.classes[key] ?? 'STANDARD'}</StorageClass></Contents>`,
      );
      return { body: `<ListBucketResult><IsTruncated>false</IsTruncated>${rows.join('')}</ListBucketResult>` };
    }
    const key = decodeURIComponent(pathname).slice(`/${BUCKET}/`.length);
    if (method === 'POST' && searchParams.has('restore')) return this.retrieve(key);
    const body = this.objects.get(key);
    const restore = this.retrievals[key];
    return body === undefined ? undefined : { body, ...(restore && { headers: { 'x-amz-restore': restore } }) };
  }

  private retrieve(key: string): Answer {
    this.retrievals[key] = 'ongoing-request="true"';
    return { status: 202 };
  }
}

/** A manifest whose object has the size that the account's has. */
export const manifestOf = (id: string, changes: Partial<Manifest> = {}): Manifest =>
  exampleManifest({
    backupId: id,
    objects: [{ ...exampleManifest().objects[0]!, key: `shop/${id}/shop.sql.zst` }],
    ...changes,
  });

/** What a person does when something is shown: types a line, or presses Ctrl-C. */
export type Deed = readonly [shown: RegExp, typed: string | 'Ctrl-C' | 'end of input'];

/** Runs the command line for a person at a terminal, who does one deed after the other. */
export async function talk(args: readonly string[], deeds: readonly Deed[], terminal = true): Promise<Ran> {
  const streams = captured();
  const stdin = Object.assign(new PassThrough(), { isTTY: terminal });
  const left = [...deeds];
  let seen = 0;
  const write = (text: string): void => {
    streams.stderr.write(text);
    const [next] = left;
    if (!next?.[0].test(streams.err().slice(seen))) return;
    left.shift();
    seen = streams.err().length;
    const [, typed] = next;
    // When it has begun to listen.
    setImmediate(() => {
      if (typed === 'Ctrl-C') process.emit('SIGINT');
      else if (typed === 'end of input') stdin.end();
      else stdin.write(`${typed}\n`);
    });
  };
  const code = await main(args, { stdin, stdout: streams.stdout, stderr: { write } });
  expect(left).toEqual([]);
  return { code, out: streams.out(), err: streams.err() };
}

export { LOG_GROUP };

/** The command, without a terminal. */
export const restore = (...more: string[]): Promise<Ran> => cli([...RESTORE, ...more]);
/** The command, by a person who answers. */
export const person = (deeds: readonly Deed[], ...more: string[]): Promise<Ran> => talk([...RESTORE, ...more], deeds);
