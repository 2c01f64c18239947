import type { StandIn } from './cli-support';
import { main } from '../../../bin/cli/program';
import { captured, cli, isolateEnvironment } from './cli-support';
import {
  existing,
  failedLine,
  line,
  look,
  manifestOf,
  SAFETY,
  NEW,
  OLD,
  planLine,
  planOf,
  progressLine,
  reportOf,
  RESTORE,
  RestoreAccount,
  restoredLine,
  person,
  restore,
} from './restore-support';

isolateEnvironment();

let account: RestoreAccount;
let aws: StandIn;
beforeEach(async () => {
  ({ account, aws } = await RestoreAccount.start());
});
afterEach(() => aws.stop());

const WORK = { log: [[planLine(), progressLine(), restoredLine()]] };

describe('the plan', () => {
  test('shows which backup goes where, what is there, and what a person must know', async () => {
    account.prove(NEW);
    const notes = [{ kind: 'unknown-definers', objects: ["'app'@'%'"], database: 'shop' }];
    account.scripts = [look({ notes, targets: [...planOf().targets, { ...existing('blog')[0]!, database: 'blog' }] })];
    const { code, out, err } = await restore('--dry-run', '--overwrite');
    expect({ code, err }).toEqual({ code: 0, err: 'looking at the target …\n' });
    expect(out).toMatch(
      new RegExp(
        [
          '^Restore shop from bucket shop-backups',
          `  backup  ${NEW}, .* old, made by the schedule`,
          '  proven  yes, 2026-11-20T05:00:00Z',
          '  from    MariaDB 10\\.11\\.19-MariaDB',
          '  storage STANDARD',
          '  into    MariaDB 10\\.11\\.20-MariaDB',
          '  reads   326\\.1 MiB, 1\\.4 GiB when decompressed',
          '  failure may leave a part: the command says what',
          '',
          'in the backup +becomes +there now +tables +rows',
          'shop +shop +nothing +42 +1,204,511',
          'blog +blog +EXISTS, with book, orders +42 +1,204,511',
          '',
          "note shop: .*'app'@'%'.*",
          '$',
        ].join('\n'),
      ),
    );
    for (const text of out.split('\n').filter((one) => !one.startsWith('note '))) expect(text.length).toBeLessThan(81);
  });

  test('comes from a look that changes nothing, by the newest task that restores, never on Spot', async () => {
    account.scripts = [look()];
    await restore('--dry-run', '--tables', 'shop.book,shop.orders', '--as', 'rescued', '--jobs', '2', '--stream');
    expect(account.started.map(({ request }) => request)).toEqual([
      expect.objectContaining({
        ...{ taskDefinition: 'ShopBackups-Backups-shop_restore', launchType: 'FARGATE' },
        startedBy: 'proven-backups/restore',
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: ['subnet-1', 'subnet-2'],
            securityGroups: ['sg-2'],
            assignPublicIp: 'DISABLED',
          },
        },
      }),
    ]);
    expect(account.requests).toEqual([
      {
        ...{ backupId: NEW, tables: ['shop.book', 'shop.orders'], as: 'rescued', jobs: 2, stream: true },
        dryRun: true,
      },
    ]);
  });

  test('is a document for programs', async () => {
    account.scripts = [look()];
    const { code, out } = await restore('--dry-run', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      ...{ outcome: 'planned', bucket: 'shop-backups', source: 'shop', backup: NEW, plan: planOf() },
      notes: [`no restore test has proven backup ${NEW}`],
    });
  });

  test('is of the newest proven backup, or of the one that is named, or of the newest up to a time', async () => {
    account.prove(OLD);
    account.scripts = [look(), look(), look()];
    expect((await restore('--dry-run')).out).toContain('note a newer backup exists, which no restore test has proven');
    await restore('--dry-run', '--backup', NEW);
    await restore('--dry-run', '--at', '2026-11-20T01:59');
    expect(account.requests.map(({ backupId }) => backupId)).toEqual([OLD, NEW, OLD]);
  });

  test('is not of what a restore has replaced, unless that is named, or there is nothing else', async () => {
    account.add({ ...manifestOf(SAFETY), trigger: 'before-restore' });
    account.scripts = [look(), look(), look()];
    expect((await restore('--dry-run')).out).toContain(`note backup ${SAFETY} is newer, but a safety backup: `);
    await restore('--dry-run', '--backup', SAFETY);
    for (const id of [OLD, NEW]) account.objects.delete(`shop/${id}/manifest.json`);
    await restore('--dry-run');
    expect(account.requests.map(({ backupId }) => backupId)).toEqual([NEW, SAFETY, SAFETY]);
  });

  test('says that a backup was never proven', async () => {
    account.scripts = [look()];
    const { out } = await restore('--dry-run');
    expect(out).toContain('  proven  no: there was no restore test\n');
    expect(out).toContain(`note no restore test has proven backup ${NEW}\n`);
  });

  test('ends with 3 if something is there that nobody wants to replace', async () => {
    account.scripts = [look({ targets: existing() })];
    const { code, out } = await restore('--dry-run');
    expect(code).toBe(3);
    expect(out).toMatch(
      /^problem shop exists already, and nothing of it was touched: restore beside it with --as, or/m,
    );
  });

  test('of a whole that happens in one transaction says so', async () => {
    account.scripts = [look({ atomic: true })];
    expect((await restore('--dry-run')).out).toContain('failure changes nothing: all happens in one transaction');
  });
});

