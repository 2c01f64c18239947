import { EC2Client } from '@aws-sdk/client-ec2';
import type { PruneRequest, SnapshotSettings, SourceReport } from '../../../catalog/contract/handlers';
import { CLIENT_SETTINGS } from '../../../lambda/shared/clients';
import { Ec2Snapshots } from '../../../lambda/prune-snapshots/ec2-snapshots';
import { pruneSnapshots } from '../../../lambda/prune-snapshots/prune-snapshots';
import type { Ec2Snapshot } from '../../servers/ec2';
import { Ec2Server } from '../../servers/ec2';

const TAG = { key: 'made-by', value: 'script' };
const NOW = new Date('2026-11-21T06:00:00Z');
const DAY = 86_400_000;
const SETTINGS: SnapshotSettings = {
  tag: TAG,
  retention: { keepLast: 2, timeZone: 'UTC', weekStart: 'monday' },
  maxDeleteShare: 1,
};

let server: Ec2Server;
beforeAll(async () => {
  server = await Ec2Server.start();
});
beforeEach(() => server.reset());
afterAll(() => server.stop());

/** A snapshot made some days ago. */
const snapshot = (name: string, days: number, more: Partial<Ec2Snapshot> = {}): Ec2Snapshot => ({
  id: `snap-${name}`,
  volume: 'vol-1',
  time: new Date(NOW.getTime() - days * DAY),
  ...more,
  tags: { [TAG.key]: TAG.value, ...more.tags },
});

const ofTag = (name: string, days: number, value: string) => snapshot(name, days, { tags: { [TAG.key]: value } });

/** Three that fill the floor of two and leave one to go. */
const three = () => [snapshot('new', 1), snapshot('middle', 2), snapshot('old', 3)];

function prune(request: PruneRequest = {}, settings: Partial<SnapshotSettings> = {}, hasTime = () => true) {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new EC2Client({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials,
    ...CLIENT_SETTINGS,
  });
  return pruneSnapshots(new Ec2Snapshots(client), { ...SETTINGS, ...settings }, request, { now: NOW, hasTime });
}

/** Reasons by the name of the snapshot. */
const reasons = (report: SourceReport) =>
  Object.fromEntries(report.decisions!.map(({ id, reasons }) => [id.slice('snap-'.length), reasons.join('; ')]));

test('the rules are those of every retention; each volume is planned by itself', async () => {
  server.add(...three(), snapshot('other', 300, { volume: 'vol-2' }), snapshot('other2', 400, { volume: 'vol-2' }));
  const report = await prune({ explain: true });
  expect(report).toMatchObject({ of: 'made-by=script', dryRun: false, unmanaged: [], problems: 0 });
  expect(report.sources).toMatchObject([
    { source: 'vol-1', kept: 2, deleted: 1, bytesFreed: 0, held: 0, errors: [] },
    // Its volume may be long gone: the floor stays.
    { source: 'vol-2', kept: 2, deleted: 0 },
  ]);
  expect(reasons(report.sources[0]!)).toEqual({
    new: 'floor: newest 2',
    middle: 'floor: newest 2',
    old: 'no rule keeps it',
  });
  expect([...server.snapshots.keys()]).toEqual(['snap-new', 'snap-middle', 'snap-other', 'snap-other2']);
});

test('a dry run says the same and deletes nothing', async () => {
  server.add(...three());
  const dry = await prune({ dryRun: true, explain: true });
  expect(server.of('DeleteSnapshot')).toEqual([]);
  expect(dry).toEqual({ ...(await prune({ explain: true })), dryRun: true });
  expect(server.snapshots.size).toBe(2);
});

