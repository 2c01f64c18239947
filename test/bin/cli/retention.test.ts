import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cli } from './cli-support';

const TWO_YEARS = ['--from', '2026-01-01', '--to', '2027-12-31'];
const simulate = (...args: string[]) => cli(['retention', 'simulate', ...args]);
const given = (retention: string, schedule: string, ...rest: string[]) =>
  simulate('--retention', retention, '--schedule', schedule, ...TWO_YEARS, ...rest);
async function json(retention: string, schedule: string, ...rest: string[]) {
  const { code, out, err } = await given(retention, schedule, ...rest, '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out);
}

test('prints a calendar, the backups with their reasons, the most stored, and what an outage left', async () => {
  const { code, out, err } = await simulate(
    ...['--retention', 'daily=3,weekly=2', '--schedule', 'daily 02:30', '--from', '2026-03-01', '--to', '2026-04-30'],
    ...['--failures', '2026-04-20..2026-04-25'],
  );
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toBe(`55 backups made, 6 runs failed, 51 backups deleted
Stored at the end: 4
Most stored at any time: 5, first on 2026-03-05 02:30

         1       5         10        15        20        25        30
2026-04  . . . . . . . . . . . . . . . . . . . x x x x x x 1 . 1 1 1
1 to 9, +: backups of the day that are stored; .: none; x: every run failed

backup            number  stored because
2026-04-30 02:30  1       floor: newest 3; daily of 2026-04-30; weekly of 2026-04-27
2026-04-29 02:30  1       floor: newest 3; daily of 2026-04-29
2026-04-28 02:30  1       floor: newest 3; daily of 2026-04-28
2026-04-26 02:30  1       weekly of 2026-04-20

no success                            failed runs  left at its end
2026-04-20 00:00 to 2026-04-26 00:00  6            4 backups, of 2026-04-12 02:30 to 2026-04-19 02:30
`);
});

test('no line of the calendar is wider than 80 columns, and hundreds of backups are drawn together', async () => {
  const { out } = await given('30d', 'every 1h');
  const lines = out.split('\n');
  expect(lines.slice(0, 8).filter((line) => line.length > 80)).toEqual([]);
  expect(lines).toContainEqual(
    expect.stringMatching(/^2027-12-31 20:00 back to 2027-12-02 01:00 +716 +younger than 30 days$/),
  );
  expect(lines.length).toBeLessThan(20);
});

test('tells what the guards refuse', async () => {
  const { out } = await given('oneYear', 'every 1h', '--failures', '2026-03-01..2026-03-20', '--to', '2026-03-31');
  expect(out).toMatch(
    /^The 20 prunings of 2026-03-01 04:30 to 2026-03-20 04:30 deleted nothing: the newest complete backup is 5 hours 30 minutes old; the limit is 2 hours 54 minutes: /m,
  );
  expect(out).toMatch(
    /^The \d+ prunings of 2026-03-21 04:30 to 2026-04-01 00:00 deleted nothing: \d+ of \d+ backups would /m,
  );
});

test.each([
  ['daily=7', 'every 1h', 2],
  ['daily=14,weekly=8', 'every 4h', 0],
  ['daily=7,keepFor=1d', 'every 1h', 2131],
  ['daily=14,weekly=8', 'every 6h', 339],
])('%s with a backup %s: %d are deleted in three months', async (retention, schedule, deleted) => {
  const result = await json(retention, schedule, '--to', '2026-03-31');
  expect(result).toMatchObject({ deleted, refusals: { length: deleted < 10 ? 1 : 0 } });
});

test('--json prints JSON alone', async () => {
  const result = await json('forever', 'weekly sunday 04:00', '--time-zone', 'Europe/Paris');
  expect(result).toMatchObject({
    policy: { forever: true, keepLast: 3, timeZone: 'Europe/Paris', weekStart: 'monday' },
    schedule: 'cron(0 4 ? * 1 *)',
    from: '2025-12-31T23:00:00.000Z',
    to: '2027-12-31T23:00:00.000Z',
    guards: { maxDeleteShare: 0.5 },
    made: 104,
    deleted: 0,
    most: { count: 104, time: '2027-12-26T03:00:00.000Z' },
    refusals: [],
    failures: [],
  });
  expect(result.stored.at(-1)).toEqual({ time: '2026-01-04T03:00:00.000Z', reasons: ['kept for ever'] });
});

test.each([
  ['oneYear', { keepForSeconds: 172_800, daily: 14, weekly: 14, monthly: 13 }],
  ['7d', { keepForSeconds: 604_800 }],
  ['days(7)', { keepForSeconds: 604_800 }],
  ['36h', { keepForSeconds: 129_600 }],
  ['hourly=24, yearly=2', { hourly: 24, yearly: 2 }],
  [
    'daily=14,keepFor=2d,keepLast=5,weekStart=sunday,timeZone=Asia/Tokyo',
    { daily: 14, keepForSeconds: 172_800, keepLast: 5, weekStart: 'sunday', timeZone: 'Asia/Tokyo' },
  ],
])('--retention %s', async (text, rules) => {
  const { policy } = await json(text, 'daily 02:30');
  expect(policy).toEqual({ keepLast: 3, timeZone: 'UTC', weekStart: 'monday', ...rules });
});

test.each([
  ['every 6h', 2920, 6 * 3600 + 19_440 + 3600],
  ['every 90m', 11_680, 5400 + 4860 + 3600],
  ['daily 02:30', 730, 86_400 + 43_200 + 3600],
  ['weekly saturday 23:59', 104, 7 * 86_400 + 43_200 + 3600],
  ['cron(0 2 1 * ? *)', 24, 31 * 86_400 + 43_200 + 3600],
  ['cron(0 2 1 6 ? 2027)', 1, 86_400 + 43_200],
])('--schedule %s: %d runs', async (schedule, runs, allowedAgeSeconds) => {
  const { made, guards } = await json('7d', schedule);
  expect({ made, guards }).toEqual({ made: runs, guards: { allowedAgeSeconds, maxDeleteShare: 0.5 } });
});

test('guards of its own', async () => {
  const { guards } = await json('7d', 'daily 02:30', '--allowed-age', '30h', '--max-delete-percent', '10');
  expect(guards).toEqual({ allowedAgeSeconds: 108_000, maxDeleteShare: 0.1 });
});

test.each([
  [
    '--retention',
    'oneyear',
    'retention must be oneYear, forever, or a time such as 7d or days(7), or rules such as daily=14,weekly=13,monthly=12, got: "oneyear": did you mean oneYear?',
  ],
  [
    '--retention',
    '',
    'retention must be oneYear, forever, or a time such as 7d or days(7), or rules such as daily=14,weekly=13,monthly=12, got: ""',
  ],
  ['--retention', 'dayly=3', 'retention has an unknown rule "dayly": did you mean daily?'],
  [
    '--retention',
    'centuries=3',
    'retention has an unknown rule "centuries": allowed are keepFor, hourly, daily, weekly, monthly, yearly, keepLast, timeZone, weekStart',
  ],
  ['--retention', 'daily=3,daily=4', 'retention has the rule daily twice: leave one out'],
  ['--retention', 'daily=some', 'daily of the retention must be a whole number from 1 to 100000, got: "some"'],
  ['--retention', 'daily=0', 'retention: daily must be a whole number from 1 to 100000, got: 0'],
  [
    '--retention',
    'keepFor=2',
    'keepFor of the retention must be a whole number with a unit, such as 90s, 30m, 6h or 14d, got: "2"',
  ],
  ['--retention', '59m', 'retention: keepFor must be from 1 hour to 100 years, got: 3540 seconds'],
  [
    '--retention',
    'keepLast=5',
    'retention must have a rule besides keepLast, got: "keepLast=5": give keepFor, daily, weekly or the like',
  ],
  [
    '--schedule',
    'daily',
    'schedule must be every 6h, daily 02:30, weekly sunday 04:00 or cron(0 2 * * ? *), or the like, got: "daily"',
  ],
  [
    '--schedule',
    'every 90s',
    'schedule must be every 6h, daily 02:30, weekly sunday 04:00 or cron(0 2 * * ? *), or the like, got: "every 90s"',
  ],
  [
    '--schedule',
    'weekly someday 04:00',
    'schedule must be every 6h, daily 02:30, weekly sunday 04:00 or cron(0 2 * * ? *), or the like, got: "weekly someday 04:00"',
  ],
  [
    '--schedule',
    'cron(0 2 31 2 ? *)',
    'schedule never fires: no such time lies in the future, got: cron(0 2 31 2 ? *)',
  ],
  [
    '--schedule',
    'every 1m',
    'the simulated time must have at most 200000 runs, got: every 1m from 2026-01-01 to 2027-12-31: shorten it',
  ],
  ['--from', '2026-02-30', '--from and --to must be days such as 2026-03-01, got: "2026-02-30"'],
  ['--to', 'tomorrow', '--from and --to must be days such as 2026-03-01, got: "tomorrow"'],
  ['--to', '2025-12-31', '--from and --to must be in order, got: 2026-01-01 and 2025-12-31: swap them'],
  [
    '--failures',
    '2026-03-01',
    '--failures must be a first and a last day, such as 2026-03-01..2026-03-20, got: "2026-03-01"',
  ],
  ['--failures', '2026-03-20..2026-03-01', '--failures must be in order, got: 2026-03-20 and 2026-03-01: swap them'],
  ...['2025-12-31..2026-01-02', '2027-12-31..2028-01-01', '2020-01-01..2020-01-02'].map((days) => [
    '--failures',
    days,
    `--failures must be between --from and --to, got: ${days}: move one of them`,
  ]),
  ['--time-zone', 'Paris', 'time zone must be a name of the IANA database, for example Europe/Paris, got: Paris'],
  [
    '--allowed-age',
    'soon',
    '--allowed-age must be a whole number with a unit, such as 90s, 30m, 6h or 14d, got: "soon"',
  ],
  ['--max-delete-percent', '101', '--max-delete-percent must be a whole number from 1 to 100, got: "101"'],
])('refuses %s %s', async (option, value, sentence) => {
  // The last of an option counts.
  const ran = await given('oneYear', 'daily 02:30', option, value, '--json');
  expect(ran).toEqual({ code: 2, out: '', err: `error: ${sentence}\n` });
});

test('a day without a midnight', async () => {
  const { from, to } = await json('7d', 'daily 02:30', '--time-zone', 'America/Santiago', '--from', '2026-09-06');
  expect([from, to]).toEqual(['2026-09-06T04:00:00.000Z', '2028-01-01T03:00:00.000Z']);
});

test('the example of the documentation', async () => {
  const text = readFileSync(join(__dirname, '../../../docs/retention.md'), 'utf8');
  const [, command, printed] = /```sh\nnpx proven-backups (retention simulate[^]*?)```\n+```text\n([^]*?)```/.exec(
    text,
  )!;
  const args = command!
    .replace('\\\n', '')
    .trim()
    .match(/'[^']*'|\S+/g)!;
  expect(await cli(args.map((arg) => arg.replaceAll("'", '')))).toEqual({ code: 0, out: printed, err: '' });
});
