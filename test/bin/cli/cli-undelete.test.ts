import type { DeletedBackup, UndeleteRequest } from '../../../catalog/contract/handlers';
import type { Answer, Asked } from './cli-support';
import { cli, directoryParameter, isolateEnvironment, parametersUnder, StandIn } from './cli-support';

isolateEnvironment();

const ID = '2026-11-01T02-00-00Z';
const PARAMETERS = [
  directoryParameter('shop', { functions: { undelete: 'shop-undelete' }, sources: { shop: {}, wiki: {} } }),
];
const deletedOf = (source: string): DeletedBackup => ({
  source,
  id: ID,
  deletedAt: '2026-11-20T04:30:00.000Z',
  bytes: 341_902_211,
});
const rule = (status: string, days: number) =>
  `<Rule><Status>${status}</Status><Filter/><NoncurrentVersionExpiration><NoncurrentDays>${days}</NoncurrentDays></NoncurrentVersionExpiration></Rule>`;

let lifecycle: Answer;
let deleted: readonly DeletedBackup[];
let standIn: StandIn;
const requests = () =>
  standIn.asked.flatMap(({ path, body }) =>
    path.includes('/functions/shop-undelete/') ? [JSON.parse(body) as UndeleteRequest] : [],
  );

beforeEach(async () => {
  deleted = [deletedOf('shop')];
  lifecycle = {
    body: `<LifecycleConfiguration>${rule('Enabled', 30)}${rule('Enabled', 14)}${rule('Disabled', 1)}</LifecycleConfiguration>`,
  };
  standIn = new StandIn(answer);
  await standIn.start();
});
afterEach(() => standIn.stop());

function answer(asked: Asked): Answer | undefined {
  const { path, body } = asked;
  if (asked.target) return parametersUnder(asked, PARAMETERS);
  if (path.includes('lifecycle')) return lifecycle;
  const { source, id } = JSON.parse(body) as UndeleteRequest;
  if (id === undefined) {
    const found = deleted.filter((one) => source === undefined || one.source === source);
    return { body: { deleted: found, sources: ['gone', 'shop'] } };
  }
  return { body: { restored: { source, id, objects: 3, bytes: 341_902_211, keptUntil: '2026-12-05T00:00:00.123Z' } } };
}

const ARGS = ['undelete', '--bucket', 'shop-backups', '--source', 'shop'];

describe('without an id: what can be brought back', () => {
  test('and until when: the shortest of the rules that are enabled', async () => {
    const { code, out } = await cli(ARGS);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^source +backup +age +size +deleted at +can be brought back until$/),
      expect.stringMatching(
        /^shop {4}2026-11-01T02-00-00Z {2}.* d.* 326\.1 MiB {2}2026-11-20T04:30:00Z {2}2026-12-04T04:30:00Z$/,
      ),
      '',
    ]);
    expect(requests()).toEqual([{ source: 'shop' }]);
  });

  test.each([
    ['who may not read the rules', { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' }],
    ['a bucket without rules', { status: 404, body: '<Error><Code>NoSuchLifecycleConfiguration</Code></Error>' }],
    ['a bucket that keeps old versions for ever', { body: '<LifecycleConfiguration/>' }],
  ])('and not until when, for %s', async (_, answered) => {
    lifecycle = answered;
    const { code, out } = await cli(ARGS);
    expect(code).toBe(0);
    expect(out).toMatch(/deleted at\n.* 2026-11-20T04:30:00Z\n$/);
  });

  test('nothing', async () => {
    deleted = [];
    expect(await cli(ARGS)).toMatchObject({ code: 0, out: 'No deleted backup of shop can be brought back.\n' });
  });

  test('as JSON', async () => {
    const { out } = await cli([...ARGS, '--json']);
    expect(JSON.parse(out)).toEqual({
      deleted: [{ ...deletedOf('shop'), until: '2026-12-04T04:30:00.000Z' }],
    });
  });

  test('of all sources without --source', async () => {
    deleted = [deletedOf('gone'), deletedOf('shop')];
    const { code, out } = await cli(['undelete', '--bucket', 'shop-backups']);
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(' ')[0])).toEqual(['source', 'gone', 'shop', '']);
    expect(requests()).toEqual([{}]);
    deleted = [];
    expect((await cli(['undelete', '--bucket', 'shop-backups'])).out).toBe('No deleted backup can be brought back.\n');
  });

  test.each(['wiki', 'gone'])('a source that only the directory or the bucket knows: %s', async (source) => {
    const { code, out } = await cli(['undelete', '--bucket', 'shop-backups', '--source', source]);
    expect({ code, out }).toEqual({ code: 0, out: `No deleted backup of ${source} can be brought back.\n` });
  });

  test('a source that does not exist', async () => {
    expect(await cli(['undelete', '--bucket', 'shop-backups', '--source', 'shpo'])).toEqual({
      code: 1,
      out: '',
      err: 'error: bucket shop-backups has no source shpo: known are gone, shop, wiki\n',
    });
  });
});

describe('with an id', () => {
  test('a person is asked, after a dry run', async () => {
    const { code, out, err } = await cli([...ARGS, ID, '--keep-for', '36h'], 'yes\n');
    expect(code).toBe(0);
    expect(err).toBe(
      `Bring back backup ${ID} of shop (3 objects, 326.1 MiB)? It is kept until 2026-12-05T00:00:00Z, whatever the retention says. Type yes: `,
    );
    expect(out).toBe(
      `Brought back backup ${ID} of shop (3 objects, 326.1 MiB). It is kept until 2026-12-05T00:00:00Z, whatever the retention says.\n`,
    );
    const request = { source: 'shop', id: ID, keepForSeconds: 129_600 };
    expect(requests()).toEqual([{ ...request, dryRun: true }, request]);
  });

  test('whose answer may be no', async () => {
    expect(await cli([...ARGS, ID], 'no\n')).toMatchObject({ code: 0, out: 'Nothing was brought back.\n' });
    expect(requests()).toEqual([{ source: 'shop', id: ID, dryRun: true }]);
  });

  test('--yes, as JSON', async () => {
    const { code, out } = await cli([...ARGS, ID, '--yes', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ restored: { id: ID, keptUntil: '2026-12-05T00:00:00.123Z' } });
  });

  test.each([
    [[ID], 'cannot ask for confirmation, because standard input is not a terminal: add --yes'],
    [['yesterday'], 'backup must be an id such as 2026-11-20T02-00-00Z, got: yesterday'],
    [['--keep-for', '36h'], '--keep-for needs the id of a backup to bring back, got: 36h without an id: add one'],
    [[ID, '--keep-for', 'long'], '--keep-for must be from 1h to 3660d, such as 36h or 14d, got: long'],
    [[ID, '--keep-for', '3661d'], '--keep-for must be from 1h to 3660d, such as 36h or 14d, got: 3661d'],
    [[ID, '--keep-for', '59m'], '--keep-for must be from 1h to 3660d, such as 36h or 14d, got: 59m'],
  ])('%j is refused before AWS is asked anything', async (args, sentence) => {
    const { code, err } = await cli([...ARGS, ...args]);
    expect({ code, err }).toEqual({ code: 2, err: `error: ${sentence}\n` });
    expect(standIn.asked).toEqual([]);
  });
});

test('an id without a source', async () => {
  expect(await cli(['undelete', '--bucket', 'shop-backups', ID, '--yes'])).toEqual({
    code: 2,
    out: '',
    err: `error: --source must be given with the id of a backup, got: ${ID} alone\n`,
  });
});