describe('what is asked of EC2', () => {
  test('only for snapshots of this account: a public one with the same tag stays', async () => {
    server.add(...three(), snapshot('public', 900, { owner: '999999999999', sharedWith: ['all'] }));
    await prune();
    expect(server.of('DescribeSnapshots')[0]!.parameters.get('Owner.1')).toBe('self');
    expect(server.snapshots.has('snap-public')).toBe(true);
    expect(server.of('DeleteSnapshot')).toHaveLength(1);
  });

  test.each([
    ['another value', { 'made-by': 'somebody' }],
    ['a value that only begins alike', { 'made-by': 'scripting' }],
    ['another case', { 'made-by': 'Script' }],
  ])('only with the tag: one with %s stays', async (_, tags) => {
    server.add(...three(), snapshot('other', 900, { tags }));
    await prune();
    expect(server.snapshots.has('snap-other')).toBe(true);
    expect(server.of('DeleteSnapshot')).toHaveLength(1);
  });

  test('a value with wildcards means itself', async () => {
    server.add(ofTag('1', 1, 's*'), ofTag('2', 2, 's*'), ofTag('3', 3, 's*'), ofTag('other', 4, 'strangers'));
    const report = await prune({}, { tag: { key: TAG.key, value: 's*' } });
    expect(report.sources).toMatchObject([{ kept: 2, deleted: 1 }]);
    expect([...server.snapshots.keys()]).toEqual(['snap-1', 'snap-2', 'snap-other']);
  });

  test('an empty value is one too', async () => {
    server.add(ofTag('1', 1, ''), ofTag('2', 2, ''), ofTag('3', 3, ''), ofTag('other', 4, 'script'));
    expect((await prune({}, { tag: { key: TAG.key, value: '' } })).sources).toMatchObject([{ kept: 2, deleted: 1 }]);
    expect([...server.snapshots.keys()]).toEqual(['snap-1', 'snap-2', 'snap-other']);
  });

  test('only for one volume, if the request names one', async () => {
    server.add(...three(), ...three().map((other) => ({ ...other, id: `${other.id}-b`, volume: 'vol-2' })));
    const report = await prune({ source: 'vol-2' });
    expect(report.sources).toMatchObject([{ source: 'vol-2', deleted: 1 }]);
    expect(server.of('DescribeSnapshots')[0]!.parameters.get('Filter.2.Value.1')).toBe('vol-2');
    expect(server.snapshots.size).toBe(5);
    expect(server.snapshots.has('snap-old')).toBe(true);
  });

  test('1,500 snapshots in pages, five deletions at once', async () => {
    server.add(...Array.from({ length: 1500 }, (_, day) => snapshot(`${day}`, day + 1)));
    const report = await prune();
    expect(report.sources).toMatchObject([{ kept: 2, deleted: 1498, errors: [] }]);
    expect([...server.snapshots.keys()]).toEqual(['snap-0', 'snap-1']);
    expect(server.of('DescribeSnapshots')).toHaveLength(2);
    expect(server.of('DescribeSnapshots')[0]!.parameters.get('MaxResults')).toBe('1000');
    expect(server.mostAtOnce).toBeGreaterThan(1);
    expect(server.mostAtOnce).toBeLessThanOrEqual(5);
  });

  test.each([
    'DescribeSnapshots',
    'DescribeImages',
    'DescribeLockedSnapshots',
    'DescribeSnapshotTierStatus',
    'DescribeSnapshotAttribute',
  ])('%s fails: nothing is deleted, of no volume', async (action) => {
    const archivedAt = new Date(NOW.getTime() - 100 * DAY);
    server.add(...three(), ...three().map((other) => ({ ...other, id: `${other.id}-b`, volume: 'vol-2', archivedAt })));
    server.rule = ({ action: asked, parameters }) =>
      asked === action && (action !== 'DescribeSnapshotAttribute' || parameters.get('SnapshotId') === 'snap-old-b')
        ? { status: 403, code: 'UnauthorizedOperation' }
        : undefined;
    const report = await prune();
    const errors = ['nothing was deleted: UnauthorizedOperation: injected'];
    expect(report).toMatchObject({ problems: 1, sources: [{ source: 'all volumes', deleted: 0, errors }] });
    expect(server.of(action).length).toBeGreaterThan(0);
    expect(server.of('DeleteSnapshot')).toEqual([]);
  });
});

