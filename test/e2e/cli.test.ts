import * as fs from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import { CreateSnapshotCommand, CreateVolumeCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeTasksCommand, ECSClient } from '@aws-sdk/client-ecs';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { PruneReport } from '../../catalog/contract/handlers';
import { manifestText } from '../../catalog/bucket/manifest';
import { backupId, manifestKey, objectKey } from '../../catalog/bucket/names';
import { exampleManifest } from '../catalog/bucket/example-manifest';
import { document } from '../docs/markdown';
import { Emulator, ROOT, appCommand } from '../emulator/emulator';
import { sentence } from '../emulator/iam/guard';
import { needs } from '../emulator/iam/needs';
import type { Policy } from '../emulator/iam/policy';
import { statementsOf } from '../emulator/iam/policy';
import { STACK } from './cli-app';

// The CDK CLI, on a machine that may be busy with other tests.
jest.setTimeout(180_000);

/** Six nights: ids, newest first. `daily: 3` keeps the newest three of them. */
const NIGHTS = [0, 1, 2, 3, 4, 5].map((days) => backupId(new Date(Date.now() - 3_600_000 - days * 86_400_000)));
const [KEPT, OLD] = [NIGHTS.slice(0, 3), NIGHTS.slice(3)];

let emulator: Emulator;
let s3: S3Client;
let bucket: string;
let prune: string;
let policy: Policy;

/** Somebody who has the statements of the documentation. */
const READER = 'reader';

beforeAll(async () => {
  emulator = await Emulator.start();
  await emulator.bootstrap();
  const outputs = (await emulator.deploy(await appCommand('test/e2e/cli-app.ts')))[STACK]!;
  [bucket, prune] = [outputs.BucketName!, outputs.Prune!];
  policy = await documentedPolicy();
  emulator.guard.addPerson(READER, policy);
  s3 = new S3Client({ ...emulator.client, forcePathStyle: true });
  for (const id of NIGHTS) await backUp('shop', id);
  await backUp('blog', NIGHTS[0]!);
  await backUp('old-shop', NIGHTS[0]!);
  const ec2 = new EC2Client(emulator.client);
  const { VolumeId } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 8 }));
  const Tags = [{ Key: 'proven-backups:source', Value: 'shop' }];
  await ec2.send(new CreateSnapshotCommand({ VolumeId, TagSpecifications: [{ ResourceType: 'snapshot', Tags }] }));
  await ec2.send(new CreateSnapshotCommand({ VolumeId, Description: 'of somebody else' }));
});
afterAll(async () => await emulator.stop());

/** The statements for all commands but `fetch`, which may read more than `list`, with the names of this stack. */
async function documentedPolicy(): Promise<Policy> {
  const { resources } = await emulator.guard.deployed();
  const idOf = (type: string, id = '') =>
    resources.find((one) => one.stack === STACK && one.type === `AWS::${type}` && one.id.startsWith(id))!.physicalId;
  const names: Record<string, string> = {
    ...{ 'shop-backups': bucket, 'eu-west-1': 'us-east-1', '111122223333': '000000000000' },
    ...{ 'ShopBackups-Prune': idOf('Lambda::Function', 'PruningPrune'), 'ShopBackups-Backups-': `${STACK}-` },
    ...{
      'ShopBackups-Undelete': idOf('Lambda::Function', 'PruningUndelete'),
      'ShopBackups-Cluster': idOf('ECS::Cluster'),
    },
    ...{ '1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d': idOf('KMS::Key'), '/ShopBackups/': `/${STACK}/` },
  };
  const { code } = document('docs/cli.md').blocks.find(({ heading }) => heading === 'What each command needs')!;
  const own = Object.entries(names).reduce((text, [from, to]) => text.replaceAll(from, to), code);
  return { Statement: statementsOf(JSON.parse(own) as Policy).filter(({ Sid }) => Sid !== 'FetchReadsBackups') };
}

const put = (key: string, body: string) => s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));

