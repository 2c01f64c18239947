import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { KEEP_FILE, MANIFEST_FILE, VERDICT_FILE } from '../../catalog/bucket/names';
import { ROOT } from '../emulator/emulator';
import { ADMINISTRATOR, AS_ADMINISTRATOR } from '../emulator/iam/deployed';
import { sentence } from '../emulator/iam/guard';
import { needs } from '../emulator/iam/needs';
import { temporaryDirectory } from '../support/processes';
import type { AlarmedScene } from './alarms-scene';

/** What somebody tries. */
interface Attempt {
  readonly s3: S3Client;
  readonly Bucket: string;
  /** Keys of a backup of `shop`. */
  readonly data: string;
  readonly manifest: string;
  /** Invokes the function that undeletes. */
  readonly undelete: () => Promise<unknown>;
}

const read = (key: 'data' | 'manifest', VersionId?: string) => (a: Attempt) =>
  a.s3.send(new GetObjectCommand({ Bucket: a.Bucket, Key: a[key], VersionId }));
const put =
  (Key: string, more: Partial<PutObjectCommand['input']> = {}) =>
  ({ s3, Bucket }: Attempt) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...more }));
const remove =
  (Key: string, more: Partial<DeleteObjectCommand['input']> = {}) =>
  ({ s3, Bucket }: Attempt) =>
    s3.send(new DeleteObjectCommand({ Bucket, Key, ...more }));
const list =
  (Prefix?: string) =>
  ({ s3, Bucket }: Attempt) =>
    s3.send(new ListObjectsV2Command({ Bucket, Prefix }));

const BACKUP = 'shop/2026-01-01T00-00-00Z';
const [MANIFEST, DATA] = [`${BACKUP}/${MANIFEST_FILE}`, `${BACKUP}/shop.sql.zst`];
const CREATES = { IfNoneMatch: '*' };
const VERSION = { VersionId: '1' };
const BYPASS = { ...VERSION, BypassGovernanceRetention: true };
const READER: Tries = {
  put: put(`${BACKUP}/keep.json`, CREATES),
  delete: remove(DATA),
  'delete a version': remove(DATA, VERSION),
  'bypass governance mode': remove(DATA, BYPASS),
  'read data': read('data'),
  'read data in an old version': read('data', '1'),
};
const JUDGE: Tries = {
  'say that a backup is proven': put(`${BACKUP}/${VERDICT_FILE}`, CREATES),
  'say that a backup is kept': put(`${BACKUP}/${KEEP_FILE}`, CREATES),
};

type Tries = Readonly<Record<string, (attempt: Attempt) => Promise<unknown>>>;

/** What docs/roles.md says that a role may not, although an administrator's policy was added to it. */
const DENIED: Readonly<Record<string, Tries>> = {
  BackupsShopTaskRole: {
    'read data of its own': read('data'),
    'read a manifest of its own': read('manifest'),
    'read an old version': read('data', '1'),
    delete: remove(DATA),
    'delete a version': remove(DATA, VERSION),
    overwrite: put(DATA),
    ...JUDGE,
  },
  BackupsNotesTaskRole: { read: read('data'), delete: remove(DATA), overwrite: put(DATA), ...JUDGE },
  BackupsPruningPruneRole: {
    put: put(`${BACKUP}/keep.json`, CREATES),
    'delete a version': remove(DATA, VERSION),
    'bypass governance mode': remove(DATA, BYPASS),
    'read data': read('data'),
    'read data in an old version': read('data', '1'),
  },
  BackupsPruningUndeleteRole: {
    delete: remove(DATA),
    'bypass governance mode': remove(DATA, BYPASS),
    'read data': read('data'),
    'read data in an old version': read('data', '1'),
  },
  BackupsAlarmsMeasureRole: READER,
  BackupsAlarmsNotifyRole: READER,
  Operator: READER,
};

