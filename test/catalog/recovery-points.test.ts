import { BackupClient } from '@aws-sdk/client-backup';
import { listRecoveryPoints } from '../../catalog/recovery-points';
import { readRecoveryPoints } from '../../lambda/health/managed-reading';
import type { StoredPoint } from '../servers/backup';
import { BackupServer } from '../servers/backup';

const managed = {
  resource: 'arn:aws:elasticfilesystem:eu-west-1:111122223333:file-system/fs-1',
  vault: 'acme-vault',
  plan: 'our-plan',
};
let server: BackupServer;
beforeEach(async () => void (server = await BackupServer.start()));
afterEach(() => server.stop());

const client = (maxAttempts = 3) =>
  new BackupClient({
    region: 'eu-west-1',
    endpoint: server.endpoint,
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    maxAttempts,
  });
const point = (day: number, more: Partial<StoredPoint> = {}): StoredPoint => ({
  resource: managed.resource,
  vault: managed.vault,
  plan: managed.plan,
  arn: `arn:aws:backup:eu-west-1:111122223333:recovery-point:${day}`,
  created: new Date(Date.UTC(2026, 10, day, 4)),
  completed: new Date(Date.UTC(2026, 10, day, 4, 10)),
  ...more,
});

test('all pages, newest first, of this resource in this vault', async () => {
  const deleteAt = new Date('2026-12-19T04:00:00Z');
  server.points = [
    point(18),
    point(20),
    point(19, { deleteAt }),
    point(21, { vault: 'Default' }),
    point(22, { resource: 'x' }),
  ];
  server.pageSize = 1;
  const found = await listRecoveryPoints(client(), managed);
  expect(found.map(({ arn }) => arn.split(':').at(-1))).toEqual(['20', '19', '18']);
  expect(found[1]).toEqual({
    arn: 'arn:aws:backup:eu-west-1:111122223333:recovery-point:19',
    status: 'COMPLETED',
    created: new Date('2026-11-19T04:00:00Z'),
    completed: new Date('2026-11-19T04:10:00Z'),
    bytes: 4_294_967_296,
    type: 'EFS',
    deleteAt,
  });
  expect(server.requests).toHaveLength(3);
});

test('of a vault that others share, those of the plan, and those that were made by hand', async () => {
  server.points = [point(18), point(19, { plan: undefined }), point(20, { plan: 'another-plan' })];
  const found = await listRecoveryPoints(client(), managed);
  expect(found.map(({ arn }) => arn.split(':').at(-1))).toEqual(['19', '18']);
});

test('who is throttled asks again, as often as the client would', async () => {
  const busy = { status: 400, type: 'ThrottlingException', message: 'Rate exceeded' };
  server.points = [point(20)];
  server.faults.push(busy, { ...busy, status: 503, type: 'ServiceUnavailableException' });
  expect(await listRecoveryPoints(client(), managed)).toHaveLength(1);
  server.faults.push(busy, busy);
  await expect(listRecoveryPoints(client(2), managed)).rejects.toMatchObject({ name: 'ThrottlingException' });
});

test('a refusal is told in the words of AWS, at once', async () => {
  server.faults.push({ status: 403, type: 'AccessDeniedException', message: 'not authorized' });
  await expect(readRecoveryPoints(client(), managed)).rejects.toThrow(
    'could not list its recovery points: AccessDeniedException: not authorized',
  );
  expect(server.requests).toHaveLength(1);
});

test('only complete recovery points count, and their durations tell how long the next may take', async () => {
  server.points = [
    point(21, { status: 'PARTIAL' }),
    point(22, { status: 'CREATING', completed: undefined }),
    point(20),
    point(19, { status: 'AVAILABLE', completed: new Date(Date.UTC(2026, 10, 19, 5)) }),
  ];
  expect(await readRecoveryPoints(client(), managed)).toEqual({
    newest: {
      id: '20',
      time: '2026-11-20T04:00:00.000Z',
      bytes: 4_294_967_296,
      uncompressedBytes: 4_294_967_296,
      tables: 0,
      durationSeconds: 600,
      engine: 'AWS Backup of EFS',
      engineVersion: '',
      recoveryPoint: 'arn:aws:backup:eu-west-1:111122223333:recovery-point:20',
    },
    longestSeconds: 3600,
    size: {},
    damaged: { count: 0, named: [] },
  });
  server.points = [];
  expect(await readRecoveryPoints(client(), managed)).not.toHaveProperty('newest');
});
