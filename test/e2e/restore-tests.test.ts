import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ECSClient, ListTasksCommand } from '@aws-sdk/client-ecs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, ListObjectsV2Command, NoSuchKey, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { manifestText, type Manifest } from '../../catalog/bucket/manifest';
import { manifestKey, objectKey, VERDICT_FILE } from '../../catalog/bucket/names';
import { parseVerdict, type Verdict } from '../../catalog/bucket/verdict';
import type { ProveReport, ProveRequest } from '../../catalog/contract/restore-tests';
import { EmulatedServices } from '../aws/emulated-services';
import { Emulator, appCommand } from '../emulator/emulator';
import { sentence } from '../emulator/iam/guard';
import { needs } from '../emulator/iam/needs';
import { temporaryDirectory } from '../support/processes';
import { AlarmedScene } from './alarms-scene';
import { ADDRESS, STACK } from './restore-tests-names';

jest.setTimeout(300_000);

let emulator: Emulator;
let services: EmulatedServices;
let outputs: Record<string, string>;
let s3: S3Client;
let scene: AlarmedScene;
const data = temporaryDirectory('tested-files');

beforeAll(async () => {
  const create = (file: string, sql: string) => {
    const database = new DatabaseSync(path.join(data, file));
    database.exec(sql);
    database.close();
  };
  const books = "INSERT INTO book VALUES (1, 'Momo'), (2, 'Krabat'), (3, 'Die Wand')";
  create('books.db', `CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT); ${books}`);
  create('wishes.db', 'CREATE TABLE wish (id INTEGER PRIMARY KEY); INSERT INTO wish VALUES (1)');
  emulator = await Emulator.start();
  await emulator.bootstrap();
  outputs = (await emulator.deploy(await appCommand('test/e2e/restore-tests-app.ts')))[STACK]!;
  scene = new AlarmedScene(emulator, outputs);
  s3 = new S3Client({ ...emulator.client, forcePathStyle: true });
  // It fires both schedules of backups once, and runs what the function starts.
  services = new EmulatedServices(emulator, () => ({ dataDirectory: data }));
});
afterAll(async () => {
  await services?.stop();
  await emulator?.stop();
  fs.rmSync(data, { recursive: true, force: true });
});

/** Invokes the deployed function, as its schedule and the command line do. */
async function start(request: ProveRequest = {}): Promise<ProveReport> {
  const { Payload, FunctionError } = await new LambdaClient(emulator.client).send(
    new InvokeCommand({ FunctionName: outputs.Start, Payload: Buffer.from(JSON.stringify(request)) }),
  );
  const text = Buffer.from(Payload!).toString();
  if (FunctionError !== undefined) throw new Error(text);
  return JSON.parse(text) as ProveReport;
}

async function until<T>(what: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 300; tries++) {
    const found = await what();
    if (found !== undefined) return found;
    await sleep(300);
  }
  throw new Error('it did not happen');
}

const backupOf = (source: string) =>
  until(async () => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: outputs.Bucket, Prefix: `${source}/` }));
    return Contents.find(({ Key }) => Key!.endsWith('/manifest.json'))?.Key!.split('/')[1];
  });

const verdictOf = (source: string, id: string, notBefore = '') =>
  until(async (): Promise<Verdict | undefined> => {
    try {
      const Key = objectKey(source, id, VERDICT_FILE);
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: outputs.Bucket, Key }));
      const verdict = parseVerdict(await Body!.transformToString());
      return verdict && verdict.testedAt > notBefore ? verdict : undefined;
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  });

/** Waits for the end of all tasks: a verdict comes a little earlier, and no source is tested twice at once. */
const ended = (cluster: string) =>
  until(async () => {
    const running = new ListTasksCommand({ cluster, desiredStatus: 'RUNNING' });
    const { taskArns = [] } = await new ECSClient(emulator.client).send(running);
    return taskArns.length === 0 || undefined;
  });

test('every backup is restored and compared, with the rights that are deployed', async () => {
  const [books, wishes] = [await backupOf('books'), await backupOf('wishes')];
  const { started, unstarted } = await start();
  expect(unstarted).toEqual([]);
  expect(started.map(({ source, backupId }) => [source, backupId]).sort()).toEqual([
    ['books', books],
    ['wishes', wishes],
  ]);
  const proven = await verdictOf('books', books);
  expect(proven).toMatchObject({ verdict: 'passed', engine: 'sqlite', tables: 1, rows: 3 });
  expect(proven.checks!.filter(({ result }) => result === 'passed').map(({ check }) => check)).toEqual(
    expect.arrayContaining(['bytes', 'load', 'expectations']),
  );
  // One wish is not seven.
  expect(await verdictOf('wishes', wishes)).toMatchObject({
    verdict: 'failed',
    differences: [{ check: 'expectations', kind: 'unmet' }],
  });
  // Both were tested.
  expect(await start()).toMatchObject({ started: [], unstarted: [] });

  await ended(started[0]!.cluster);
  const again = await start({ source: 'books' });
  expect(again.started).toMatchObject([{ source: 'books', backupId: books }]);
  expect((await verdictOf('books', books, proven.testedAt)).verdict).toBe('passed');
});