/** What nothing allows. */
const NOT_ALLOWED: Readonly<Record<string, Tries>> = {
  BackupsShopTaskRole: {
    'see another source': list('notes/'),
    'see all sources': list(),
    'put under another source': put(`notes/2026-01-01T00-00-00Z/${MANIFEST_FILE}`, CREATES),
  },
  BackupsShopExecutionRole: { list: list(), put: put(DATA, CREATES) },
  BackupsSchedulerRole: { list: list(), undelete: ({ undelete }) => undelete() },
  BackupsPruningSchedulerRole: { list: list(), undelete: ({ undelete }) => undelete() },
  BackupsAlarmsSchedulerRole: { list: list(), undelete: ({ undelete }) => undelete() },
  BackupsPruningPruneRole: { "delete a stranger's object": remove('photos/2026/cat.jpg') },
  BackupsPruningUndeleteRole: {
    'put a manifest': put(MANIFEST, CREATES),
    "delete a version of a stranger's object": remove('photos/2026/cat.jpg', VERSION),
  },
  BackupsAlarmsMeasureRole: { undelete: ({ undelete }) => undelete() },
  BackupsAlarmsNotifyRole: { undelete: ({ undelete }) => undelete() },
};

/** What the bucket refuses to an administrator. */
const REFUSED: Tries = {
  delete: remove(DATA),
  'delete a version': remove(DATA, VERSION),
  'overwrite a manifest': put(MANIFEST),
  'another key': put('x', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'arn:aws:kms:us-east-1:000000000000:key/1' }),
  'a key of the customer': put('x', { SSECustomerAlgorithm: 'AES256', SSECustomerKey: 'k'.repeat(32) }),
};

