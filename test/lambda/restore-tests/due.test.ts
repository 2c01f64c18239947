import { backupIdTime } from '../../../catalog/bucket/names';
import type { RestoreTestPlan } from '../../../catalog/contract/restore-tests';
import { dueBackups, type TestableBackup, windowOf } from '../../../lambda/restore-tests/due';

const DAY = 86_400;
const NOW = new Date('2026-11-18T03:07:00Z'); // A Wednesday.

/** A backup made at 02:00 of a day, and what its test said so many hours ago. */
function backup(day: string, passed?: boolean, hoursAgo = 1, archived = false): TestableBackup {
  const id = `${day}T02-00-00Z`;
  const tested = passed !== undefined && { failed: !passed, at: new Date(NOW.getTime() - hoursAgo * 3_600_000) };
  return { id, time: backupIdTime(id)!, archived, ...(tested && { tested }) };
}

const due = (plan: RestoreTestPlan, backups: readonly TestableBackup[], now = NOW, chance = 0) =>
  dueBackups(plan, backups, now, chance).map(({ id }) => id.slice(0, 10));

const WEEKLY: RestoreTestPlan = { kind: 'newest', everySeconds: 7 * DAY };

describe('the newest, once in a while', () => {
  test.each<[string, readonly TestableBackup[], readonly string[]]>([
    ['there is none', [], []],
    ['none was ever tested', [backup('2026-11-17'), backup('2026-11-18')], ['2026-11-18']],
    ['the last test is younger than that', [backup('2026-11-12', true, 167), backup('2026-11-18')], []],
    ['the last test is as old as that', [backup('2026-11-11', true, 168), backup('2026-11-18')], ['2026-11-18']],
    ['the newest was tested already', [backup('2026-11-10', true, 190)], []],
    ['the last test failed today', [backup('2026-11-17', false, 23), backup('2026-11-18')], []],
    ['the last test failed yesterday', [backup('2026-11-17', false, 24), backup('2026-11-18')], ['2026-11-18']],
    [
      'the newest test counts, not that of the newest backup',
      [backup('2026-11-10', true, 2), backup('2026-11-11', true, 170), backup('2026-11-18')],
      [],
    ],
  ])('%s', (_, backups, expected) => {
    expect(due(WEEKLY, backups)).toEqual(expected);
  });

  test('one that failed is not waited for longer than the interval', () => {
    const hourly: RestoreTestPlan = { kind: 'newest', everySeconds: 3600 };
    expect(due(hourly, [backup('2026-11-17', false, 1), backup('2026-11-18')])).toEqual(['2026-11-18']);
  });
});

test('each: all untested of the last week, the oldest first', () => {
  const backups = [
    backup('2026-11-10'),
    backup('2026-11-12'),
    backup('2026-11-13', true),
    backup('2026-11-14', false),
    backup('2026-11-18'),
  ];
  expect(due({ kind: 'each' }, backups)).toEqual(['2026-11-12', '2026-11-18']);
});

describe('the last of a period that has ended', () => {
  const days = ['2026-10-30', '2026-10-31', '2026-11-14', '2026-11-15', '2026-11-16', '2026-11-17', '2026-11-18'];
  test.each([
    ['day', '2026-11-17'],
    ['week', '2026-11-15'],
    ['month', '2026-10-31'],
  ] as const)('%s', (period, expected) => {
    const plan: RestoreTestPlan = { kind: 'newest-of', period };
    expect(
      due(
        plan,
        days.map((day) => backup(day)),
      ),
    ).toEqual([expected]);
    expect(
      due(
        plan,
        days.map((day) => backup(day, day === expected ? true : undefined)),
      ),
    ).toEqual([]);
    const current = days.slice(-1).map((day) => backup(day));
    expect(due(plan, current)).toEqual([]);
    expect(windowOf(plan)!).toBeGreaterThan((NOW.getTime() - backup(expected).time.getTime()) / 1000);
  });
});

describe('one by chance', () => {
  const plan: RestoreTestPlan = { kind: 'random', everySeconds: 7 * DAY };
  const odd = new Date(NOW.getTime() + (Math.floor(NOW.getTime() / 1000 / (7 * DAY)) % 2 === 0 ? 7 * DAY * 1000 : 0));
  const even = new Date(odd.getTime() + 7 * DAY * 1000);
  const backups = [
    backup('2026-11-01', undefined, 0, true),
    backup('2026-11-02'),
    backup('2026-11-03'),
    backup('2026-11-04'),
  ];

  test('every other time the newest', () => {
    expect(due(plan, backups, even)).toEqual(['2026-11-04']);
  });

  test('else any that can be read at once', () => {
    const found = [0, 0.34, 0.67, 0.999].map((chance) => due(plan, backups, odd, chance)[0]);
    expect(found).toEqual(['2026-11-02', '2026-11-03', '2026-11-04', '2026-11-04']);
    expect(due(plan, backups.slice(0, 1), odd)).toEqual([]);
  });

  test('not before its time, and all backups are looked at', () => {
    expect(due(plan, [...backups, backup('2026-11-05', true, 100)], NOW)).toEqual([]);
    expect(windowOf(plan)).toBeUndefined();
  });
});