/** Takes a row out of a stored backup, whose manifest goes on to match its bytes. */
async function loseRow(source: string, id: string): Promise<void> {
  const Bucket = outputs.Bucket!;
  const read = async (Key: string) =>
    Buffer.from(await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToByteArray());
  const manifest = JSON.parse((await read(manifestKey(source, id))).toString()) as Manifest;
  const [dump, ...others] = manifest.objects;
  const file = path.join(data, 'damaged.db');
  fs.writeFileSync(file, zstdDecompressSync(await read(dump!.key)));
  const database = new DatabaseSync(file);
  database.exec('DELETE FROM book WHERE id = 2');
  database.close();
  const Body = zstdCompressSync(fs.readFileSync(file));
  await s3.send(new PutObjectCommand({ Bucket, Key: dump!.key, Body, ChecksumAlgorithm: 'CRC32' }));
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(Body));
  const sums = { sha256: createHash('sha256').update(Body).digest('hex'), crc32: sum.toString('base64') };
  const objects = [{ ...dump!, ...sums, bytes: Body.length }, ...others];
  await s3.send(
    new PutObjectCommand({ Bucket, Key: manifestKey(source, id), Body: manifestText({ ...manifest, objects }) }),
  );
}

describe('a backup that lost a row', () => {
  let good: string;
  let bad: string;
  /** Makes a backup; returns its id. */
  const backUp = async (): Promise<string> => {
    const { exitCode, stdout } = await scene.run('Books', { dataDirectory: data });
    expect(exitCode).toBe(0);
    return (JSON.parse(/^.*"event":"complete".*$/m.exec(stdout)![0]) as { backupId: string }).backupId;
  };
  const cli = (command: string, ...more: readonly string[]) =>
    scene.cli(command, '--bucket', outputs.Bucket!, '--source', 'books', ...more);
  /** What `list` says of a backup. */
  const listed = async (id: string): Promise<string | undefined> =>
    (await cli('list', '--no-snapshots')).out.split('\n').find((line) => line.includes(id));
  const anHourLater = async (): Promise<void> => {
    await emulator.moveClock(3600);
    expect(await emulator.fireSchedules()).toContain(outputs.Measuring);
  };

  test('is told by email once, with what differs and what to restore in its place', async () => {
    expect(await emulator.confirmEmails(ADDRESS)).toBe(1);
    good = await backupOf('books');
    await emulator.fireSchedules();
    bad = await backUp();
    await loseRow('books', bad);
    await start();
    expect(await verdictOf('books', bad)).toMatchObject({ verdict: 'failed' });
    await anHourLater();
    const { notification, emails } = await scene.told(({ signal }) => signal === 'not-proven');
    expect(notification).toMatchObject({
      subject: expect.stringContaining(`NOT PROVEN books: the restore test of ${bad} failed`) as string,
      problems: [{ source: 'books', cause: 'restore-test-failed' }],
    });
    expect(emails).toHaveLength(1);
    const text = emails[0]!.text.replace(/\s+/g, ' ');
    expect(text).toContain('WHAT DIFFERS - book: 2 rows instead of 3 NEWEST PROVEN');
    expect(text).toContain(`PROVEN BACKUP ${good}`);
    expect(await scene.rest()).toEqual([]);
  });

  test('is listed as failed, and pruning keeps the proven one for it', async () => {
    expect(await listed(bad)).toMatch(/FAILED/);
    await emulator.moveClock(3 * 3600);
    expect((await cli('prune', '--yes')).code).toBe(0);
    expect(await listed(good)).toMatch(/ yes, \d/);
  });

  test('is over with a backup that is proven, by hand', async () => {
    const better = await backUp();
    const { code, out } = await cli('prove');
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringContaining(`PROVEN: backup ${better} of books`) as string,
    });
    await anHourLater();
    const { notification } = await scene.told(({ kind }) => kind === 'recovered');
    expect(notification).toMatchObject({ recoveries: [{ source: 'books', signals: ['not-proven'] }] });
    // What held it back is another one now.
    expect((await cli('prune', '--yes')).code).toBe(0);
    expect(await listed(good)).toBeUndefined();
  });
});

/** Permissions that nothing here needs, each with the reason why it stays. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /StartRole.* kms:Decrypt if kms:ViaService, kms:EncryptionContext/,
    'for logs that have another key than the bucket',
  ],
  [/StartRole.* ecs:DescribeTasks/, 'of a test that still runs: here each has ended before the next is started'],
  [/SchedulerRole.* sqs:(GetQueueAttributes|GetQueueUrl)$/, 'part of the grant of CDK'],
  [/RoleOf.* sts:AssumeRole/, 'ECS takes the role that a start gives to its task, which no request shows'],
];

test('nothing was refused, and every permission of the roles of restore tests is needed', async () => {
  const { guard } = emulator;
  expect(guard.denials.map(sentence)).toEqual([]);
  const deployed = await guard.deployed();
  const idle = needs(deployed, deployed.of(STACK), guard.decisions)
    .filter(({ owner, says, isNeeded }) => /RestoreTesting/.test(owner) && says.startsWith('Allow ') && !isNeeded)
    .map(({ owner, says }) => `${owner} ${says}`);
  expect(idle.filter((text) => !REASONS.some(([pattern]) => pattern.test(text)))).toEqual([]);
});
