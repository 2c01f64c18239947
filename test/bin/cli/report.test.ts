import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { SourceObjectives } from '../../../bin/cli/aws/objectives';
import type { SourcePlan } from '../../../bin/cli/aws/plans';
import type { ListedRecoveryPoint } from '../../../bin/cli/aws/recovery-points';
import type { ReportData } from '../../../bin/cli/report/data';
import { reportData, reportText } from '../../../bin/cli/report/data';
import { reportPage } from '../../../bin/cli/report/page';
import { inMatrix } from '../../servers/versions';
import { Browser } from '../../support/browser';
import { temporaryDirectory } from '../../support/processes';
import { cli, isolateEnvironment } from './cli-support';
import type { StandIn } from './cli-support';
import { backup, daysAgo, NOW, recoveryPoint, SCENES } from './report-scenes';
import { manifestOf, NEW, RestoreAccount } from './restore-support';

isolateEnvironment();

const pageOf = (data: ReportData): string => reportPage(data, reportText(data).sha256, 'report.json');

test.each(Object.keys(SCENES))('a report of a bucket that is %s needs nothing but itself', (name) => {
  const page = pageOf(SCENES[name]!());
  expect(page).not.toMatch(/<script|\bsrc=|\bhref=|url\(|@import|https?:/);
  expect(page).not.toMatch(/undefined|NaN|\[object/);
  expect(page).toMatch(/^<!doctype html>\s<html lang="en">/);
});

/** Runs in the page. */
const LOOK = fs.readFileSync(path.join(__dirname, '../../support/look-at-page.cjs'), 'utf8');
/** What a person sees of a page. */
interface Seen {
  readonly overflows: boolean;
  /** Elements with a text of their own, and those of them whose contrast is less than 4.5. */
  readonly texts: number;
  readonly weak: readonly string[];
  readonly paper: string;
  readonly tiles: number;
}

for (const name of inMatrix(Object.keys(SCENES), [])) {
  describe(`a report of a bucket that is ${name}, in Chromium`, () => {
    let browser: Browser;
    const folder = temporaryDirectory('report-page');
    const file = path.join(folder, 'report.html');
    beforeAll(async () => {
      fs.writeFileSync(file, pageOf(SCENES[name]!()));
      browser = await Browser.start();
    });
    afterAll(async () => {
      await browser?.stop();
      fs.rmSync(folder, { recursive: true });
    });

    test.each([
      ['on a telephone', { width: 390 }, 'rgb(255, 255, 255)'],
      ['on a screen', { width: 1280 }, 'rgb(255, 255, 255)'],
      ['on a dark screen', { width: 1280, scheme: 'dark' }, 'rgb(20, 23, 26)'],
      // A4 without its margins.
      ['on paper', { width: 688, media: 'print', scheme: 'dark' }, 'rgb(255, 255, 255)'],
    ] as const)('%s all of it can be read, and nothing else is loaded', async (_, view, paper) => {
      browser.requests.splice(0);
      await browser.open(file, view);
      const { texts, ...seen } = await browser.evaluate<Seen>(
        `((module) => { ${LOOK}; return module.exports(); })({})`,
      );
      expect(seen).toEqual({ overflows: false, weak: [], paper, tiles: 4 });
      expect(texts).toBeGreaterThan(10);
      expect(browser.requests).toEqual([`file://${file}`]);
    });

    test('is printed on A4', async () => {
      await browser.open(file, { width: 1280 });
      const pages = (await browser.print()).toString('latin1').match(/\/MediaBox \[[^\]]*\]/g)!;
      expect(
        new Set(
          pages.map((box) =>
            box
              .match(/[\d.]+/g)!
              .map((side) => Math.round(Number(side)))
              .join(),
          ),
        ),
      ).toEqual(new Set(['0,0,595,842']));
      expect(pages.length).toBeLessThan(name === 'large' ? 200 : 6);
    });
  });
}

test('shows each source with its problems, its tests and what was measured against its objectives', () => {
  const page = pageOf(SCENES.usual!())
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
  expect(page).toContain(' 2 of 3 sources without problems ');
  expect(page).toMatch(/ media not proven, tests are off 5 h ago 25 h none - - /);
  expect(page).toMatch(
    / media AWS Backup, 2 recovery points, restore tests are off .* 1EB3-1 2026-11-20 04:00 UTC 4\.0 GiB completed /,
  );
  expect(page).toContain(
    ` the restore test of backup ${daysAgo(1)} failed; the newest that is proven is ${daysAgo(8)} `,
  );
  expect(page).toContain(' a restore takes 3 min 12 s, the objective is 2 minutes ');
  expect(page).toMatch(/ shop ✗ 2 problems 7 h ago 25 h 8 d 7 h ago 3 min 12 s 2 min /);
  expect(page).toContain(
    ' Made daily at 02:30 Europe/Paris Kept all of 2 days, the last of each of 14 days and 14 weeks and always the newest 3 ',
  );
  expect(page).toContain(' ✗ FAILED - 3 differences ');
  expect(page).toContain(' not run - extension postgis is not in the image ');
  // Of the days before the last seven nobody knows whether the retention thinned them out.
  expect(pageOf(SCENES.usual!())).toContain('1 day without one in the last 7 days');
});

test('a source whose backups are all gone is there, and words of others stay words', () => {
  const set: SourceObjectives = { provenAgeSeconds: 90_000 };
  const damage = '<script>alert("x")</script>';
  const page = pageOf(reportData('shop-backups', [backup('shop', 0, { damage })], new Map([['gone', set]]), NOW));
  expect(page.match(/there is no complete backup/g)).toHaveLength(2);
  const late = new Map([['shop', { ...set, allowedAgeSeconds: 3600 }]]);
  const [shop] = reportData('shop-backups', [backup('shop', 0)], late, NOW).sources;
  expect(shop!.problems).toEqual(['the newest backup is 7 hours old, the limit is 1 hour']);
  expect(page).not.toContain('<script>');
  expect(page).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;');
});

test('a source that is not proven is not OK, whether its tests are on or off', () => {
  const off: SourceObjectives = { provenAgeSeconds: 90_000, tests: 'off' };
  const sources = [backup('shop', 0), backup('wiki', 0), backup('late', 2)];
  const set = { provenAgeSeconds: 90_000 };
  const page = pageOf(
    reportData('shop-backups', sources, new Map<string, SourceObjectives>([['wiki', off], ['late', set]]), NOW), // prettier-ignore
  );
  expect(page).not.toContain('✓ OK');
  expect(page.match(/not proven yet|not proven, tests are off|✗ 1 problem/g)).toEqual([
    ...['✗ 1 problem', 'not proven yet', 'not proven, tests are off'],
  ]);
});

test('a source that is deployed and has no backup is there; of what may not be read nothing is said', () => {
  const plans = new Map<string, SourcePlan>([
    ['new', { schedule: { expression: 'rate(6 hours)', disabled: true }, retention: 'none' }],
    ['old', { schedule: { expression: 'cron(0 2 ? * 1 *)', timeZone: 'UTC' } }],
  ]);
  const page = pageOf(reportData('shop-backups', [], new Map(), NOW, { plans }));
  expect(page).toContain('<dd>every 6 hours, but the schedule is disabled</dd>');
  expect(page.match(/<dt>Kept<\/dt>\s*<dd>(.*)<\/dd>/g)).toHaveLength(1);
  expect(page).toContain('<dd>all: nothing prunes them</dd>');
  expect(page).toContain('<dd>cron(0 2 ? * 1 *) UTC</dd>');
  expect(page.match(/there is no complete backup/g)).toHaveLength(2);
});

test('limits that could not be read are there, and no source without limits is OK', () => {
  const proven = { test: { verdict: 'passed', testedAt: NOW.toISOString() } as const };
  const sources = [backup('blog', 90, proven), backup('shop', 0, proven)];
  const limits = new Map([['shop', { provenAgeSeconds: 90_000 }]]);
  const objectivesFault = 'limits could not be read: ages were not judged: <why>';
  const data = reportData('shop-backups', sources, limits, NOW, { objectivesFault });
  expect(data.objectivesFault).toBe(objectivesFault);
  const page = pageOf(data);
  expect(page).toContain('limits could not be read: ages were not judged: &lt;why&gt;');
  expect(page).toContain('<b>1 of 2</b>sources without problems');
  expect(page.match(/age not judged|✓ OK/g)).toEqual(['age not judged', '✓ OK']);
  expect(pageOf(reportData('shop-backups', [], new Map(), NOW, { objectivesFault }))).not.toContain(
    'none are expected',
  );
});

describe('what AWS Backup backs up', () => {
  const managed = { resource: 'arn:aws:s3:::media', vault: 'acme-vault', plan: 'acme-plan' };
  const limits = new Map<string, SourceObjectives>([
    ['media', { provenAgeSeconds: 90_000, allowedAgeSeconds: 90_000, tests: 'off', managed }],
  ]);
  const problems = (points: readonly ListedRecoveryPoint[], faults: ReadonlyMap<string, string> = new Map()) =>
    reportData('shop-backups', [], limits, NOW, { managed: { points, faults } }).sources.map((one) => one.problems);

  test.each([
    [
      'is late',
      [recoveryPoint(2, { state: 'partial' }), recoveryPoint(9)],
      'the newest recovery point is 9 days 5 hours old, the limit is 25 hours',
    ],
    ['has none that is complete', [recoveryPoint(0, { state: 'partial' })], 'there is no complete recovery point'],
    ['has none', [], 'there is no complete recovery point'],
  ])('%s', (_, points, sentence) => {
    expect(problems(points)).toEqual([[sentence]]);
  });

  test('and cannot be listed', () => {
    expect(problems([], new Map([['media', 'not allowed']]))).toEqual([['not allowed']]);
  });
});

describe('the command', () => {
  let account: RestoreAccount;
  let aws: StandIn;
  let folder: string;
  beforeEach(async () => {
    ({ account, aws } = await RestoreAccount.start());
    folder = temporaryDirectory('report');
  });
  afterEach(async () => {
    await aws.stop();
    fs.rmSync(folder, { recursive: true });
  });
  const report = (...more: string[]) =>
    cli([
      'report',
      '--bucket',
      'shop-backups',
      '--source',
      'shop',
      '--output',
      path.join(folder, 'report.html'),
      ...more,
    ]);

  test('writes the page, and the data of which it has the hash', async () => {
    account.prove(NEW);
    const { code, out } = await report();
    expect(code).toBe(0);
    const data = fs.readFileSync(path.join(folder, 'report.json'));
    const sha256 = createHash('sha256').update(data).digest('hex');
    expect(out).toBe(
      `Wrote ${folder}/report.html about 1 source with 2 backups.\nIts data is ${folder}/report.json, with the SHA-256 ${sha256}.\n`,
    );
    expect(fs.readFileSync(path.join(folder, 'report.html'), 'utf8')).toContain(sha256);
    expect(JSON.parse(data.toString())).toMatchObject({
      bucket: 'shop-backups',
      sources: [{ source: 'shop', problems: [] }],
    });
  });

  test('needs attention if there is a problem, and says which', async () => {
    account.objects.delete(manifestOf(NEW).objects[0]!.key);
    const { code, out } = await report();
    expect(code).toBe(3);
    expect(out).toContain(`problem shop: backup ${NEW} is damaged`);
  });

  test('needs attention if limits could not be read', async () => {
    account.directory.push({ Name: '/proven-backups/shop-backups/alarms/shop', Value: '{' });
    const { code, out } = await report();
    expect(code).toBe(3);
    expect(out).toMatch(/^problem limits could not be read: ages were not judged: the settings \S+ are not JSON: /m);
    expect(fs.readFileSync(path.join(folder, 'report.html'), 'utf8')).toContain('ages were not judged');
  });

  test('has what AWS Backup backs up, also alone', async () => {
    const managed = { resource: 'arn:aws:s3:::media', vault: 'acme-vault', plan: 'acme-plan' };
    const sources = { media: { allowedAgeSeconds: 90_000, tests: 'off', managed } };
    account.directory.push({ Name: '/proven-backups/shop-backups/alarms/shop', Value: JSON.stringify({ sources }) });
    const answer = account.answer.bind(account);
    const RecoveryPoints = [
      { RecoveryPointArn: 'arn:aws:backup:eu-west-1:1:recovery-point:1', Status: 'COMPLETED', CreationDate: 1 },
    ];
    account.answer = (asked) =>
      asked.path.startsWith('/backup-vaults/acme-vault/') ? { body: { RecoveryPoints } } : answer(asked);
    const { code, out } = await report('--source', 'media');
    expect(code).toBe(3);
    expect(out).toMatch(/^problem media: the newest recovery point is \d+ days old, the limit is 25 hours$/m);
  });

  test('refuses a source that nobody knows, and writes nothing', async () => {
    const { code, err } = await report('--source', 'shpo');
    expect({ code, err }).toEqual({
      code: 1,
      err: 'error: bucket shop-backups has no source shpo: known are shop, wiki\n',
    });
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test('does not write the data over the page, nor where it may not', async () => {
    expect((await report('--json', path.join(folder, 'report.html'))).code).toBe(2);
    const { code, err } = await report('--json', path.join(folder, 'nowhere', 'data.json'));
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('could not write ') as string });
  });
});
