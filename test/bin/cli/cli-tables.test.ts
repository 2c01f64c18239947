import { printBackups, printSnapshots } from '../../../bin/cli/print/list-tables';
import { Output } from '../../../bin/cli/print/output';
import { printPlan, printResult, question } from '../../../bin/cli/print/prune-tables';
import { age } from '../../../bin/cli/print/times';
import { parts } from '../../../bin/cli/aws/prune-functions';
import type { ReportedDecision } from '../../../catalog/contract/handlers';
import { captured, pruneReport, sourceReport } from './cli-support';

const now = new Date('2026-11-21T02:00:00Z');

function printed(print: (output: Output) => void): string {
  const streams = captured();
  print(new Output(streams));
  return streams.out();
}
const plan = (report = pruneReport(), all = false) => printed((output) => printPlan(output, report, { now, all }));

test('the age of a backup that this machine, with a wrong clock, takes to be made tomorrow', () => {
  const hour = 3_600_000;
  expect(age(new Date(now.getTime() - 9 * hour), now, 'old')).toBe('9 h old');
  expect(age(new Date(now.getTime() + hour), now, 'ago')).toBe('in the future');
});

test('a plan: what is deleted comes first, with the reasons of every decision', () => {
  expect(plan()).toBe(
    [
      'source  backup                age   size       decision  why',
      'shop    2026-10-01T02-00-00Z  51 d  325.2 MiB  delete    no rule keeps it',
      'shop    2026-11-20T02-00-00Z  1 d   326.1 MiB  keep      floor: newest 1; daily of 2026-11-20',
      '',
    ].join('\n'),
  );
});

const many = (count: number, keep: boolean): ReportedDecision[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `id-${index}`,
    time: new Date(now.getTime() - index * 3_600_000).toISOString(),
    keep,
    reasons: keep ? [`hourly of hour ${index}`, ...(index < 3 ? ['floor: newest 3'] : [])] : ['no rule keeps it'],
    bytes: 1000,
  }));

test('hundreds that stay are counted by reason; all that is deleted is listed', () => {
  const sources = [sourceReport({ decisions: many(300, true) }), sourceReport({ decisions: many(100, false) })];
  const text = plan(pruneReport({ sources }));
  expect(text.match(/ delete /g)).toHaveLength(100);
  expect(text).not.toMatch(/ keep /);
  expect(text).toMatch(/^shop +300 +300 hourly, 3 floor: newest 3$/m);
});

test('--all lists them', () => {
  const sources = [sourceReport({ decisions: many(300, true) })];
  expect(plan(pruneReport({ sources }), true).match(/ keep /g)).toHaveLength(300);
});

test('what somebody has to look at comes after the table, each with its source', () => {
  const refusal = { why: 'no-recent-backup', sentence: 'the newest complete backup is 72 hours old' } as const;
  const sources = [
    sourceReport({
      refusal,
      errors: ['could not delete'],
      damaged: [{ id: '2026-11-01T02-00-00Z', damage: 'x is missing' }],
      held: 2,
      leftovers: 1,
      strangers: 5,
      decisionsLeftOut: 7,
    }),
  ];
  const text = plan(pruneReport({ sources, unmanaged: ['old-shop', 'older-shop'] }));
  expect(text).toContain(' keep ');
  expect(text).not.toContain(' delete ');
  expect(text).toMatch(/ keep +no rule keeps it; but nothing is deleted now: see below$/m);
  expect(text.split('\n').slice(-9, -1)).toEqual([
    'problem shop: the newest complete backup is 72 hours old',
    'problem shop: could not delete',
    'problem shop: 2026-11-01T02-00-00Z is damaged: x is missing',
    'note shop: 2 backups that no rule keeps cannot be deleted now: see the reasons',
    'note shop: 1 object of unfinished runs would be deleted too',
    'note shop: 5 objects not of cdk-proven-backups: untouched',
    'note shop: 7 backups did not fit into the answer, and stay: run the command again',
    'note never pruned, because no settings name them: old-shop, older-shop',
  ]);
});

test('what is too much for a run by schedule may be deleted by a person', () => {
  const refusal = { why: 'too-many', sentence: '1 of 2 backups would be deleted' } as const;
  const report = pruneReport({ sources: [sourceReport({ refusal, deleted: 0 })] });
  expect(plan(report)).toContain(' delete ');
  expect(question(report, undefined)).toMatch(/^Delete 1 backup of 1 source /);
});