describe('never deleted', () => {
  const LATER = new Date('2027-05-01T00:00:00Z');
  const OLD = 900;

  test.each<[string, Partial<Ec2Snapshot>, string]>([
    [
      'of DLM',
      { tags: { 'aws:dlm:lifecycle-policy-id': 'policy-1' } },
      'owned by Data Lifecycle Manager: it carries the tag aws:dlm:lifecycle-policy-id',
    ],
    [
      'of AWS Backup',
      { tags: { 'aws:backup:source-resource': 'vol-1:1' } },
      'owned by AWS Backup: it carries the tag aws:backup:source-resource',
    ],
    [
      'of another AWS service',
      { tags: { 'aws:cloudformation:stack-name': 'shop' } },
      'owned by an AWS service: it carries the tag aws:cloudformation:stack-name',
    ],
    [
      'of the EBS driver',
      { tags: { 'ebs.csi.aws.com/cluster': 'true' } },
      'owned by the EBS driver of Kubernetes: it carries the tag ebs.csi.aws.com/cluster',
    ],
    [
      'of a VolumeSnapshot',
      { tags: { CSIVolumeSnapshotName: 'snapshot-1' } },
      'owned by the EBS driver of Kubernetes: it carries the tag CSIVolumeSnapshotName',
    ],
    [
      'of Kubernetes',
      { tags: { 'kubernetes.io/cluster/shop': 'owned' } },
      'owned by Kubernetes: it carries the tag kubernetes.io/cluster/shop',
    ],
    ['of Velero', { tags: { 'velero.io/backup': 'b' } }, 'owned by Velero: it carries the tag velero.io/backup'],
    ['not finished', { state: 'pending' }, 'not finished'],
    ['damaged', { state: 'error' }, 'damaged: its state is error'],
    ['being recovered', { state: 'recovering' }, 'damaged: its state is recovering'],
    ['locked', { lock: { state: 'compliance', until: LATER } }, 'locked until 2027-05-01T00:00:00.000Z'],
    ['locked without an end', { lock: { state: 'governance' } }, 'locked'],
    ['shared', { sharedWith: ['111111111111', '222222222222'] }, 'shared with 111111111111, 222222222222'],
    ['shared with everyone', { sharedWith: ['all'] }, 'shared with everyone'],
    [
      'archived 89 days ago',
      { archivedAt: new Date(NOW.getTime() - 89 * DAY) },
      'archived: it is billed until 2026-11-22T06:00:00.000Z in any case',
    ],
    ['archived, nobody knows when', { archivedAt: 'unknown' }, 'archived, and it is not known since when'],
    ['dated in the future', { time: LATER }, 'dated in the future: 2027-05-01T00:00:00.000Z'],
  ])('one that is %s', async (_, more, reason) => {
    server.add(...three(), snapshot('held', OLD, more));
    const report = await prune({ explain: true });
    expect(server.snapshots.has('snap-held')).toBe(true);
    expect(reasons(report.sources[0]!).held).toBe(reason);
    expect(server.of('DeleteSnapshot').map(({ parameters }) => parameters.get('SnapshotId'))).toEqual(['snap-old']);
    // What is damaged somebody has to look at.
    const damaged = reason.startsWith('damaged') ? 1 : 0;
    expect(report).toMatchObject({ problems: damaged, sources: [{ kept: 3 - damaged, deleted: 1, errors: [] }] });
  });

  test.each([
    ['an image', {}],
    ['a disabled image', { disabled: true }],
  ])('one that %s uses', async (_, more) => {
    server.add(...three(), snapshot('held', OLD));
    server.images = [{ id: 'ami-1', snapshots: ['snap-x', 'snap-held'], ...more }];
    const report = await prune({ explain: true });
    expect(reasons(report.sources[0]!).held).toBe('the image ami-1 uses it');
    expect(server.of('DeleteSnapshot')).toHaveLength(1);
    expect(report.sources).toMatchObject([{ held: 1, deleted: 1, errors: [] }]);
  });

  test('images, locks and tiers are read to the last page', async () => {
    server.pageSize = 2;
    const ids = Array.from({ length: 7 }, (_, index) => `${index}`);
    const archivedAt = new Date(NOW.getTime() - DAY);
    server.add(
      ...three(),
      ...ids.map((id) => snapshot(`image${id}`, OLD)),
      ...ids.map((id) => snapshot(`lock${id}`, OLD, { lock: { state: 'governance' } })),
      ...ids.map((id) => snapshot(`archive${id}`, OLD, { archivedAt })),
    );
    server.images = ids.map((id) => ({ id: `ami-${id}`, snapshots: [`snap-image${id}`] }));
    const report = await prune();
    expect(report.sources).toMatchObject([{ held: 21, deleted: 1, errors: [] }]);
    expect(server.of('DeleteSnapshot')).toHaveLength(1);
    expect(server.of('DescribeImages').length).toBe(4);
  });

  test('a copy whose volume is not known', async () => {
    server.add(...[1, 2, 3, 4].map((day) => snapshot(`${day}`, day, { volume: 'vol-ffffffff' })));
    const report = await prune({ explain: true });
    expect(report.sources).toMatchObject([{ source: 'vol-ffffffff', kept: 4, deleted: 0, held: 4 }]);
    expect(reasons(report.sources[0]!)['4']).toBe('a copy: its volume is not known');
    expect(server.of('DeleteSnapshot')).toEqual([]);
  });

  test.each<[string, Partial<Ec2Snapshot>]>([
    ['archived 91 days ago', { archivedAt: new Date(NOW.getTime() - 91 * DAY) }],
    ['whose lock has expired', { lock: { state: 'expired', until: new Date('2026-01-01T00:00:00Z') } }],
  ])('but one %s', async (_, more) => {
    server.add(...three(), snapshot('free', OLD, more));
    expect((await prune()).sources).toMatchObject([{ kept: 2, deleted: 2, held: 0 }]);
  });

  test.each([
    ['owned by others', { tags: { 'aws:dlm:lifecycle-policy-id': 'policy-1' } }],
    ['not finished', { state: 'pending' }],
    ['damaged', { state: 'error' }],
  ])('what is %s does not fill the floor', async (_, more) => {
    server.add(snapshot('a', 0.1, more), snapshot('b', 0.2, more), ...three());
    await prune();
    expect([...server.snapshots.keys()]).toEqual(['snap-a', 'snap-b', 'snap-new', 'snap-middle']);
  });
});

