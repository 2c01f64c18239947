import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Task } from '@aws-sdk/client-ecs';
import { DescribeTasksCommand, ECSClient, ListTasksCommand } from '@aws-sdk/client-ecs';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { readCatalog } from '../../catalog/bucket/read';
import { S3CatalogStore } from '../../catalog/bucket/s3-store';
import { appCommand, Emulator } from '../emulator/emulator';
import { runAsProcess } from '../emulator/local-container';
import { startedByHand } from '../emulator/scheduled-run';
import { writeLog } from '../emulator/task-event';
import { temporaryDirectory } from '../support/processes';
import { RELEASE_VARIABLE, STACK } from './before-deployment-app';

// The CDK CLI, several times, on a machine that may be busy with other tests.
jest.setTimeout(300_000);

const dataDirectory = temporaryDirectory('before-deployment');
let emulator: Emulator;
let app: string;
let outputs: Record<string, string>;
let ecs: ECSClient;
/** Tasks that a test has seen. */
const seen = new Set<string>();

beforeAll(async () => {
  const database = new DatabaseSync(path.join(dataDirectory, 'shop.db'));
  database.exec('CREATE TABLE book (title TEXT)');
  database.close();
  emulator = await Emulator.start();
  ecs = new ECSClient(emulator.client);
  await emulator.bootstrap();
  app = await appCommand('test/e2e/before-deployment-app.ts');
  outputs = (await emulator.deploy(app))[STACK]!;
});
afterAll(async () => {
  await emulator.stop();
  fs.rmSync(dataDirectory, { recursive: true });
});

const deploy = (release: string) => emulator.deploy(app, [], { [RELEASE_VARIABLE]: release });

async function release(): Promise<string> {
  const { Parameter } = await new SSMClient(emulator.client).send(new GetParameterCommand({ Name: '/release' }));
  return Parameter!.Value!;
}

async function backups() {
  const s3 = new S3Client({ ...emulator.client, forcePathStyle: true });
  return (await readCatalog(new S3CatalogStore(s3, outputs.Bucket!))).backups;
}

/** Tasks that were started since a test last looked. */
async function newTasks(): Promise<Task[]> {
  const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster: outputs.Cluster }));
  const arns = taskArns.filter((arn) => !seen.has(arn));
  if (arns.length === 0) return [];
  for (const arn of arns) seen.add(arn);
  return (await ecs.send(new DescribeTasksCommand({ cluster: outputs.Cluster, tasks: arns }))).tasks ?? [];
}

async function nextTask(): Promise<Task> {
  for (const until = Date.now() + 120_000; Date.now() < until; await sleep(100)) {
    const [task] = await newTasks();
    if (task) return task;
  }
  throw new Error('no task was started');
}

/** Acts as Fargate does with a task: runs it, keeps its log, and tells how it ended. */
async function runTask(task: Task, directory: string): Promise<void> {
  const run = await startedByHand(emulator, task);
  const ended = await runAsProcess(emulator, run, { dataDirectory: directory }).ended;
  await writeLog(emulator, run, task.taskArn!.split('/').at(-1)!, ended);
  const detail = {
    ...task,
    lastStatus: 'STOPPED',
    stopCode: 'EssentialContainerExited',
    containers: [{ name: run.container.name, exitCode: ended.exitCode }],
  };
  const event = { Source: 'aws.ecs', DetailType: 'ECS Task State Change', Detail: JSON.stringify(detail) };
  await new EventBridgeClient(emulator.client).send(new PutEventsCommand({ Entries: [event] }));
}

test('the creation of the stack waits for nothing', async () => {
  expect([await release(), await newTasks(), await backups()]).toEqual(['1', [], []]);
});

test('a backup that fails ends the update with its sentence, and the rollback starts no other', async () => {
  const deployed = deploy('2').then(
    () => 'deployed',
    ({ message }: Error) => message,
  );
  await runTask(await nextTask(), temporaryDirectory('no-database'));
  expect(await deployed).toContain(
    `WaitCondition received failed message: 'the run of shop failed with exit code 10 (configuration): `,
  );
  expect([await release(), await newTasks(), await backups()]).toEqual(['1', [], []]);
});

test('the next update waits for its own backup, and goes on after it', async () => {
  const deployed = deploy('3');
  const task = await nextTask();
  expect(await release()).toBe('1');
  await runTask(task, dataDirectory);
  await deployed;
  expect(await release()).toBe('3');
  expect(await backups()).toMatchObject([{ source: 'shop', trigger: 'before-deployment' }]);
});
