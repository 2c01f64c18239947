import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DescribeSnapshotsCommand,
  EC2Client,
  ModifySnapshotAttributeCommand,
} from '@aws-sdk/client-ec2';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import type { PruneReport, PruneRequest } from '../../catalog/contract/handlers';
import { Emulator, ROOT, appCommand } from '../emulator/emulator';
import { arnOf } from '../emulator/iam/deployed';
import { needs } from '../emulator/iam/needs';
import { run } from '../support/processes';
import { STACK, TAG } from './snapshot-pruning-app';

jest.setTimeout(180_000);

let emulator: Emulator;
let ec2: EC2Client;
let outputs: Record<string, string>;
let volume: string;
const ids: Record<string, string> = {};

beforeAll(async () => {
  emulator = await Emulator.start();
  await emulator.bootstrap();
  outputs = (await emulator.deploy(await appCommand('test/e2e/snapshot-pruning-app.ts')))[STACK]!;
  ec2 = new EC2Client(emulator.client);
  volume = (await ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 8 }))).VolumeId!;
  for (const name of ['first', 'second', 'third', 'fourth', 'shared']) await create(name);
  await create('strange', 'somebody');
  await ec2.send(
    new ModifySnapshotAttributeCommand({
      SnapshotId: ids.shared!,
      Attribute: 'createVolumePermission',
      OperationType: 'add',
      UserIds: ['111111111111'],
    }),
  );
  // The time of a snapshot has whole seconds here.
  await sleep(1100);
  for (const name of ['newer', 'newest']) await create(name);
});
afterAll(async () => await emulator.stop());

async function create(name: string, value = TAG.Value): Promise<void> {
  const tags = [{ ResourceType: 'snapshot' as const, Tags: [{ ...TAG, Value: value }] }];
  const made = await ec2.send(new CreateSnapshotCommand({ VolumeId: volume, TagSpecifications: tags }));
  ids[name] = made.SnapshotId!;
}

async function left(): Promise<string[]> {
  const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }));
  const names = Object.fromEntries(Object.entries(ids).map(([name, id]) => [id, name]));
  return Snapshots.flatMap(({ SnapshotId }) => names[SnapshotId!] ?? []).sort();
}

/** Invokes the deployed function, as Scheduler and the command line do. */
async function invoke(request: PruneRequest | string) {
  const Payload = typeof request === 'string' ? request : JSON.stringify(request);
  const { FunctionError, ...answer } = await new LambdaClient(emulator.client).send(
    new InvokeCommand({ FunctionName: outputs.Function, Payload: Buffer.from(Payload) }),
  );
  const payload = JSON.parse(Buffer.from(answer.Payload!).toString()) as PruneReport & { errorMessage?: string };
  return { failed: FunctionError !== undefined, ...payload };
}

const ALL = ['first', 'fourth', 'newer', 'newest', 'second', 'shared', 'strange', 'third'];

test('a run by schedule that would delete too much deletes nothing, and reports it', async () => {
  const { Target } = await new SchedulerClient(emulator.client).send(
    new GetScheduleCommand({ Name: outputs.Schedule }),
  );
  expect(Target!.Arn).toContain(outputs.Function);
  const report = await invoke(Target!.Input!);
  expect(report).toMatchObject({ failed: false, problems: 1 });
  expect(report.sources[0]!.refusal!.sentence).toContain('4 of 7 backups would be deleted');
  expect(await left()).toEqual(ALL);
});

test('a dry run explains each decision', async () => {
  const report = await invoke({ dryRun: true, explain: true, confirmed: [ids.first!, ids.second!] });
  expect(report).toMatchObject({ failed: false, of: 'made-by=script', dryRun: true, problems: 0 });
  expect(report.sources).toMatchObject([{ source: volume, deleted: 2, kept: 5, held: 1 }]);
  const reasons = Object.fromEntries(report.sources[0]!.decisions!.map(({ id, reasons }) => [id, reasons]));
  expect(reasons[ids.first!]).toEqual(['no rule keeps it']);
  expect(reasons[ids.shared!]).toEqual(['shared with 111111111111']);
  expect(reasons[ids.newest!]).toContain('floor: newest 2');
  expect(reasons[ids.strange!]).toBeUndefined();
  expect(await left()).toEqual(ALL);
});

test('what a person has confirmed is deleted, and nothing else', async () => {
  const report = await invoke({ confirmed: [ids.first!, ids.second!, ids.newest!, ids.strange!] });
  expect(report.sources).toMatchObject([{ deleted: 2, kept: 5, errors: [] }]);
  expect(await left()).toEqual(['fourth', 'newer', 'newest', 'shared', 'strange', 'third']);
});

test('then the schedule goes on by itself', async () => {
  expect(await invoke('{}')).toMatchObject({ failed: false, problems: 0, sources: [{ deleted: 2, kept: 3 }] });
  expect(await left()).toEqual(['newer', 'newest', 'shared', 'strange']);
  expect(await invoke('{}')).toMatchObject({ failed: false, problems: 0, sources: [{ deleted: 0, kept: 3 }] });
});

test('the command line shows what would be deleted, and deletes it', async () => {
  await sleep(1100);
  for (const name of ['later', 'latest']) await create(name);
  const Resource = arnOf('lambda', `function:${outputs.Function!}`);
  const policy = { Statement: { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource } };
  emulator.guard.addPerson('operator', policy);
  const cli = (...args: string[]) => {
    const command = ['prune', '--function', outputs.Function!, '--source', volume, ...args];
    const env = { PATH: process.env.PATH, HOME: emulator.directory, ...emulator.environmentOf('operator') };
    return run(process.execPath, [path.join(ROOT, 'dist/bin/cli.js'), ...command], { env });
  };
  const dry = await cli('--dry-run');
  for (const name of ['newer', 'newest']) {
    expect(dry).toMatch(new RegExp(`^${volume} +${ids[name]} .* delete +no rule keeps it$`, 'm'));
  }
  expect(dry).toMatch(new RegExp(`${ids.shared} .* keep +shared with 111111111111$`, 'm'));
  expect(dry).toMatch(/^2 backups would be deleted\.$/m);
  expect(await left()).toEqual(['later', 'latest', 'newer', 'newest', 'shared', 'strange']);
  await cli('--yes');
  expect(await left()).toEqual(['later', 'latest', 'shared', 'strange']);
});

test('the function deletes only what has the tag, and its roles have nothing that it does not need', async () => {
  const fn = new EC2Client(emulator.clientOf(outputs.Function!));
  const strange = fn.send(new DeleteSnapshotCommand({ SnapshotId: ids.strange! }));
  await expect(strange).rejects.toMatchObject({ name: 'UnauthorizedOperation' });
  const { guard } = emulator;
  expect(guard.denials.splice(0).map(({ access }) => access.action)).toEqual(['ec2:DeleteSnapshot']);
  const deployed = await guard.deployed();
  const idle = needs(deployed, deployed.of(STACK), guard.decisions).filter(({ isNeeded }) => !isNeeded);
  // Asked of archived snapshots only, and the emulator has none.
  expect(idle.map(({ says }) => says)).toEqual(['Allow ec2:DescribeSnapshotTierStatus']);
});