describe('a person', () => {
  test('is asked, and yes restores', async () => {
    account.scripts = [look(), WORK];
    const { code, out, err } = await person([[/Type yes: $/, 'yes']]);
    expect(code).toBe(0);
    expect(err).toContain('Restore shop as of 2026-11-20 02:00 UTC into shop? Type yes: ');
    expect(err).toContain('loading 49 % 163.0 MiB of 326.1 MiB, 12.0 MiB/s, 13 s left, shop.orders\n');
    expect(out).toMatch(
      /\nshop as of 2026-11-20 02:00 UTC was restored into shop in 3 min 12 s: 42 tables, 1,204,511 rows, all as in the backup\.\n$/,
    );
    expect(account.requests).toEqual([{ backupId: NEW, dryRun: true }, { backupId: NEW }]);
  });

  test('a log whose last lines come after the end of its task is waited for', async () => {
    account.scripts = [look(), { log: [[planLine()], [], [], [restoredLine()]], late: 1 }];
    const { code, out } = await restore('--yes');
    expect(code).toBe(0);
    expect(out).toMatch(/all as in the backup\.\n$/);
  });

  test.each([['no'], ['y'], ['end of input']])('who says %s has changed nothing', async (typed) => {
    account.scripts = [look()];
    const { code, out } = await person([[/Type yes: $/, typed]]);
    expect(code).toBe(1);
    expect(out).toMatch(/\nNothing was restored\.\n$/);
    expect(account.started).toHaveLength(1);
  });

  test.each<[string, string[], RegExp]>([
    [
      'without a terminal',
      [],
      /cannot ask for confirmation, because .* not a terminal: add --yes, or --dry-run to change nothing/,
    ],
    ['with --json', ['--json'], /--json cannot ask for confirmation: add --yes, or --dry-run to change nothing/],
  ])('has to be there: refused %s', async (_, more, sentence) => {
    const { code, err } = await restore(...more);
    expect(code).toBe(2);
    expect(err).toMatch(sentence);
    expect(aws.asked).toEqual([]);
  });

  test('sees a bar in a terminal', async () => {
    account.scripts = [look(), WORK];
    const shown: string[] = [];
    const streams = captured();
    const stderr = { write: (text: string) => shown.push(text), isTTY: true, columns: 80 };
    expect(await main([...RESTORE, '--yes'], { ...streams, stderr })).toBe(0);
    expect(shown).toContain('\r\x1b[Kloading 49 % [====>     ] 163.0 MiB of 326.1 MiB, 12.0 MiB/s, 13 s left, shop.o');
  });
});

