import { observe } from '../../../lambda/notify/observe/observe';
import { backupJob, COPIES, copyJob } from './events/managed';
import { contextWith, eventOf, FILE_SYSTEM, messageOf, SETTINGS } from './events/message';

const read = (event: unknown, over: object = {}) =>
  observe(messageOf(event), contextWith({ settings: { ...SETTINGS, ...over } }));

const AT = '2026-11-20T02:10:22.000Z';
const ID = '315c1398-40ff-a850-213b-158f73e60175';
const known = { key: 'media', source: 'media', about: 'media', at: AT, event: ID };
const problem = { state: 'problem', ...known, since: AT, resource: FILE_SYSTEM };
const ok = { state: 'ok', ...known, ends: ['failed', 'never-started'] };

test.each([
  [
    'FAILED',
    '"Backup job failed because backup vault acme-vault does not exist."',
    'its job of AWS Backup failed: Backup job failed because backup vault acme-vault does not exist',
  ],
  ['FAILED', undefined, 'its job of AWS Backup failed'],
  ['ABORTED', '"Backup job was stopped by user."', 'its job of AWS Backup was aborted: Backup job was stopped by user'],
])('a job that %s is a failed run: %s', async (state, message, sentence) => {
  const failed = { ...problem, signal: 'failed', cause: 'managed-job', sentence };
  expect(await read(backupJob(state, message))).toEqual([failed]);
});

test('a job that expired never started', async () => {
  const message = '"Backup job failed because there was a running job for the same resource."';
  const sentence =
    'its job of AWS Backup could not start within its window: Backup job failed because there was a running job for the same resource';
  const expired = { ...problem, signal: 'never-started', cause: 'managed-expired', sentence };
  expect(await read(backupJob('EXPIRED', message))).toEqual([expired]);
});

test.each([
  ['PARTIAL', undefined, ''],
  ['COMPLETED', '"3 objects failed"', ': 3 objects failed'],
])('a job that left something out is no success: %s', async (state, message, said) => {
  const sentence = `AWS Backup could not back up all of it${said}`;
  const since = '2026-11-20T02:00:12.392Z';
  const incomplete = { ...problem, since, signal: 'failed', cause: 'managed-incomplete', sentence };
  expect(await read(backupJob(state, message))).toEqual([incomplete]);
});

test.each([undefined, '', '""'])('a completed job ends failures: message %j', async (message) => {
  expect(await read(backupJob('COMPLETED', message))).toEqual([ok]);
});

test.each([
  ['a job that goes on', backupJob('RUNNING')],
  [
    'one that begins, which does not say of what',
    eventOf('aws.backup', 'Backup Job State Change', { state: 'CREATED' }),
  ],
  ['a job of another resource', backupJob('FAILED', 'no', { resourceArn: `${FILE_SYSTEM}1` })],
  ['a job in another vault', backupJob('FAILED', 'no', { backupVaultName: 'Default' })],
  ['a job of another plan', backupJob('FAILED', 'no', { createdBy: { backupPlanId: 'another-plan' } })],
  ['a copy of another plan', copyJob('FAILED', 'no', { createdBy: { backupPlanId: 'another-plan' } })],
  ['a copy out of another vault', copyJob('FAILED', 'no', { sourceBackupVaultArn: COPIES })],
  ['a copy that begins', copyJob('RUNNING')],
])('nothing is told of %s', async (_, event) => {
  expect(await read(event)).toEqual([]);
});

test('a copy that failed is told of its vault, and the next one that works ends that', async () => {
  const copies = { key: `housekeeping/managed-copy/media/${COPIES}`, about: 'copies of media', at: AT, event: ID };
  expect(await read(copyJob('FAILED', 'Access denied exception while trying to list tags'))).toEqual([
    {
      ...{ state: 'problem', signal: 'housekeeping', cause: 'managed-copy', ...copies, since: AT, hasEnd: true },
      sentence: `the newest backup of media could not be copied to ${COPIES}: Access denied exception while trying to list tags`,
      short: 'a copy to copies failed',
      resource: COPIES,
    },
  ]);
  expect(await read(copyJob('COMPLETED'))).toEqual([{ state: 'ok', ...copies, ends: ['housekeeping'] }]);
});

test('a signal that is off for the source is not told', async () => {
  const sources = { ...SETTINGS.sources, media: { ...SETTINGS.sources.media, off: ['failed'] } };
  expect(await read(backupJob('FAILED'), { sources })).toEqual([]);
});
