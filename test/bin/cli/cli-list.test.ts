import { manifestText } from '../../../catalog/bucket/manifest';
import { manifestKey, objectKey } from '../../../catalog/bucket/names';
import { exampleManifest } from '../../catalog/bucket/example-manifest';
import type { Answer, Asked } from './cli-support';
import { cli, directoryParameter, isolateEnvironment, parametersUnder, StandIn } from './cli-support';

isolateEnvironment();

/** What lies in the bucket: text and storage class, by key. */
let objects: Map<string, { text: string; storageClass?: string }>;
let snapshots: Answer;
/** What AWS Backup answers. */
let recoveryPoints: Answer | undefined;
let recoveryPointsOf: (path: string) => Answer | undefined;
let directory: { readonly Name: string }[];
/** What Systems Manager answers in place of it. */
let parameters: Answer | undefined;
let standIn: StandIn;
let [atOnce, mostAtOnce] = [0, 0];

function put(source: string, id: string, { text = '0123456789', storageClass = 'STANDARD' } = {}): void {
  const key = objectKey(source, id, 'shop.sql.zst');
  const manifest = exampleManifest({ source, backupId: id, objects: [{ ...exampleManifest().objects[0]!, key }] });
  objects.set(key, { text, storageClass });
  objects.set(manifestKey(source, id), { text: manifestText(manifest) });
}

beforeEach(async () => {
  objects = new Map();
  directory = [];
  [recoveryPoints, parameters] = [undefined, undefined];
  recoveryPointsOf = () => recoveryPoints;
  snapshots = { body: snapshotsXml(snapshotXml('snap-0a', { 'proven-backups:source': 'shop' })) };
  [atOnce, mostAtOnce] = [0, 0];
  standIn = new StandIn(answer);
  await standIn.start();
});
afterEach(() => standIn.stop());

const snapshotXml = (id: string, tags: Record<string, string>, more = '') =>
  `<item><snapshotId>${id}</snapshotId><volumeId>vol-0a</volumeId><status>completed</status><startTime>2026-11-20T02:00:00Z</startTime><volumeSize>8</volumeSize>${more}<tagSet>${Object.entries(
    tags,
  )
    .map(([key, value]) => `<item><key>${key}</key><value>${value}</value></item>`)
    .join('')}</tagSet></item>`;
const snapshotsXml = (items: string, token = '') =>
  `<DescribeSnapshotsResponse><snapshotSet>${items}</snapshotSet>${token && `<nextToken>${token}</nextToken>`}</DescribeSnapshotsResponse>`;