describe('the summary', () => {
  test('has what remains to be done, and what could not be compared', async () => {
    const notes = [{ kind: 'passing-events', objects: ['shop.tidy'] }];
    const uncompared = ['shop.a', 'shop.b'];
    account.scripts = [look(), { log: [[planLine(), restoredLine({ notes, uncompared, seconds: 7500 })]] }];
    const { out } = await restore('--yes');
    expect(out).toContain(' in 2 h 5 min: ');
    expect(out).toContain('note rows of 2 tables could not be compared exactly: shop.a, shop.b\n');
    expect(out).toMatch(/^note .*shop\.tidy/m);
  });

  test('is a document for programs', async () => {
    account.scripts = [look(), WORK];
    const { code, out } = await restore('--yes', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      ...{ outcome: 'restored', backup: NEW, plan: planOf(), report: reportOf() },
      links: { log: expect.stringContaining('shop$252Fbackup$252F') as string },
    });
  });

  test('of lines that the log driver has cut is the same', async () => {
    const cut = restoredLine();
    const batch = [planLine().slice(0, 100), planLine().slice(100), cut.slice(0, 50), cut.slice(50, 90), cut.slice(90)];
    account.scripts = [look(), { log: [batch] }];
    expect((await restore('--yes')).code).toBe(0);
  });
});

describe('a failure', () => {
  const failing = (state: string | undefined, message = 'mariadb stopped: disk full') => ({
    log: [
      [planLine(), progressLine()],
      [...(state === undefined ? [] : [line('target-state', { state })]), failedLine(message)],
    ],
    container: { exitCode: 16 },
  });
  const again = `proven-backups restore --bucket shop-backups --source shop --backup ${NEW}`;

  test.each<[string, string | undefined, string, string]>([
    ['unchanged', 'unchanged', 'the target is as it was before', `mend that, then ${again}`],
    ['before it came to the target', undefined, 'the target is as it was before', `mend that, then ${again}`],
    ['partial', 'partial', 'the target has a part of the backup: do not use it', `${again} --overwrite`],
    [
      'complete-but-different',
      'complete-but-different',
      'all was loaded, and the target is not as the backup: do not use it before you know why',
      'compare, or choose another backup: proven-backups list --bucket shop-backups --source shop',
    ],
    [
      'of a state that this version does not know',
      'singed',
      'nobody knows: the target may have a part of the backup',
      `${again} --dry-run shows what is there`,
    ],
  ])('%s says in which state the target is, and what to run next', async (_, state, words, next) => {
    account.scripts = [look(), failing(state)];
    const { code, err } = await restore('--yes');
    expect(code).toBe(1);
    expect(err.slice(err.indexOf('error: '))).toBe(
      `error: the restore of shop failed with exit code 16 (restoreFailed): mariadb stopped: disk full\n  state    ${words}\n  next     ${next}\n`,
    );
  });

  test('leaves a part that no backup holds: it has to be removed by hand', async () => {
    account.scripts = [look(), failing('partial')].map((one) => ({
      ...one,
      log: one.log!.map((batch) => batch.map((text) => text.replace('"name":"shop"', '"name":"shop_restored"'))),
    }));
    const { err } = await restore('--yes', '--as', 'shop_restored');
    expect(err).toContain(`  next     remove shop_restored by hand, then ${again} --as shop_restored\n`);
  });

  test('is a document for programs', async () => {
    account.scripts = [look(), failing('partial')];
    const { code, out } = await restore('--yes', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      outcome: 'failed',
      failure: {
        ...{ exitCode: 16, exitName: 'restoreFailed', message: 'mariadb stopped: disk full', state: 'partial' },
        ...{ reason: { kind: 'client-failed' }, next: `${again} --overwrite` },
      },
    });
  });

  test('of the look touches nothing', async () => {
    account.scripts = [
      { log: [[failedLine('the server was not reached', 'connection', 11)]], container: { exitCode: 11 } },
    ];
    const { code, err } = await restore('--yes');
    expect(code).toBe(1);
    expect(err).toContain(
      'failed with exit code 11 (connection): the server was not reached\n  state    the target is as',
    );
  });

  test('without a last line leaves a state that nobody knows', async () => {
    const container = { exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' };
    account.scripts = [look(), { log: [[planLine(), progressLine()]], container }];
    const { err } = await restore('--yes');
    expect(err).toContain('failed with exit code 137: OutOfMemoryError: Container killed due to memory usage\n');
    expect(err).toContain('  state    nobody knows: the target may have a part of the backup\n');
  });

  test('of a task that never started touches nothing', async () => {
    const stopped = { startedAt: undefined, stopCode: 'TaskFailedToStart', stoppedReason: 'no route to ECR' };
    account.scripts = [look(), { container: { exitCode: undefined }, stopped }];
    const { err } = await restore('--yes');
    expect(err).toContain(
      'the restore of shop did not come to its end: no route to ECR\n  state    the target is as it',
    );
  });

  test('a restored line is no success without the exit code', async () => {
    account.scripts = [look(), { log: [[planLine(), restoredLine()]], container: { exitCode: 1 } }];
    expect((await restore('--yes')).code).toBe(1);
  });

  test('of a program of another version is told', async () => {
    account.scripts = [{ log: [[line('plan', { plan: { new: true } })]] }];
    const { code, err } = await restore('--yes');
    expect(code).toBe(1);
    expect(err).toContain('the log of the restore cannot be read: the program that restores is of another version');
  });
});