test('thousands of backups are shown within seconds, and the columns are those of one table', () => {
  const decisions = many(3000, false);
  const lines = plan(pruneReport({ sources: [sourceReport({ decisions })] }))
    .trimEnd()
    .split('\n');
  expect(lines).toHaveLength(3001);
  expect(new Set(lines.slice(1).map((line) => line.indexOf(' delete ')))).toEqual(
    new Set([lines[0]!.indexOf('decision') - 1]),
  );
});

test('the question says how much of how many, and for how long it can be taken back', () => {
  const report = pruneReport({ sources: [sourceReport(), sourceReport({ source: 'blog' })] });
  expect(question(report, 14)).toBe(
    'Delete 2 backups of 2 sources (650.4 MiB)? They can be brought back with undelete for 14 days.',
  );
  expect(question(report, undefined)).toContain(' with undelete for as long as the bucket keeps old versions.');
});

test('snapshots cannot be taken back, and what they free nobody knows', () => {
  const decisions = many(2, false).map((decision, index) => ({ ...decision, id: `snap-${index}` }));
  expect(question(pruneReport({ sources: [sourceReport({ source: 'vol-1', decisions })] }), undefined)).toBe(
    'Delete 2 snapshots of 1 volume? They cannot be brought back, unless a rule of the Recycle Bin keeps them.',
  );
});

test('the result', () => {
  const report = pruneReport({ dryRun: false, sources: [sourceReport({ leftovers: 3 })] });
  expect(printed((output) => printResult(output, report))).toBe(
    [
      '',
      'source  deleted  freed      kept  held',
      'shop    1        326.1 MiB  1     0',
      'note shop: 3 objects of unfinished runs deleted too',
      '',
    ].join('\n'),
  );
});

test('ids are split so that no request is too large, in their order', () => {
  const ids = Array.from({ length: 1000 }, (_, index) => `id-${index}`);
  const split = parts(ids, 200);
  expect(split.flat()).toEqual(ids);
  for (const part of split) expect(JSON.stringify(part).length).toBeLessThanOrEqual(201);
  expect(parts([], 200)).toEqual([]);
});

test('a table of backups, and what is damaged of them below', () => {
  const backup = {
    source: 'shop',
    id: '2026-11-20T02-00-00Z',
    bytes: 12_345_678,
    storageClass: 'GLACIER',
    proven: true,
    test: { verdict: 'passed', testedAt: '2026-11-20T05:00:00Z', loadSeconds: 192.4 } as const,
    restoreWait: '3 to 5 hours',
    engine: 'mariadb',
    serverVersion: '10.11.19-MariaDB',
    tables: 12,
    rows: 200_863,
    notes: [{ kind: 'definers' }, { kind: 'long-rows', objects: ['shop.t'] }],
  };
  const plain = { ...backup, id: '2026-11-18T02-00-00Z', notes: undefined };
  const damaged = { ...backup, id: '2026-11-19T02-00-00Z', damage: 'shop/x\u001b[31m.zst is missing' };
  expect(printed((output) => printBackups(output, [damaged, backup, plain], now))).toBe(
    [
      'source  backup                age  size      proven           tables  rows     notes  engine            storage',
      'shop    2026-11-20T02-00-00Z  1 d  11.8 MiB  yes, 3 min 12 s  12      200,863  2      mariadb 10.11.19  GLACIER (a restore waits 3 to 5 hours)',
      'shop    2026-11-18T02-00-00Z  3 d  11.8 MiB  yes, 3 min 12 s  12      200,863  -      mariadb 10.11.19  GLACIER (a restore waits 3 to 5 hours)',
      'damaged shop 2026-11-19T02-00-00Z: shop/x?[31m.zst is missing',
      '',
    ].join('\n'),
  );
});

test('a table of snapshots', () => {
  const snapshot = {
    id: 'snap-0a',
    volume: 'vol-0b',
    time: '2026-11-20T02:00:00.000Z',
    bytes: 2 ** 33,
    state: 'completed',
    tier: 'standard',
    madeBy: 'DLM policy-0c',
  };
  expect(printed((output) => printSnapshots(output, [{ ...snapshot, source: 'shop' }, snapshot], now))).toBe(
    [
      'source  snapshot  volume  time                  age  size     state      tier      made by',
      'shop    snap-0a   vol-0b  2026-11-20T02:00:00Z  1 d  8.0 GiB  completed  standard  DLM policy-0c',
      '-       snap-0a   vol-0b  2026-11-20T02:00:00Z  1 d  8.0 GiB  completed  standard  DLM policy-0c',
      '',
    ].join('\n'),
  );
});