function answer(asked: Asked): Answer | undefined {
  const { method, path, body } = asked;
  if (path.startsWith('/backup-vaults/')) return recoveryPointsOf(path);
  if (asked.target) return parameters ?? parametersUnder(asked, directory);
  if (method === 'POST') return body.includes('Action=DescribeSnapshots') ? snapshots : undefined;
  const url = new URL(path, 'http://stand-in');
  if (url.pathname.replace(/\/$/, '') === '/shop-backups') {
    const [prefix, delimiter] = [url.searchParams.get('prefix') ?? '', url.searchParams.get('delimiter')];
    const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    const folders = delimiter ? [...new Set(keys.map((key) => key.split('/')[0]!))] : [];
    const contents = delimiter ? [] : keys;
    return {
      body: `<ListBucketResult>${folders.map((one) => `<CommonPrefixes><Prefix>${one}/</Prefix></CommonPrefixes>`).join('')}${contents
        .map((key) => {
          const { text, storageClass = 'STANDARD' } = objects.get(key)!;
          return `<Contents><Key>${key}</Key><Size>${text.length}</Size><LastModified>2026-11-20T02:03:00Z</LastModified><StorageClass>${storageClass}</StorageClass></Contents>`;
        })
        .join('')}</ListBucketResult>`,
    };
  }
  mostAtOnce = Math.max(mostAtOnce, ++atOnce);
  setImmediate(() => atOnce--);
  const found = objects.get(decodeURIComponent(url.pathname.slice('/shop-backups/'.length)));
  return found ? { body: found.text } : { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' };
}

const BUCKET = ['list', '--bucket', 'shop-backups'];
interface Listing {
  readonly problems: readonly string[];
  readonly backups: readonly Record<string, unknown>[];
  readonly snapshots?: readonly Record<string, unknown>[];
  readonly snapshotsFault?: string;
  readonly recoveryPoints?: readonly Record<string, unknown>[];
  readonly recoveryPointsFault?: string;
  readonly objectives?: object;
  readonly objectivesFault?: string;
}
async function listing(...args: string[]): Promise<Listing & { code: number }> {
  const { code, out } = await cli([...BUCKET, ...args, '--json']);
  return { code, ...(JSON.parse(out) as Listing) };
}

test('backups of all sources, newest first, and the snapshots below', async () => {
  put('shop', '2026-11-20T02-00-00Z');
  put('shop', '2026-11-19T02-00-00Z', { storageClass: 'DEEP_ARCHIVE' });
  put('blog', '2026-11-20T02-00-00Z', { storageClass: 'STANDARD_IA' });
  objects.set('shop/2026-11-20T02-00-00Z/restore-test.json', {
    text: '{"formatVersion":1,"verdict":"passed","testedAt":"2026-11-20T03:00:00Z"}',
  });
  objects.set('shop/2026-11-21T02-00-00Z/shop.sql.zst', { text: 'a run that is under way' });
  objects.set('holiday photos/beach.jpg', { text: 'a stranger' });
  const { code, out } = await cli(BUCKET);
  const lines = out.split('\n').map((line) => line.replace(/ {2,}/g, ' | ').replace(/\| \d+ d( \d+ h)? \|/, '| AGE |'));
  expect({ code, lines }).toEqual({
    code: 0,
    lines: [
      'source | backup | age | size | proven | tables | rows | notes | engine | storage',
      'blog | 2026-11-20T02-00-00Z | AGE | 10 B | no | 1 | 3 | - | mariadb 10.11.19 | STANDARD_IA',
      'shop | 2026-11-20T02-00-00Z | AGE | 10 B | yes | 1 | 3 | - | mariadb 10.11.19 | STANDARD',
      'shop | 2026-11-19T02-00-00Z | AGE | 10 B | no | 1 | 3 | - | mariadb 10.11.19 | DEEP_ARCHIVE (a restore waits 12 hours)',
      '',
      'source | snapshot | volume | time | age | size | state | tier | made by',
      'shop | snap-0a | vol-0a | 2026-11-20T02:00:00Z | AGE | 8.0 GiB | completed | standard | by hand',
      '',
    ],
  });
});

describe('restore tests', () => {
  const tests = (id: string, verdict: object, storageClass?: string): void => {
    put('shop', id, { storageClass });
    const text = JSON.stringify({ formatVersion: 1, testedAt: '2026-11-20T03:00:00Z', ...verdict });
    objects.set(`shop/${id}/restore-test.json`, { text });
  };
  const objective = (change: object): void => {
    const settings = { sources: { shop: { allowedAgeSeconds: 90_000, ...change } } };
    directory = [
      { Name: '/proven-backups/shop-backups/alarms/shop', Value: JSON.stringify(settings) } as { Name: string },
    ];
  };
  const shown = async (): Promise<{ code: number; problems: string[]; proven: string[] }> => {
    const { code, out } = await cli([...BUCKET, '--no-snapshots']);
    const problems = out.split('\n').filter((line) => line.startsWith('problem '));
    const proven = out.split('\n').flatMap((line) => /10 B {2}(\S+(?: \S+)*) {2}/.exec(line)?.[1] ?? []);
    return { code, problems, proven };
  };

  test('have passed, failed or not run, and one that failed needs attention', async () => {
    tests('2026-11-20T02-00-00Z', { verdict: 'failed', differenceCount: 3 });
    tests('2026-11-19T02-00-00Z', { verdict: 'passed', loadSeconds: 192.4, testedAt: '2026-11-19T03:00:00Z' });
    tests('2026-11-18T02-00-00Z', { verdict: 'not-run', reason: { kind: 'image-lacks' } });
    expect(await shown()).toEqual({
      code: 3,
      problems: [
        'problem shop: the restore test of backup 2026-11-20T02-00-00Z failed; the newest that is proven is 2026-11-19T02-00-00Z',
      ],
      proven: ['FAILED', 'yes, 3 min 12 s', 'not run'],
    });
  });

  test('the last one decides, whatever backup it was of', async () => {
    tests('2026-11-20T02-00-00Z', { verdict: 'passed' });
    tests('2026-11-01T02-00-00Z', { verdict: 'failed', testedAt: '2026-11-20T04:00:00Z' });
    const sentence =
      'problem shop: the restore test of backup 2026-11-01T02-00-00Z failed; the newest that is proven is 2026-11-20T02-00-00Z';
    expect(await shown()).toMatchObject({ code: 3, problems: [sentence] });
    tests('2026-11-20T02-00-00Z', { verdict: 'passed', testedAt: '2026-11-20T05:00:00Z' });
    expect(await shown()).toMatchObject({ code: 0, problems: [] });
  });

  test('one that failed needs attention until that backup passes, or a newer one', async () => {
    const [old, newest] = ['2026-11-01T02-00-00Z', '2026-11-20T02-00-00Z'];
    tests(newest, { verdict: 'failed', testedAt: '2026-11-20T04:00:00Z' });
    tests(old, { verdict: 'passed', testedAt: '2026-11-20T05:00:00Z' });
    const sentence = `problem shop: the restore test of backup ${newest} failed; the newest that is proven is ${old}`;
    expect(await shown()).toMatchObject({ code: 3, problems: [sentence] });
    tests('2026-11-21T02-00-00Z', { verdict: 'passed', testedAt: '2026-11-20T04:30:00Z' });
    expect(await shown()).toMatchObject({ code: 0, problems: [] });
  });

  test('one that found damaged bytes needs attention until those of a newer backup are checked', async () => {
    const differences = [{ check: 'bytes', object: 'x', kind: 'damaged' }];
    tests('2026-11-19T02-00-00Z', { verdict: 'failed', differences });
    expect(await shown()).toMatchObject({ code: 3 });
    const checked = { verdict: 'not-run', reason: { kind: 'identity-missing' }, testedAt: '2026-11-20T05:00:00Z' };
    tests('2026-11-20T02-00-00Z', checked);
    expect(await shown()).toMatchObject({ code: 0, problems: [] });
  });

  test('that have never passed are overdue in the end', async () => {
    put('shop', '2020-01-01T02-00-00Z');
    put('shop', '2026-11-20T02-00-00Z');
    expect(await shown()).toMatchObject({ code: 0, problems: [] });
    objective({});
    expect(await shown()).toMatchObject({
      code: 3,
      problems: [
        expect.stringMatching(
          /^problem shop: a restore test is overdue: no backup is proven, and the oldest is \d+ days old, the limit is 17 days$/,
        ),
      ],
    });
    objective({ tests: 'off' });
    expect(await shown()).toMatchObject({ code: 0, problems: [] });
  });

  test('of an encrypted backup without an identity have found its bytes only, and that is no problem', async () => {
    tests('2026-11-20T02-00-00Z', { verdict: 'not-run', reason: { kind: 'identity-missing' } });
    expect(await shown()).toMatchObject({ code: 0, problems: [], proven: ['encrypted, not provable'] });
  });

  test('are measured against the objectives', async () => {
    tests('2020-01-01T02-00-00Z', { verdict: 'passed', loadSeconds: 192.4 });
    objective({ recoveryTimeSeconds: 60, recoveryPointSeconds: 3600 });
    const { code, problems } = await shown();
    expect(code).toBe(3);
    expect(problems).toEqual([
      expect.stringMatching(
        /^problem shop: a restore test is overdue: the newest proven backup is \d+ days old, the limit is 17 days$/,
      ),
      'problem shop: a restore takes 3 min 12 s, the objective is 1 minute',
      expect.stringMatching(/^problem shop: the newest backup is \d+ days old, the objective is 1 hour$/),
    ]);
  });

  test('a restore takes what its tier takes, too', async () => {
    tests('2026-11-20T02-00-00Z', { verdict: 'passed', loadSeconds: 192.4 }, 'DEEP_ARCHIVE');
    objective({ tests: 'off', recoveryTimeSeconds: 7200 });
    const takes =
      'a restore takes 12 h 3 min (12 hours to retrieve it, 3 min 12 s to load it), the objective is 2 hours';
    expect((await shown()).problems).toEqual([`problem shop: ${takes}`]);
  });

  test('that are turned off are not overdue, and what is within its objectives is no problem', async () => {
    tests('2020-01-01T02-00-00Z', { verdict: 'passed', loadSeconds: 192.4 });
    objective({ tests: 'off', recoveryTimeSeconds: 193 });
    expect(await shown()).toMatchObject({ code: 0, problems: [] });
  });
});

describe('limits that cannot be read', () => {
  const setting = (name: string, Value: string): { Name: string } =>
    ({ Name: `/proven-backups/shop-backups/alarms/${name}`, Value }) as { Name: string };

  test('need attention: nobody knows which backups are too old', async () => {
    put('shop', '2026-11-20T02-00-00Z');
    parameters = {
      status: 400,
      headers: { 'x-amzn-errortype': 'AccessDeniedException' },
      body: { __type: 'AccessDeniedException', Message: 'You are not authorized' },
    };
    const sentence =
      'limits could not be read: ages were not judged: not allowed to read the limits of the alarms: You are not authorized: this needs ssm:GetParametersByPath, see docs/cli.md';
    const { code, out, err } = await cli([...BUCKET, '--no-snapshots']);
    expect({ code, err }).toEqual({ code: 3, err: `problem ${sentence}\n` });
    expect(out).toContain('2026-11-20T02-00-00Z');
    expect(await listing()).toMatchObject({ code: 3, objectivesFault: sentence });
  });

  test('of one stack hide none of another', async () => {
    put('shop', '2020-01-01T02-00-00Z');
    const sources = { shop: { tests: 'off', recoveryPointSeconds: 3600 } };
    directory = [
      setting('blog', '{'),
      setting('new', '{"formatVersion":2}'),
      setting('shop', JSON.stringify({ sources })),
    ];
    const { code, problems, objectives, objectivesFault } = await listing();
    expect({ code, problems }).toEqual({
      code: 3,
      problems: [expect.stringMatching(/^shop: the newest backup is \d+ days old, the objective is 1 hour$/)],
    });
    expect(Object.keys(objectives!)).toEqual(['shop']);
    expect(objectivesFault).toMatch(
      /^limits could not be read: ages were not judged: the settings \S+\/blog are not JSON: .*; the settings \S+\/new have format 2, but /,
    );
  });
});

test('one source, without snapshots', async () => {
  put('shop', '2026-11-20T02-00-00Z');
  put('shop-archive', '2026-11-20T02-00-00Z');
  const { backups, snapshots: none } = await listing('--source', 'shop', '--no-snapshots');
  expect(backups.map(({ source }) => source)).toEqual(['shop']);
  expect(none).toBeUndefined();
});

test('what is damaged is said, with 3 in the end', async () => {
  const ids = ['2026-11-17T02-00-00Z', '2026-11-18T02-00-00Z', '2026-11-19T02-00-00Z', '2026-11-20T02-00-00Z'];
  for (const id of ids) put('shop', id);
  objects.delete(objectKey('shop', ids[0]!, 'shop.sql.zst'));
  objects.get(manifestKey('shop', ids[1]!))!.text = '{';
  objects.get(objectKey('shop', ids[2]!, 'shop.sql.zst'))!.text = 'short';
  const { code, backups } = await listing('--no-snapshots');
  expect(code).toBe(3);
  expect(backups.map(({ damage }) => damage)).toEqual([
    undefined,
    `shop/${ids[2]}/shop.sql.zst has 5 bytes, and its manifest says 10`,
    expect.stringContaining(`manifest shop/${ids[1]}/manifest.json is not JSON`),
    `shop/${ids[0]}/shop.sql.zst is missing`,
  ]);
  const { out } = await cli([...BUCKET, '--no-snapshots']);
  expect(out).toContain(`damaged shop ${ids[0]}: shop/${ids[0]}/shop.sql.zst is missing\n`);
});

test('manifests are fetched many at once, and listed in order', async () => {
  const ids = Array.from({ length: 60 }, (_, minute) => `2026-11-20T02-${String(minute).padStart(2, '0')}-00Z`);
  for (const id of ids) put('shop', id);
  const { backups } = await listing('--no-snapshots');
  expect(backups.map(({ id }) => id)).toEqual(ids.reverse());
  expect(mostAtOnce).toBeGreaterThan(1);
  expect(mostAtOnce).toBeLessThanOrEqual(16);
});

test('no backups', async () => {
  expect(await cli([...BUCKET, '--no-snapshots'])).toMatchObject({ code: 0, out: 'No backups in shop-backups.\n' });
});

describe('a source without backups', () => {
  const LIST = [...BUCKET, '--source', 'shop'];
  beforeEach(() => {
    snapshots = { body: snapshotsXml('') };
    put('blog', '2026-11-20T02-00-00Z');
  });

  test.each([
    ['that the directory lists', () => (directory = [directoryParameter('x', { sources: { shop: {} } })])],
    ['whose first run is under way', () => objects.set('shop/lock.json', { text: '{}' })],
  ])('%s', async (_, prepare) => {
    prepare();
    expect(await cli(LIST)).toEqual({ code: 0, out: 'No backups of shop in shop-backups.\n', err: '' });
  });

  test('of which there are snapshots', async () => {
    snapshots = { body: snapshotsXml(snapshotXml('snap-0a', { 'proven-backups:source': 'shop' })) };
    expect(await cli(LIST)).toMatchObject({ code: 0, out: expect.stringContaining('snap-0a') as string });
  });

  test.each([
    ['with a directory', [directoryParameter('x', { sources: { wiki: {} } })], 'blog, wiki'],
    ['without a directory', [], 'blog'],
  ])('that does not exist, %s', async (_, found, known) => {
    directory = found;
    expect(await cli(LIST)).toEqual({
      code: 1,
      out: '',
      err: `error: bucket shop-backups has no source shop: known are ${known}\n`,
    });
  });
});

describe('snapshots', () => {
  test('who may not see them sees the backups', async () => {
    put('shop', '2026-11-20T02-00-00Z');
    snapshots = {
      status: 403,
      body: '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized</Message></Error></Errors></Response>',
    };
    const sentence =
      'not allowed to list snapshots: You are not authorized: this needs ec2:DescribeSnapshots, see docs/cli.md';
    const { code, out, err } = await cli(BUCKET);
    expect({ code, err }).toEqual({ code: 3, err: `problem ${sentence}\n` });
    expect(out).toContain('2026-11-20T02-00-00Z');
    expect(await listing()).toMatchObject({ code: 3, snapshotsFault: sentence });
    expect(await cli(['list', '--only-snapshots'])).toEqual({ code: 1, out: '', err: `error: ${sentence}\n` });
  });

  test('only them, without a bucket; the account is asked for its own, page after page', async () => {
    snapshots = { body: snapshotsXml('') };
    expect(await cli(['list', '--only-snapshots'])).toMatchObject({ code: 0, out: 'No snapshots.\n' });
    const query = new URLSearchParams(standIn.asked[0]!.body);
    expect(Object.fromEntries(query)).toMatchObject({
      'Owner.1': 'self',
      'Filter.1.Name': 'tag-key',
      'Filter.1.Value.1': 'proven-backups:source',
      MaxResults: '1000',
    });
  });

  test('of one source, and with tags of the user', async () => {
    await cli([
      ...'list --only-snapshots --source shop --snapshot-tag team=shop'.split(' '),
      '--snapshot-tag',
      'a=b=c',
    ]);
    const filters = standIn.asked.map(({ body }) => new URLSearchParams(body));
    expect(filters.map((query) => `${query.get('Filter.1.Name')} ${query.get('Filter.1.Value.1')}`)).toEqual([
      'tag:proven-backups:source shop',
      'tag:team shop',
      'tag:a b=c',
    ]);
  });

  test('what EC2 takes for a wildcard is none', async () => {
    const [some, other] = [snapshotXml('snap-0a', { team: '*' }), snapshotXml('snap-0b', { team: 'shop' })];
    snapshots = { body: snapshotsXml(some + other) };
    const { out } = await cli(['list', '--only-snapshots', '--snapshot-tag', 'team=*', '--json']);
    expect((JSON.parse(out) as Listing).snapshots!.map(({ id }) => id)).toEqual(['snap-0a']);
  });

  test.each([
    [{ 'aws:dlm:lifecycle-policy-id': 'policy-0a' }, 'DLM policy-0a'],
    [{ 'aws:backup:source-resource': 'x' }, 'AWS Backup'],
    [{ Name: 'before the update' }, 'by hand'],
  ])('%j were made by %s', async (made, madeBy) => {
    const tags = { ...made, team: 'shop' } as Record<string, string>;
    const more = '<storageTier>archive</storageTier><fullSnapshotSizeInBytes>1234</fullSnapshotSizeInBytes>';
    snapshots = { body: snapshotsXml(snapshotXml('snap-0a', tags, more)) };
    const { out } = await cli(['list', '--only-snapshots', '--snapshot-tag', 'team=shop', '--json']);
    expect((JSON.parse(out) as Listing).snapshots).toEqual([
      {
        id: 'snap-0a',
        volume: 'vol-0a',
        time: '2026-11-20T02:00:00.000Z',
        bytes: 1234,
        state: 'completed',
        tier: 'archive',
        madeBy,
      },
    ]);
  });
});

test.each([
  [['list'], 'no bucket given: use --bucket or --stack, set PROVEN_BACKUPS_BUCKET, or list --only-snapshots'],
  [['list', '--only-snapshots', '--no-snapshots'], '--only-snapshots and --no-snapshots leave nothing to list'],
  [[...BUCKET, '--only-snapshots'], "option '--only-snapshots' cannot be used with option '--bucket <name>'"],
  [[...BUCKET, '--snapshot-tag', 'team'], '--snapshot-tag must be a key and a value, key=value, got: team'],
  [
    [...BUCKET, '--source', 'Shop'],
    'source name must be 1 to 40 lower-case letters, digits and hyphens, starting and ending with a letter or a digit, got: "Shop"',
  ],
])('%j is refused', async (args, sentence) => {
  expect(await cli(args)).toEqual({ code: 2, out: '', err: `error: ${sentence}\n` });
});

describe('recovery points of AWS Backup', () => {
  const ARN = 'arn:aws:backup:eu-west-1:111122223333:recovery-point:1EB3B5E7-9EB0';
  const point = {
    ...{ RecoveryPointArn: ARN, ResourceType: 'EFS', Status: 'COMPLETED' },
    ...{ CreationDate: Date.UTC(2026, 10, 20, 4) / 1000, BackupSizeInBytes: 4_294_967_296 },
    CalculatedLifecycle: { DeleteAt: Date.UTC(2026, 11, 20, 4) / 1000 },
  };
  const managed = {
    resource: 'arn:aws:elasticfilesystem:eu-west-1:111122223333:file-system/fs-1',
    vault: 'acme-vault',
    plan: 'acme-plan',
  };

  beforeEach(() => {
    const settings = { sources: { media: { allowedAgeSeconds: 90_000, tests: 'off', managed }, shop: {} } };
    const Value = JSON.stringify(settings);
    directory = [{ Name: '/proven-backups/shop-backups/alarms/shop', Value } as { Name: string }];
    recoveryPoints = { body: { RecoveryPoints: [point] } };
    snapshots = { body: snapshotsXml('') };
  });

  test('are below the backups', async () => {
    put('shop', '2026-11-20T02-00-00Z');
    const { code, out } = await cli(BUCKET);
    const lines = out
      .split('\n')
      .map((line) => line.replace(/ {2,}/g, ' | ').replace(/\| \d+ d( \d+ h)? \|/, '| AGE |'));
    expect({ code, lines: lines.slice(2) }).toEqual({
      code: 0,
      lines: [
        '',
        'source | recovery point | of | time | age | size | state | vault | kept until',
        'media | 1EB3B5E7-9EB0 | EFS | 2026-11-20T04:00:00Z | AGE | 4.0 GiB | completed | acme-vault | 2026-12-20',
        '',
      ],
    });
  });

  test('of one source, without another table, and as JSON', async () => {
    const { code, out, err } = await cli([...BUCKET, '--source', 'media', '--no-snapshots']);
    expect({ code, err, first: out.split(' ')[0] }).toEqual({ code: 0, err: '', first: 'source' });
    expect(await listing('--source', 'media')).toMatchObject({
      recoveryPoints: [{ source: 'media', arn: ARN, bytes: 4_294_967_296, keptUntil: '2026-12-20T04:00:00.000Z' }],
    });
    const [{ path }] = standIn.asked.filter((asked) => asked.path.startsWith('/backup-vaults/')) as [Asked];
    expect(decodeURIComponent(path)).toBe(`/backup-vaults/acme-vault/recovery-points?resourceArn=${managed.resource}`);
  });

  test('are not asked for when another source is listed', async () => {
    put('shop', '2026-11-20T02-00-00Z');
    expect((await listing('--source', 'shop')).recoveryPoints).toBeUndefined();
    expect(standIn.asked.some(({ path }) => path.startsWith('/backup-vaults/'))).toBe(false);
  });

  test('that are gone with their vault hide none of another', async () => {
    const gone = { ...managed, vault: 'gone-vault' };
    const sources = { archive: { managed: gone }, media: { managed } };
    directory = [
      { Name: '/proven-backups/shop-backups/alarms/shop', Value: JSON.stringify({ sources }) } as { Name: string },
    ];
    const found = recoveryPoints!;
    recoveryPointsOf = (path) =>
      path.includes('gone-vault')
        ? { status: 404, headers: { 'x-amzn-errortype': 'ResourceNotFoundException' }, body: { Message: 'no vault' } }
        : found;
    const { code, recoveryPoints: points, recoveryPointsFault } = await listing();
    expect({ code, sources: points!.map(({ source }) => source) }).toEqual({ code: 3, sources: ['media'] });
    expect(recoveryPointsFault).toMatch(/^cannot list recovery points of archive: it does not exist: /);
  });

  test('who may not see them sees the backups', async () => {
    put('shop', '2026-11-20T02-00-00Z');
    recoveryPoints = {
      status: 403,
      headers: { 'x-amzn-errortype': 'AccessDeniedException' },
      body: { Message: 'You are not authorized' },
    };
    const sentence =
      'not allowed to list recovery points of media: You are not authorized: this needs backup:ListRecoveryPointsByBackupVault, see docs/cli.md';
    const { code, out, err } = await cli(BUCKET);
    expect({ code, err }).toEqual({ code: 3, err: `problem ${sentence}\n` });
    expect(out).toContain('2026-11-20T02-00-00Z');
    expect(await listing()).toMatchObject({ code: 3, recoveryPointsFault: sentence });
  });
});
