import { isRemoved } from '../../../lambda/notify/observe/housekeeping';
import type { OpenProblem } from '../../../lambda/notify/problems/remembered';
import { SETTINGS } from './events/message';

const ALARM = 'arn:aws:cloudwatch:eu-west-1:111122223333:alarm:';
const NOW = '2026-11-30T02:00:00.000Z';
const settings = {
  ...SETTINGS,
  alarms: ['acme-late'],
  prunings: [
    { functionName: 'acme-prune', logGroup: 0 },
    { functionName: 'acme-volumes', logGroup: 0, tag: 'Backup=a/b' },
  ],
};

test.each([
  ['a source', 'shop', {}, false],
  ['a source that is gone', 'gone', {}, true],
  ['the maintenance of a source', 'housekeeping/maintain/shop', {}, false],
  ['the maintenance of one that is gone', 'housekeeping/maintain/gone', {}, true],
  ['a restore of a source', 'housekeeping/restore/shop', {}, false],
  ['a restore of one that is gone', 'housekeeping/restore/gone', {}, true],
  ['a replication', 'housekeeping/replication/all/ReplicationLatency', { alarm: 'acme-late' }, false],
  [
    'a replication whose alarm is gone',
    'housekeeping/replication/all/ReplicationLatency',
    { alarm: 'acme-gone' },
    true,
  ],
  ['a dead-letter queue whose alarm is gone', 'housekeeping/dead-letters/queue x', { alarm: 'acme-gone' }, true],
  ['a pruning that is silent for long', 'housekeeping/prune/acme-prune', { days: 90 }, false],
  ['a pruning of another stack', 'housekeeping/prune/other', { days: 29 }, false],
  ['a pruning that is gone', 'housekeeping/prune/other', { days: 31 }, true],
  ['a pruning of snapshots', 'housekeeping/prune-snapshots/Backup=a/b', { days: 90 }, false],
  ['a pruning of snapshots that is gone', 'housekeeping/prune-snapshots/Backup=other', { days: 31 }, true],
  ['the measuring', 'housekeeping/measure', { days: 90 }, false],
])('%s is looked up in the settings', (_, key, { alarm, days = 0 }: { alarm?: string; days?: number }, expected) => {
  const lastAt = new Date(Date.parse(NOW) - days * 86_400_000).toISOString();
  const details = alarm === undefined ? {} : { resource: `${ALARM}${alarm}` };
  const open = { housekeeping: { lastAt, details } as unknown as OpenProblem };
  expect(isRemoved({ key, open }, NOW, settings)).toBe(expected);
});

test('settings of an earlier version, which name no alarms, end none', () => {
  const open = { housekeeping: { lastAt: NOW, details: { resource: `${ALARM}acme-late` } } as unknown as OpenProblem };
  const of = { key: 'housekeeping/replication/all/ReplicationLatency', open };
  expect(isRemoved(of, NOW, { ...settings, alarms: undefined })).toBe(false);
});