describe('guards', () => {
  test('too old a newest snapshot', async () => {
    server.add(...three());
    const report = await prune({}, { allowedAgeSeconds: 3600 });
    expect(report.sources).toMatchObject([{ deleted: 0, kept: 3, refusal: { why: 'no-recent-backup' } }]);
    expect(report.problems).toBe(1);
    expect(server.of('DeleteSnapshot')).toEqual([]);
  });

  test('a finished snapshot is looked for: a pending one is no success', async () => {
    server.add(...three(), snapshot('pending', 0.01, { state: 'pending' }));
    expect((await prune({}, { allowedAgeSeconds: 3600 })).sources).toMatchObject([{ deleted: 0 }]);
  });

  test('too large a share, unless a person has confirmed it', async () => {
    server.add(...three(), snapshot('older', 4), snapshot('oldest', 5));
    const half = { maxDeleteShare: 0.5 };
    expect((await prune({}, half)).sources).toMatchObject([{ deleted: 0, refusal: { why: 'too-many' } }]);
    const report = await prune({ confirmed: ['snap-old', 'snap-oldest', 'snap-new'] }, half);
    // What the retention keeps stays, confirmed or not; what was not confirmed as well.
    expect(report.sources).toMatchObject([{ deleted: 2, kept: 3 }]);
    expect([...server.snapshots.keys()]).toEqual(['snap-new', 'snap-middle', 'snap-older']);
  });

  test('for ever', async () => {
    server.add(...three());
    const retention = { ...SETTINGS.retention, forever: true };
    expect((await prune({}, { retention })).sources).toMatchObject([{ deleted: 0, kept: 3 }]);
  });
});

describe('deletions that fail', () => {
  const ten = () => Array.from({ length: 12 }, (_, day) => snapshot(`${day}`, day + 1));
  const failing = (code: string, status = 400) => {
    server.rule = ({ action, parameters }) =>
      action === 'DeleteSnapshot' && Number(parameters.get('SnapshotId')!.slice(5)) % 2 ? { status, code } : undefined;
  };

  test('half of them: the rest goes on, each is reported', async () => {
    server.add(...ten());
    failing('UnauthorizedOperation', 403);
    const report = await prune();
    expect(report.sources).toMatchObject([{ deleted: 5, kept: 7 }]);
    expect(report.sources[0]!.errors).toHaveLength(5);
    expect(report.sources[0]!.errors).toContain('snap-11 could not be deleted: UnauthorizedOperation: injected');
    expect(report.problems).toBe(5);
  });

  test.each([
    ['InvalidSnapshot.InUse', 'an image uses it'],
    ['SnapshotLocked', 'locked'],
  ])('%s, which only the deletion finds, is no error', async (code, reason) => {
    server.add(...ten());
    failing(code);
    const report = await prune({ explain: true });
    expect(report).toMatchObject({ problems: 0, sources: [{ deleted: 5, kept: 7, held: 5, errors: [] }] });
    expect(reasons(report.sources[0]!)['11']).toBe(reason);
  });

  test('one that is gone already counts as deleted', async () => {
    server.add(...three());
    server.rule = ({ action }) => {
      if (action === 'DeleteSnapshot') server.snapshots.delete('snap-old');
      return undefined;
    };
    expect(await prune()).toMatchObject({ problems: 0, sources: [{ deleted: 1 }] });
  });

  test('throttling is waited out', async () => {
    server.add(...ten());
    server.rule = ({ action, count }) =>
      action === 'DeleteSnapshot' && count <= 8 ? { status: 503, code: 'RequestLimitExceeded' } : undefined;
    expect(await prune()).toMatchObject({ problems: 0, sources: [{ deleted: 10, kept: 2, errors: [] }] });
    expect(server.of('DeleteSnapshot')).toHaveLength(18);
  });

  test('a run that has no time left stops, the oldest are gone first', async () => {
    server.add(...ten());
    // Ten looks before the first deletion.
    let checks = 0;
    const report = await prune({}, {}, () => ++checks <= 10 + 4);
    expect(report.sources).toMatchObject([{ deleted: 4, kept: 8 }]);
    expect(report.sources[0]!.errors).toEqual([
      '6 snapshots were not reached in time: the next run continues with them',
    ]);
    expect([...server.snapshots.keys()].at(-1)).toBe('snap-7');
    expect(report.problems).toBe(1);
  });
});
