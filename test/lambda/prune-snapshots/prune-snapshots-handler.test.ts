import type { PruneReport } from '../../../catalog/contract/handlers';
import type { handler as Handler } from '../../../lambda/prune-snapshots/handler';
import type { Ec2Snapshot } from '../../servers/ec2';
import { Ec2Server } from '../../servers/ec2';

const SETTINGS = {
  tag: { key: 'made-by', value: 'script' },
  retention: { keepLast: 1, timeZone: 'UTC', weekStart: 'monday' },
  maxDeleteShare: 0.5,
};
const CONTEXT = { getRemainingTimeInMillis: () => 900_000 };

let server: Ec2Server;
let handler: typeof Handler;
let lines: Record<string, unknown>[];

const environment = process.env;
beforeAll(async () => {
  server = await Ec2Server.start();
  process.env = {
    ...environment,
    AWS_ENDPOINT_URL_EC2: server.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  // Its client is made when it is loaded.
  ({ handler } = jest.requireActual('../../../lambda/prune-snapshots/handler'));
});
beforeEach(() => {
  server.reset();
  process.env.SNAPSHOT_SETTINGS = JSON.stringify(SETTINGS);
  lines = [];
  jest.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(JSON.parse(String(line)));
    return true;
  });
});
afterEach(() => jest.restoreAllMocks());
afterAll(async () => {
  process.env = environment;
  await server.stop();
});

const snapshots = (...days: number[]) =>
  days.map((day): Ec2Snapshot => {
    const time = new Date(Date.now() - day * 86_400_000);
    return { id: `snap-${day}`, volume: 'vol-1', time, tags: { 'made-by': 'script' } };
  });

test('a run by schedule writes a line for each volume, and metrics by the tag', async () => {
  server.add(...snapshots(1, 2));
  const report = await handler({}, CONTEXT);
  expect(report).toMatchObject({ of: 'made-by=script', problems: 0, sources: [{ source: 'vol-1', deleted: 1 }] });
  expect(lines).toMatchObject([
    { level: 'info', event: 'pruned', message: 'vol-1: 1 kept, 1 deleted', of: 'made-by=script', problems: 0 },
    { SnapshotTag: 'made-by=script', PruneKept: 1, PruneDeleted: 1, PruneBytesFreed: 0, PruneProblems: 0 },
  ]);
});

test('a run by schedule with a problem reports it in log and metrics', async () => {
  server.add(...snapshots(1, 2, 3, 4));
  expect(await handler({}, CONTEXT)).toMatchObject({ problems: 1, sources: [{ refusal: { why: 'too-many' } }] });
  expect(lines).toMatchObject([
    { level: 'error', source: 'vol-1' },
    { PruneDeleted: 0, PruneProblems: 1 },
  ]);
  expect(server.of('DeleteSnapshot')).toEqual([]);
});

test('EC2 that does not answer is a problem in log and metrics', async () => {
  server.rule = () => ({ status: 403, code: 'UnauthorizedOperation' });
  expect(await handler({}, CONTEXT)).toMatchObject({
    problems: 1,
    sources: [{ errors: ['nothing was deleted: UnauthorizedOperation: injected'] }],
  });
  expect(lines).toMatchObject([{ level: 'error' }, { PruneProblems: 1 }]);
});

test('on demand: the command line shows what is wrong', async () => {
  server.add(...snapshots(1));
  const report: PruneReport = await handler({ source: 'vol-2', dryRun: true }, CONTEXT);
  expect(report).toMatchObject({
    problems: 1,
    sources: [
      { source: 'vol-2', errors: ['nothing was deleted: no snapshot of vol-2 carries the tag made-by=script'] },
    ],
  });
});

test('a misspelt request deletes nothing', async () => {
  server.add(...snapshots(1, 2));
  await expect(handler({ dryrun: true }, CONTEXT)).rejects.toThrow('the request is not understood');
  expect(server.requests).toEqual([]);
});

test('a run that cannot look at all of them before its time is over deletes nothing', async () => {
  server.add(...snapshots(1, 2));
  const report = await handler({ confirmed: ['snap-2'] }, { getRemainingTimeInMillis: () => 60_000 });
  expect(report.sources).toMatchObject([
    {
      deleted: 0,
      errors: ['nothing was deleted: the time of the run is over: prune the volumes one by one, with --source'],
    },
  ]);
});

test.each([
  ['none', undefined, 'the environment variable SNAPSHOT_SETTINGS is not set: deploy the stack again'],
  ['no JSON', '{', 'cannot be read: Invalid input: expected object'],
  ['without a tag', JSON.stringify({ ...SETTINGS, tag: undefined }), 'cannot be read: tag: Invalid input'],
  ['with an empty key', JSON.stringify({ ...SETTINGS, tag: { key: '', value: '' } }), 'cannot be read: tag: key:'],
  [
    'without a floor',
    JSON.stringify({ ...SETTINGS, retention: { ...SETTINGS.retention, keepLast: 0 } }),
    'cannot be read: retention: keepLast must be a whole number from 1',
  ],
  [
    'with a rule of a later version',
    JSON.stringify({ ...SETTINGS, retention: { ...SETTINGS.retention, keepTagged: 'x' } }),
    'cannot be read: retention: Unrecognized key: "keepTagged"',
  ],
])('settings: %s', async (_, text, sentence) => {
  server.add(...snapshots(1, 2));
  if (text === undefined) delete process.env.SNAPSHOT_SETTINGS;
  else process.env.SNAPSHOT_SETTINGS = text;
  await expect(handler({}, CONTEXT)).rejects.toThrow(sentence);
  expect(server.requests).toEqual([]);
});