async function backUp(source: string, id: string): Promise<void> {
  const key = objectKey(source, id, 'shop.sql.zst');
  const objects = exampleManifest().objects.map((object) => ({ ...object, key }));
  await put(key, 'ten bytes!');
  await put(manifestKey(source, id), manifestText(exampleManifest({ source, backupId: id, objects })));
}

const CLI = [process.execPath, path.join(ROOT, 'dist/bin/cli.js')];

/** Runs the bundled program in a process of its own. */
async function cli(args: readonly string[], prefix: readonly string[] = [], aws = emulator.environmentOf(READER)) {
  const [command, ...rest] = [...prefix, ...CLI, ...args];
  const env = {
    PATH: process.env.PATH,
    HOME: emulator.directory,
    TERM: 'xterm',
    PROVEN_BACKUPS_BUCKET: bucket,
    ...aws,
  };
  const child = spawn(command!, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: code as number, out, err };
}

/** The same in a terminal, with a person who answers. */
const inTerminal = (answer: string, args: readonly string[]) =>
  cli(args, [path.join(ROOT, '.venv/bin/python'), path.join(ROOT, 'test/support/terminal.py'), 'Type yes: ', answer]);

/** Ids of the shop's backups that a listing shows, newest first. */
async function listed(): Promise<string[]> {
  const { out } = await cli(['list', '--source', 'shop', '--no-snapshots', '--json']);
  const { backups } = JSON.parse(out) as { backups: { id: string }[] };
  return backups.map(({ id }) => id);
}