const wiki = manifestOf(NEW, {
  source: 'wiki',
  objects: [{ ...manifestOf(NEW).objects[0]!, key: `wiki/${NEW}/wiki.sql.zst` }],
});

test.each<[string, () => void, string[], RegExp]>([
  [
    'a target that has content',
    () => (account.scripts = [look({ targets: existing() })]),
    ['--yes'],
    /error: shop exists already, and nothing of it was touched: restore beside it with --as, or replace it with --overwrite/,
  ],
  [
    'a source without a task that restores',
    () => account.add(wiki),
    ['--yes', '--source', 'wiki'],
    /source wiki of bucket shop-backups has no task that restores: give its DatabaseBackup restore, .* --local; or proven-backups fetch --source wiki --output restore/,
  ],
  [
    'a damaged backup',
    () => account.objects.delete(`shop/${NEW}/shop.sql.zst`),
    ['--yes', '--backup', NEW],
    /backup .* of shop is damaged: .*shop\.sql\.zst is missing: restore another one/,
  ],
  [
    'an engine of the future',
    () => account.add(manifestOf(NEW, { engine: 'oracle' })),
    ['--yes'],
    /is of the engine oracle, which this version of cdk-proven-backups does not know/,
  ],
  ['no capacity', () => undefined, ['--yes'], /ECS did not start a run of shop: RESOURCE:CPU/],
])('refuses %s', async (_, change, more, sentence) => {
  change();
  const { code, err } = await restore(...more);
  expect(code).toBe(1);
  expect(err).toMatch(sentence);
});

test.each<[string[], RegExp]>([
  [['--at', 'yesterday'], /--at must be a time in UTC/],
  [['--backup', 'newest'], /backup must be an id such as/],
  [['--at', '2026-11-20T02:00', '--backup', NEW], /'--backup <id>' cannot be used with option '--at <time>'/],
  [['--databases', 'shop,'], /--databases must be names separated by commas, such as shop,blog, got: "shop,"/],
  [['--tables', 'book'], /--tables needs --as/],
  [['--tables', 'book', '--databases', 'shop', '--as', 'x'], /cannot be used with option/],
  [['--databases', 'shop,blog', '--as', 'x'], /--as is the name of one database, got 2/],
  [['--as', ''], /--as must be a name, got: ""/],
  [['--jobs', '0'], /--jobs must be a whole number from 1 to 16, got: 0/],
  [['--tier', 'quick'], /Allowed choices are bulk, standard, expedited/],
  [['--definer', 'a', '--create-definers'], /cannot be used with option/],
  [['--local'], /--local needs --to/],
  [['--to', 'mysql://a@b', '--no-tls'], /--to and --no-tls can only be given with --local/],
  [['--ca', 'x', '--option-file', 'y'], /--option-file and --ca can only be given with --local/],
])('%j is wrong usage', async (more, sentence) => {
  const { code, err } = await restore('--yes', ...more);
  expect(code).toBe(2);
  expect(err).toMatch(sentence);
  expect(aws.asked).toEqual([]);
});

test('more tables than fit into one request are wrong usage', async () => {
  const tables = Array.from({ length: 900 }, (_, index) => `table_${index}`).join();
  const { code, err } = await restore('--dry-run', '--tables', tables, '--as', 'rescued');
  expect(code).toBe(2);
  expect(err).toContain('names more databases or tables than fit into one request');
  expect(account.started).toEqual([]);
});

test('the help has examples, and fits into 80 columns', async () => {
  const { code, out } = await cli(['restore', '--help']);
  expect(code).toBe(0);
  expect(out).toContain('proven-backups restore --source shop --tables shop.orders --as rescued\n');
  for (const text of out.split('\n')) expect(text.length).toBeLessThan(81);
});
