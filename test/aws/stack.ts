/** Makes the stack of the self-test, and removes all that it made, by tag. */
import { CloudFormationClient, DeleteStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DeleteSnapshotCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeTaskDefinitionCommand, ECSClient, ListTasksCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { paginateGetResources, ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { DeleteBucketPolicyCommand, DeleteObjectsCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Aws } from '../../bin/cli/aws/aws';
import { appCommand, ROOT } from '../emulator/emulator';
import { run, temporaryDirectory } from '../support/processes';
import type { Plan } from './names';
import { PLAN_VARIABLE, STACK, TAG } from './names';

const formation = new CloudFormationClient({});

/** Deploys the stack by the CDK CLI, and returns its outputs. */
export async function deploy(plan: Plan, signal: AbortSignal): Promise<Record<string, string>> {
  const directory = temporaryDirectory('self-test');
  try {
    const outputs = path.join(directory, 'outputs.json');
    const cli = path.join(ROOT, 'node_modules/aws-cdk/bin/cdk');
    const app = ['--app', await appCommand('test/aws/app.ts'), '--output', path.join(directory, 'cdk.out')];
    const tags = ['--tags', `${TAG.key}=${TAG.value}`];
    const quiet = ['--require-approval', 'never', '--no-notices', '--no-color', '--progress', 'events'];
    const args = ['deploy', STACK, ...app, ...tags, ...quiet, '--outputs-file', outputs];
    const env = { ...process.env, [PLAN_VARIABLE]: JSON.stringify(plan) };
    await run(process.execPath, [cli, ...args], { cwd: directory, env, signal });
    return (JSON.parse(fs.readFileSync(outputs, 'utf8')) as Record<string, Record<string, string>>)[STACK]!;
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** State of the stack; `undefined` if there is none. */
export async function stackStatus(): Promise<string | undefined> {
  try {
    const { Stacks: [stack] = [] } = await formation.send(new DescribeStacksCommand({ StackName: STACK }));
    return stack?.StackStatus === 'DELETE_COMPLETE' ? undefined : stack?.StackStatus;
  } catch (error) {
    if ((error as Error).name === 'ValidationError') return undefined;
    throw error;
  }
}

/** ARNs of everything with the tag. */
async function tagged(): Promise<string[]> {
  const arns: string[] = [];
  const request = { TagFilters: [{ Key: TAG.key, Values: [TAG.value] }] };
  for await (const page of paginateGetResources({ client: new ResourceGroupsTaggingAPIClient({}) }, request))
    arns.push(...(page.ResourceTagMappingList ?? []).map(({ ResourceARN }) => ResourceARN!));
  return arns;
}

const ATTEMPTS = 4;
const PAUSE_MS = 2_000;

/** Removes all that has the tag. Tries again where a run wrote meanwhile. */
export async function cleanUp(): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    for (const arn of await tagged()) await empty(arn).catch(unlessGone);
    if ((await stackStatus()) === undefined) return;
    await formation.send(new DeleteStackCommand({ StackName: STACK }));
    let status = await stackStatus();
    for (; status === 'DELETE_IN_PROGRESS'; status = await stackStatus()) await sleep(PAUSE_MS);
    if (status !== undefined && attempt === ATTEMPTS)
      throw new Error(`the stack ${STACK} is ${status}: see its events, then run npm run test:aws -- --clean-up`);
  }
}

/** The index of tags is late: what it names may be gone. */
function unlessGone(error: Error): void {
  if (!/NoSuchBucket|ClusterNotFound|NotFound/.test(error.name)) throw error;
}

/** Takes out of a resource what CloudFormation would stumble over. */
async function empty(arn: string): Promise<void> {
  const [, , service, , , name] = arn.split(':') as [string, string, string, string, string, string];
  if (service === 's3') return emptyBucket(name);
  if (service === 'ec2' && name.startsWith('snapshot/'))
    return void (await new EC2Client({}).send(new DeleteSnapshotCommand({ SnapshotId: name.split('/')[1] })));
  if (service !== 'ecs' || !name.startsWith('cluster/')) return;
  const ecs = new ECSClient({});
  const { taskArns = [] } = await ecs.send(new ListTasksCommand({ cluster: arn }));
  for (const task of taskArns) await ecs.send(new StopTaskCommand({ cluster: arn, task }));
}

async function emptyBucket(Bucket: string): Promise<void> {
  const s3 = new Aws({}).s3();
  // It denies deletes to everybody.
  await s3.send(new DeleteBucketPolicyCommand({ Bucket }));
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key: Key!, VersionId }));
    if (Objects.length === 0) return;
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  }
}

/** What the last look by tag finds. */
export interface Leftovers {
  readonly left: readonly string[];
  /** Keys that KMS deletes after its waiting period. */
  readonly keys: readonly string[];
}

/** Looks by tag until nothing is left, for some minutes: the index of tags is late. */
export async function leftovers(minutes: number): Promise<Leftovers> {
  for (const end = Date.now() + minutes * 60_000; ; await sleep(PAUSE_MS)) {
    const states = await Promise.all((await tagged()).map(async (arn) => ({ arn, state: await stateOf(arn) })));
    const of = (wanted: string) => states.filter(({ state }) => state === wanted).map(({ arn }) => arn);
    if (of('there').length === 0 || Date.now() > end) return { left: of('there'), keys: of('pending') };
  }
}

/** AWS remembers some resources, and their tags, after their end. */
async function stateOf(arn: string): Promise<'there' | 'pending' | 'gone'> {
  if (arn.includes(':kms:')) {
    const { KeyMetadata } = await new KMSClient({}).send(new DescribeKeyCommand({ KeyId: arn }));
    return KeyMetadata?.KeyState === 'PendingDeletion' ? 'pending' : 'there';
  }
  if (arn.includes(':task-definition/')) {
    const command = new DescribeTaskDefinitionCommand({ taskDefinition: arn });
    const asked = new ECSClient({}).send(command);
    const status = await asked.then(
      ({ taskDefinition }) => taskDefinition?.status,
      () => 'INACTIVE',
    );
    return status === 'ACTIVE' ? 'there' : 'gone';
  }
  return /:ecs:[^:]*:[^:]*:task\//.test(arn) ? 'gone' : 'there';
}