test('list: the dumps of all sources, and the snapshots that are tagged', async () => {
  const { code, out, err } = await cli(['list', '--bucket', bucket]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const lines = out.split('\n').map((line) => line.split(/ {2,}/));
  expect(lines.map(([source]) => source)).toEqual([
    ...['source', 'blog', 'old-shop', ...NIGHTS.map(() => 'shop')],
    ...['', 'source', 'shop', ''],
  ]);
  expect(lines[1]).toEqual(
    ['blog', NIGHTS[0], '60 min', '10 B', 'no', '1', '3', '-', 'mariadb 10.11.19', 'STANDARD'].map((cell, index) =>
      index === 2 ? (expect.stringMatching(/^\d+ min$/) as string) : cell,
    ),
  );
  expect(lines.at(-2)).toEqual(expect.arrayContaining(['8.0 GiB', 'completed', 'standard', 'by hand']));
});

test('prune --dry-run: each decision, what nothing manages, and nothing is deleted', async () => {
  const { code, out } = await cli(['prune', '--bucket', bucket, '--dry-run']);
  expect(code).toBe(0);
  const rows = out.split('\n').map((line) => line.split(/ {2,}/));
  expect(rows.slice(1, 4).map(([source, id, , , decision]) => [source, id, decision])).toEqual(
    OLD.map((id) => ['shop', id, 'delete']),
  );
  expect(out).toMatch(new RegExp(`^shop +${NIGHTS[0]} .* keep +floor: newest 2; daily of `, 'm'));
  expect(out).toMatch(/^blog .* keep .*kept for ever/m);
  expect(out).toContain('note never pruned, because no settings name them: old-shop\n');
  expect(out).toMatch(/^3 backups would be deleted\.$/m);
  expect(await listed()).toEqual(NIGHTS);
});

test('prune asks, and without a terminal there is nobody to ask', async () => {
  const { code, err } = await cli(['prune', '--bucket', bucket]);
  expect(code).toBe(2);
  expect(err).toBe(
    'error: cannot ask for confirmation, because standard input is not a terminal: add --yes, or --dry-run to delete nothing\n',
  );
  expect(await listed()).toEqual(NIGHTS);
});

test('in a terminal it asks; a no deletes nothing', async () => {
  const { code, out } = await inTerminal('no', ['prune', '--bucket', bucket]);
  expect(code).toBe(0);
  expect(out).toMatch(/checking all sources of \S+ …/);
  expect(out).toContain(
    'Delete 3 backups of 1 source (30 B)? They can be brought back with undelete for 14 days. Type yes: no',
  );
  expect(out).toContain('Nothing was deleted.');
  expect(await listed()).toEqual(NIGHTS);
});

test('prune --yes deletes what was shown, of one source', async () => {
  const { code, out } = await cli(['prune', '--bucket', bucket, '--source', 'shop', '--yes', '--json']);
  expect(code).toBe(0);
  const { plan, result } = JSON.parse(out) as { plan: PruneReport; result: PruneReport };
  expect(plan.sources[0]!.decisions!.filter(({ keep }) => !keep).map(({ id }) => id)).toEqual(OLD);
  expect(result.sources).toEqual([expect.objectContaining({ source: 'shop', deleted: 3, kept: 3, errors: [] })]);
  expect(await listed()).toEqual(KEPT);
  const again = await cli(['prune', '--bucket', bucket, '--yes']);
  expect(again.out).toMatch(/Nothing to delete\.\n$/);
});

test('undelete lists what can be brought back, and until when', async () => {
  const { code, out } = await cli(['undelete']);
  expect(code).toBe(0);
  const [head, ...rows] = out.trimEnd().split('\n');
  expect(head).toMatch(/can be brought back until$/);
  expect(rows.map((row) => row.split(/ {2,}/).slice(0, 4))).toEqual(
    OLD.map((id) => ['shop', id, expect.stringMatching(/ [dh]$/), '10 B']),
  );
});

test('a backup that was brought back is listed again, and the next pruning keeps it', async () => {
  const args = ['undelete', '--bucket', bucket, '--source', 'shop', OLD[0]!];
  const { code, out } = await inTerminal('yes', args);
  expect(code).toBe(0);
  expect(out).toMatch(
    new RegExp(`Brought back backup ${OLD[0]} of shop \\(2 objects, .*\\)\\. It is kept until 20.*Z`),
  );
  expect(await listed()).toEqual([...KEPT, OLD[0]]);
  const dryRun = await cli(['prune', '--bucket', bucket, '--dry-run']);
  expect(dryRun.out).toMatch(
    new RegExp(`^shop +${OLD[0]} .* keep +kept by hand until 20.*brought back by undelete$`, 'm'),
  );
  expect(dryRun.out).toMatch(/Nothing to delete\.\n$/);
});

test('undelete of what is not deleted is the function’s sentence', async () => {
  const { code, err } = await cli(['undelete', '--bucket', bucket, '--source', 'shop', KEPT[0]!, '--yes']);
  expect(code).toBe(1);
  expect(err).toMatch(
    new RegExp(`^error: the function \\S+ failed: shop/${KEPT[0]} is not deleted: nothing was changed\n$`),
  );
});

test('a function by its ARN', async () => {
  const { code, out } = await cli(['prune', '--function', prune, '--source', 'blog', '--dry-run']);
  expect(code).toBe(0);
  expect(out).toMatch(/^blog .*kept for ever/m);
});

test('a damaged backup is a problem for both', async () => {
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: objectKey('shop', NIGHTS[1]!, 'shop.sql.zst') }));
  const list = await cli(['list', '--bucket', bucket, '--no-snapshots']);
  expect(list.code).toBe(3);
  expect(list.out).toContain(`damaged shop ${NIGHTS[1]}: shop/${NIGHTS[1]}/shop.sql.zst is missing\n`);
  const dryRun = await cli(['prune', '--bucket', bucket, '--dry-run']);
  expect(dryRun.code).toBe(3);
  expect(dryRun.out).toMatch(new RegExp(`^problem shop: ${NIGHTS[1]} is damaged: `, 'm'));
});

