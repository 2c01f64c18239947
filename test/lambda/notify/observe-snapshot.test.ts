import { observe } from '../../../lambda/notify/observe/observe';
import { contextWith, messageOf } from './events/message';
import { policyEvent, scriptEvent, SNAPSHOT, snapshotEvent, snapshotSetEvent } from './events/others';

const read = (event: unknown) => observe(messageOf(event), contextWith());
const ID = '315c1398-40ff-a850-213b-158f73e60175';
const AT = '2026-11-20T02:10:22.000Z';
const problem = { state: 'problem', signal: 'housekeeping', at: AT, since: AT, event: ID };
const ok = { state: 'ok', ends: ['housekeeping'], at: AT, event: ID };

test.each(['Role provided does not have sufficient permissions', 'Maximum allowed active snapshot limit exceeded'])(
  'a snapshot policy in error says why: %s',
  async (cause) => {
    expect(await read(policyEvent(cause))).toEqual([
      {
        ...problem,
        cause: 'snapshot-policy',
        key: 'housekeeping/snapshot-policy/policy-0123456789abcdef',
        about: 'snapshot policy policy-0123456789abcdef',
        sentence: `the snapshot policy policy-0123456789abcdef is in error and makes no snapshots: ${cause}`,
        resource: 'arn:aws:dlm:eu-west-1:123456789012:policy/policy-0123456789abcdef',
      },
    ]);
  },
);

test('a snapshot policy that works again ends the trouble; one that is turned off does not', async () => {
  expect(await read(policyEvent('', 'ENABLED'))).toMatchObject([
    { ...ok, key: 'housekeeping/snapshot-policy/policy-0123456789abcdef' },
  ]);
  expect(await read(policyEvent('', 'DISABLED'))).toEqual([]);
});

test('a snapshot that could not be made is told of its volume, although the ARN is malformed', async () => {
  expect(await read(snapshotEvent({ cause: 'Resource limit exceeded' }))).toEqual([
    {
      ...problem,
      cause: 'snapshot',
      key: 'housekeeping/snapshot/vol-01234567',
      resource: SNAPSHOT,
      about: 'snapshots of volume vol-01234567',
      sentence: 'a snapshot of vol-01234567 could not be made: Resource limit exceeded',
    },
  ]);
  const source = 'arn:aws:ec2:eu-west-1:123456789012:volume/vol-01234567';
  expect(await read(snapshotEvent({ source }))).toMatchObject([{ key: 'housekeeping/snapshot/vol-01234567' }]);
});

test('a later snapshot of the same volume ends the trouble', async () => {
  expect(await read(snapshotEvent({ result: 'succeeded' }))).toEqual([
    { ...ok, key: 'housekeeping/snapshot/vol-01234567', about: 'snapshots of volume vol-01234567' },
  ]);
});

test('a copy is told of the snapshot that it is of', async () => {
  const copy = {
    event: 'copySnapshot',
    cause: 'Source snapshot ID is not valid',
    source: 'arn:aws:ec2::eu-west-1:snapshot/snap-76543210',
  };
  const known = { key: 'housekeeping/snapshot/snap-76543210', about: 'copies of snapshot snap-76543210' };
  const sentence = 'a snapshot of snap-76543210 could not be copied: Source snapshot ID is not valid';
  expect(await read(snapshotEvent(copy))).toEqual([
    { ...problem, cause: 'snapshot', ...known, sentence, resource: SNAPSHOT },
  ]);
  expect(await read(snapshotEvent({ ...copy, result: 'succeeded' }))).toEqual([{ ...ok, ...known }]);
});

test.each([
  ['a snapshot that somebody shared', snapshotEvent({ event: 'shareSnapshot', result: 'succeeded', source: '1234' })],
  ['a snapshot that is not finished', snapshotEvent({ result: 'pending' })],
  ['a script that has begun', scriptEvent({ result: 'initiated' })],
])('nothing is told: %s', async (_, event) => {
  expect(await read(event)).toEqual([]);
});

test('of a set that failed, each volume without a snapshot is told, and none is good news', async () => {
  const cause = 'Snapshot snap-00 is in status error';
  expect(await read(snapshotSetEvent('failed', ['error', 'completed', 'deleted'], cause))).toEqual(
    [0, 2].map((index) => ({
      ...problem,
      cause: 'snapshot',
      key: `housekeeping/snapshot/vol-0${index}`,
      about: `snapshots of volume vol-0${index}`,
      resource: `arn:aws:ec2::eu-west-1:snapshot/snap-0${index}`,
      sentence: `a snapshot of vol-0${index} could not be made, with those of its instance: ${cause}`,
    })),
  );
  // Which of them it was is not said.
  expect(await read(snapshotSetEvent('failed', ['completed', 'completed']))).toMatchObject([problem, problem]);
});

test('a set that succeeded is good news of each volume', async () => {
  expect(await read(snapshotSetEvent('succeeded', ['completed', 'completed']))).toEqual(
    [0, 1].map((index) => ({
      ...ok,
      key: `housekeeping/snapshot/vol-0${index}`,
      about: `snapshots of volume vol-0${index}`,
    })),
  );
});

const INSTANCE = 'snapshots of instance i-01234567890abcdef';
const ofScript = (what: string) => `housekeeping/snapshot/i-01234567890abcdef/${what}`;

test.each([
  ['before', { script_stage: 'PRE' }, 'pre script'],
  ['after', { script_stage: 'POST' }, 'post script'],
  ['of Windows', { script_stage: '', execution_handler: 'AWS_VSS_BACKUP' }, 'AWS_VSS_BACKUP'],
])('a script that fails is told of its instance, and ended by the same one: %s', async (_, detail, what) => {
  const known = { key: ofScript(what), about: INSTANCE };
  const sentence = `the ${what} around the snapshot of instance i-01234567890abcdef failed: exit code 1`;
  expect(await read(scriptEvent({ ...detail, result: 'failed', cause: 'exit code 1' }))).toMatchObject([
    { ...problem, cause: 'snapshot', ...known, sentence },
  ]);
  expect(await read(scriptEvent(detail))).toEqual([{ ...ok, ...known }]);
});