/** Statements that nothing here needs, each with the reason why it stays. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /SchedulerRole.* sqs:(GetQueueAttributes|GetQueueUrl)$/,
    'part of the grant of CDK, which also grants the key of a queue',
  ],
  [/NotifyRole.* sqs:(ChangeMessageVisibility|GetQueueUrl)$/, 'part of the grant of CDK for event sources'],
  [/AllowEventBridge kms:/, "for rules of the user's own that publish to the topic"],
  [/ if (aws:SecureTransport|s3:TlsVersion)$/, 'every request here counts as one over TLS 1.3'],
  [/role Allow kms:.* if kms:ViaService/, 'for logs that have another key than the bucket'],
  [/^BackupsBucketKey.* Allow kms:DescribeKey /, 'part of the statement that AWS documents for the key of a log'],
  [/^Operator.* trust /, 'people take this role'],
  [/^Operator.* logs:GetLogEvents$/, 'the log of a run that fails: every task that is stopped here ends with 0'],
];

/** Tests of the roles of a stack, after everything else was done with it. */
export function rolesOf(here: () => AlarmedScene, stack: string): void {
  const guard = () => here().emulator.guard;
  const clientOf = (name: string) => ({ ...here().emulator.clientOf(name), forcePathStyle: true });
  const admin = () => new S3Client({ ...here().emulator.client, forcePathStyle: true });
  const ofBucket = () => ({ Bucket: here().outputs.Bucket });
  const nameOf = async (id: string): Promise<string> => {
    const roles = (await guard().deployed()).resources.filter(({ type }) => type === 'AWS::IAM::Role');
    return roles.find((role) => role.id.startsWith(id))!.physicalId;
  };

  beforeAll(() => here().setSchedule('Shop', 'ENABLED'));

  test('the task aborts what a killed run left behind, and stores a backup of several parts', async () => {
    const files = temporaryDirectory('parts');
    const database = new DatabaseSync(path.join(files, 'notes.db'));
    database.exec('CREATE TABLE notes (bytes); INSERT INTO notes VALUES (randomblob(20000000))');
    database.close();
    for (const Key of [DATA, 'notes/2026-01-01T00-00-00Z/notes.db.zst'])
      await admin().send(new CreateMultipartUploadCommand({ ...ofBucket(), Key }));
    await here().emulator.moveClock(3600);
    expect((await here().run('Shop')).exitCode).toBe(0);
    expect((await here().run('Notes', { dataDirectory: files })).exitCode).toBe(0);
    fs.rmSync(files, { recursive: true });
    const { Uploads = [] } = await admin().send(new ListMultipartUploadsCommand(ofBucket()));
    expect(Uploads).toEqual([]);
  });

  test('a run that Scheduler could not start is told', async () => {
    const { Group, Shop, DeadLetters } = here().outputs;
    const values = {
      SCHEDULE_ARN: `arn:aws:scheduler:us-east-1:000000000000:schedule/${Group}/${Shop}`,
      SCHEDULED_TIME: (await here().emulator.now()).toISOString(),
      ERROR_CODE: 'AccessDeniedException',
      ERROR_MESSAGE: 'not authorized to perform: ecs:RunTask',
    };
    const attributes = Object.entries(values).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]);
    await new SQSClient(clientOf(await nameOf('BackupsSchedulerRole'))).send(
      new SendMessageCommand({
        QueueUrl: DeadLetters,
        MessageBody: '{}',
        MessageAttributes: Object.fromEntries(attributes) as Record<string, { DataType: string; StringValue: string }>,
      }),
    );
    const { notification } = await here().told(({ signal }) => signal === 'never-started');
    expect(notification).toMatchObject({ problems: [{ source: 'shop' }] });
  });

  test('people prune, in a bucket with Object Lock, and bring back', async () => {
    await admin().send(
      new PutObjectLockConfigurationCommand({
        ...ofBucket(),
        ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' },
      }),
    );
    const of = ['--bucket', here().outputs.Bucket!, '--source', 'notes', '--json'];
    const pruned = await here().cli('prune', ...of, '--yes');
    expect({ code: pruned.code, err: pruned.err }).toEqual({ code: 0, err: expect.any(String) as string });
    const { deleted } = JSON.parse((await here().cli('undelete', ...of)).out) as { deleted: { id: string }[] };
    expect(deleted.length).toBeGreaterThan(0);
    // Until when, only somebody learns who may read the bucket's rules: no grant has it.
    const refused = guard().denials.splice(0);
    expect(refused.map(({ access }) => access.action)).toEqual(['s3:GetLifecycleConfiguration']);
    const { restored } = JSON.parse((await here().cli('undelete', ...of, '--yes', deleted[0]!.id)).out) as {
      restored: object;
    };
    expect(restored).toMatchObject({ id: deleted[0]!.id });
  });

  /** Tries something by an access key, and takes away that it was refused. */
  async function isRefused(key: string, tries: (attempt: Attempt) => Promise<unknown>): Promise<void> {
    expect(guard().denials).toEqual([]);
    const { Contents = [] } = await admin().send(new ListObjectsV2Command({ ...ofBucket(), Prefix: 'shop/' }));
    const keys = Contents.map(({ Key }) => Key!);
    const invoke = new InvokeCommand({ FunctionName: here().outputs.Undelete, Payload: Buffer.from('{}') });
    const attempt: Attempt = {
      s3: new S3Client(clientOf(key)),
      Bucket: here().outputs.Bucket!,
      data: keys.find((one) => one.endsWith('.zst'))!,
      manifest: keys.find((one) => one.endsWith(MANIFEST_FILE))!,
      undelete: () => new LambdaClient(clientOf(key)).send(invoke),
    };
    await expect(tries(attempt)).rejects.toMatchObject({ name: expect.stringMatching(/^AccessDenied/) as string });
    expect(guard().denials.splice(0).length).toBeGreaterThan(0);
  }
  const rows = (tries: Readonly<Record<string, Tries>>) =>
    Object.entries(tries).flatMap(([role, own]) =>
      Object.entries(own).map(([what, one]) => [role, what, one] as const),
    );

  test.each(rows(DENIED))('%s may not, whatever else it is allowed: %s', async (role, _, tries) => {
    await isRefused((await nameOf(role)) + AS_ADMINISTRATOR, tries);
  });
  test.each(rows(NOT_ALLOWED))('%s may not: %s', async (role, _, tries) => isRefused(await nameOf(role), tries));
  test.each(rows({ administrator: REFUSED }))('an %s may not: %s', async (administrator, _, tries) => {
    guard().addPerson(administrator, ADMINISTRATOR);
    await isRefused(administrator, tries);
  });

  test('nothing was refused but this, and taking any action of any statement away would change a decision', async () => {
    expect(guard().denials.map(sentence)).toEqual([]);
    const deployed = await guard().deployed();
    const all = needs(deployed, deployed.of(stack), guard().decisions);
    const line = ({ owner, kind, says }: (typeof all)[0]) => `${owner} ${kind} ${says}`;
    const reasonOf = (text: string) => REASONS.find(([pattern]) => pattern.test(text))?.[1];
    const table = all.map((one) => `${one.isNeeded ? 'needed' : (reasonOf(line(one)) ?? 'NOT NEEDED')}: ${line(one)}`);
    fs.writeFileSync(path.join(ROOT, 'dist/statements.txt'), table.join('\n'));
    const idle = all.filter(({ isNeeded }) => !isNeeded).map(line);
    expect(idle.filter((text) => reasonOf(text) === undefined)).toEqual([]);
    expect(REASONS.filter(([pattern]) => !idle.some((text) => pattern.test(text)))).toEqual([]);
  });
}