test('run starts the task of a backup that has no alarms, in the network of its schedule', async () => {
  const { code, out, err } = await cli(['run', '--source', 'wiki', '--no-wait', '--json']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const { task, cluster, links } = JSON.parse(out) as { task: string; cluster: string; links: { log: string } };
  expect(links.log).toContain(`/log-events/wiki$252Fbackup$252F${task}`);
  const { tasks } = await new ECSClient(emulator.client).send(new DescribeTasksCommand({ cluster, tasks: [task] }));
  expect(tasks).toMatchObject([{ launchType: 'FARGATE', startedBy: 'proven-backups/run' }]);
  expect(tasks![0]!.taskDefinitionArn).toMatch(/:task-definition\/CommandLine-wiki:1$/);
});

test('report says when backups are made and which are kept, as it is deployed', async () => {
  const file = path.join(emulator.directory, 'report');
  expect((await cli(['report', '--output', `${file}.html`])).out).toContain(' about 4 sources with ');
  const { sources } = JSON.parse(fs.readFileSync(`${file}.json`, 'utf8')) as {
    sources: { source: string; plan?: object }[];
  };
  expect(Object.fromEntries(sources.map(({ source, plan }) => [source, plan]))).toEqual({
    blog: { retention: expect.objectContaining({ forever: true }) as object },
    'old-shop': undefined,
    shop: { retention: expect.objectContaining({ daily: 3, keepLast: 2 }) as object },
    wiki: { schedule: { expression: 'rate(6 hours)' }, retention: 'none' },
  });
});

test('the bucket by its stack', async () => {
  const { code, out } = await cli(['list', '--stack', STACK, '--source', 'blog', '--no-snapshots', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ bucket, backups: [{ source: 'blog' }] });
});

test.each([
  [['run'], 'blog, shop, wiki'],
  [['list'], 'blog, old-shop, shop, wiki'],
  [['undelete'], 'blog, old-shop, shop, wiki'],
  [['prune', '--dry-run'], 'blog, shop, wiki'],
])('%j of a source that does not exist names those that do', async (args, known) => {
  const { code, err } = await cli([...args, '--source', 'shpo']);
  expect({ code, err }).toEqual({ code: 1, err: `error: bucket ${bucket} has no source shpo: known are ${known}\n` });
});

test('a bucket that is not there', async () => {
  const { code, err } = await cli(
    ['list', '--bucket', 'no-such-bucket-of-ours', '--no-snapshots'],
    [],
    emulator.environment,
  );
  expect(code).toBe(1);
  expect(err).toMatch(/^error: cannot list the backups in bucket no-such-bucket-of-ours: no such bucket: /);
});

test('the documentation has the statements that the commands need, and no other', async () => {
  expect(emulator.guard.denials.map(sentence)).toEqual([]);
  const documented = [{ stack: STACK, owner: 'docs/cli.md', kind: 'role' as const, document: policy }];
  const all = needs(await emulator.guard.deployed(), documented, emulator.guard.decisions);
  // Of `alarm test`, and of a run that is awaited: test/e2e/alarms.test.ts has both, with roles that the constructs grant. Of a
  // test: test/e2e/restore-tests.test.ts, and test/prove/cli.test.ts on this machine. Of a restore: test/bin/cli/restore.test.ts retrieves from an archive, and restore-risks.test.ts stops a task. Of a run on an instance: test/bin/cli/cli-run-instance.test.ts.
  // Of recovery points: test/e2e/managed-backup.test.ts.
  const elsewhere = [
    'RestoreRetrievesFromAnArchive s3:RestoreObject',
    'ListRecoveryPoints backup:ListRecoveryPointsByBackupVault',
    'AlarmTest lambda:InvokeFunction',
    'ProveStartsTheTest lambda:InvokeFunction',
    'OptionalProveLocalStoresTheVerdict s3:PutObject',
    'OptionalProveLocalEncryptsTheVerdict kms:GenerateDataKey',
    'RunTagsAndSeesTheTask ecs:DescribeTasks',
    'RestoreStopsTheTask ecs:StopTask',
    'RunOnAnInstance ssm:SendCommand',
    'RunOnAnInstanceSeesTheCommand ssm:DescribeInstanceInformation',
    'RunOnAnInstanceSeesTheCommand ssm:GetCommandInvocation',
    'OptionalLogOfARun logs:GetLogEvents',
    'OptionalLogOfARunDecrypt kms:Decrypt',
  ];
  expect(all.filter(({ isNeeded }) => !isNeeded).map(({ says }) => says.split(' if ')[0])).toEqual(
    elsewhere.map((one) => `Allow ${one}`),
  );
});
