/** Ctrl-C, what is replaced, and what lies in an archive. */
import type { StandIn } from './cli-support';
import { isolateEnvironment } from './cli-support';
import { LOG_GROUP } from './run-support';
import type { Deed, Script } from './restore-support';
import {
  existing,
  failedLine,
  line,
  look,
  manifestOf,
  NEW,
  planLine,
  progressLine,
  RESTORE,
  RestoreAccount,
  restoredLine,
  SAFETY,
  talk,
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

const asked = (operation: string) => aws.asked.filter(({ target }) => target?.endsWith(`.${operation}`));
const again = `proven-backups restore --bucket shop-backups --source shop --backup ${NEW}`;

describe('Ctrl-C', () => {
  const working: Script = {
    log: [[planLine(), progressLine()]],
    untilStopped: [
      line('target-state', { state: 'partial' }),
      failedLine('the restore was interrupted by SIGTERM', 'interrupted', 143),
    ],
  };
  const QUESTION = /Type stop to stop it, leave to leave it alone, anything else to go on watching: $/;
  const LEFT = `the restore goes on: follow it with aws logs tail ${LOG_GROUP} --log-stream-names shop/backup/0123456789abcdef0123456789abcde1 --follow --region eu-west-1\n`;

  test('and stop: the task is stopped, and the command tells what it left', async () => {
    account.scripts = [look(), working];
    const { code, err } = await person(
      [
        [/loading 49 %/, 'Ctrl-C'],
        [QUESTION, 'stop'],
      ],
      '--yes',
    );
    expect(code).toBe(1);
    expect(asked('StopTask').map(({ body }) => JSON.parse(body) as object)).toEqual([
      expect.objectContaining({ reason: 'Ctrl-C in proven-backups restore' }),
    ]);
    expect(err).toContain('stopping the restore …\n');
    expect(err).toContain('failed with exit code 143 (interrupted): the restore was interrupted by SIGTERM\n');
    expect(err).toContain(`  next     ${again} --overwrite\n`);
  });

  test.each<[string, Deed[]]>([
    ['and leave', [[QUESTION, 'leave']]],
    ['and the end of the input', [[QUESTION, 'end of input']]],
    ['twice', [[QUESTION, 'Ctrl-C']]],
  ])('%s: the task goes on, and the command says how to follow it', async (_, deeds) => {
    account.scripts = [look(), working];
    const { code, err } = await person([[/loading 49 %/, 'Ctrl-C'], ...deeds], '--yes');
    expect(code).toBe(4);
    expect(err).toContain(LEFT);
    expect(asked('StopTask')).toEqual([]);
    expect(process.listenerCount('SIGINT')).toBe(0);
  });

  test('and anything else: the command goes on watching', async () => {
    account.scripts = [look(), { log: [[planLine(), progressLine()], [], [restoredLine()]] }];
    const { code, out } = await person(
      [
        [/loading 49 %/, 'Ctrl-C'],
        [QUESTION, 'what?'],
      ],
      '--yes',
    );
    expect(code).toBe(0);
    expect(out).toContain('was restored into shop');
  });

  test('without a terminal leaves the task', async () => {
    account.scripts = [look(), working];
    const { code, out, err } = await talk([...RESTORE, '--yes', '--json'], [[/loading 49 %/, 'Ctrl-C']], false);
    expect(code).toBe(4);
    expect(JSON.parse(out)).toMatchObject({ outcome: 'left' });
    expect(err).toContain(LEFT);
  });

  test('and stop, which AWS does not allow: the command goes on watching', async () => {
    account.mayStop = false;
    account.scripts = [look(), { log: [[planLine(), progressLine()], [], [], [restoredLine()]] }];
    const { code, err } = await person(
      [
        [/loading 49 %/, 'Ctrl-C'],
        [QUESTION, 'stop'],
      ],
      '--yes',
    );
    expect(code).toBe(0);
    expect(err).toMatch(/^problem not allowed to stop the task: .* this needs ecs:StopTask/m);
  });
});

describe('--overwrite', () => {
  const safety = manifestOf(SAFETY, { trigger: 'before-restore', scheduledTime: undefined });
  const WORK: Script = { log: [[planLine({ targets: existing() }), restoredLine()]] };
  const there = look({ targets: existing() });

  test('makes a safety backup, has the name typed, and says how to go back', async () => {
    account.scripts = [there, { makes: safety }, WORK];
    const { code, out, err } = await person([[/Type its name \(shop\): $/, 'shop']], '--overwrite');
    expect(code).toBe(0);
    expect(err).toContain(
      'Restore shop as of 2026-11-20 02:00 UTC into shop? It REPLACES what is there, after a safety backup. Type its name (shop): ',
    );
    expect(account.started.map(({ request }) => request.taskDefinition)).toEqual([
      'ShopBackups-Backups-shop_restore',
      'ShopBackups-Backups-shop',
      'ShopBackups-Backups-shop_restore',
    ]);
    expect(account.started[1]!.request.overrides!.containerOverrides).toEqual([
      { name: 'backup', environment: [{ name: 'BACKUP_TRIGGER', value: 'before-restore' }] },
    ]);
    expect(account.requests[1]).toEqual({ backupId: NEW, overwrite: ['shop'] });
    expect(out).toContain(`Safety backup ${SAFETY} of shop is complete.\n`);
    expect(out).toContain(
      `To go back: proven-backups restore --bucket shop-backups --source shop --backup ${SAFETY} --overwrite\n`,
    );
  });

  test('goes back to what was replaced only: the other databases of the source have changed since', async () => {
    const [object] = safety.objects;
    const all = { ...safety, objects: [{ ...object!, databases: ['blog', 'shop'] }] };
    account.scripts = [there, { makes: all }, WORK];
    const { out } = await restore('--overwrite', '--yes', '--databases', 'shop');
    expect(out).toMatch(/^To go back: .* --backup \S+ --databases shop --overwrite$/m);
  });

  test.each([['yes'], ['Shop'], ['end of input']])('changes nothing when somebody types %s', async (typed) => {
    account.scripts = [there];
    const { code, out } = await person([[/Type its name/, typed]], '--overwrite');
    expect(code).toBe(1);
    expect(out).toMatch(/Nothing was restored\.\n$/);
    expect(account.started).toHaveLength(1);
  });

  test('asks nobody with --yes', async () => {
    account.scripts = [there, { makes: safety }, WORK];
    const { code, out } = await restore('--overwrite', '--yes', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ outcome: 'restored', safetyBackup: SAFETY });
  });

  test.each<[string, () => void, RegExp]>([
    [
      'fails',
      () =>
        (account.scripts[1] = {
          log: [[failedLine('access denied', 'connection', 11)]],
          container: { exitCode: 11 },
        }),
      /there is no safety backup, so nothing was replaced: the run of shop failed with exit code 11 \(connection\): access denied/,
    ],
    [
      'cannot be started',
      () => (account.scripts = [there]),
      /there is no safety backup, so nothing was replaced: ECS did not start a run of shop/,
    ],
    [
      'leaves no backup',
      () => (account.scripts[1] = {}),
      /there is no safety backup, so nothing was replaced: bucket shop-backups has no backup of its run/,
    ],
    [
      'is of another database than that which would be replaced',
      () =>
        (account.scripts[1] = {
          makes: { ...safety, objects: [{ ...safety.objects[0]!, databases: ['blog'] }] },
        }),
      new RegExp(
        `the safety backup ${SAFETY} of shop does not hold shop, so nothing was replaced: choose another name with --as, or remove shop by hand`,
      ),
    ],
    [
      'is without what the source leaves out',
      () => (account.scripts[1] = { makes: { ...safety, leftOut: ['excludeSchemas', '--exclude-table=log'] } }),
      /is without what the source leaves out \(excludeSchemas, --exclude-table=log\), so nothing was replaced/,
    ],
  ])('stops if the safety backup %s', async (_, change, sentence) => {
    account.scripts = [there, { makes: safety }, WORK];
    change();
    const { code, err } = await restore('--overwrite', '--yes');
    expect(code).toBe(1);
    expect(err).toMatch(sentence);
    expect(account.requests.every(({ dryRun }) => dryRun)).toBe(true);
  });

  test('of nothing that exists needs no safety backup, and replaces nothing that appears meanwhile', async () => {
    account.scripts = [look(), { log: [[planLine(), restoredLine()]] }];
    expect((await restore('--overwrite', '--yes')).code).toBe(0);
    expect(account.requests).toEqual([{ backupId: NEW, dryRun: true }, { backupId: NEW }]);
  });

  test('tells how to go back when the restore fails as well', async () => {
    const work = {
      log: [[planLine({ targets: existing() }), line('target-state', { state: 'partial' }), failedLine('disk full')]],
      container: { exitCode: 16 },
    };
    account.scripts = [there, { makes: safety }, work];
    const { err } = await restore('--overwrite', '--yes');
    expect(err).toContain(
      `  go back  proven-backups restore --bucket shop-backups --source shop --backup ${SAFETY} --overwrite\n`,
    );
  });
});

describe('a backup in an archive', () => {
  const key = `shop/${NEW}/shop.sql.zst`;
  const retrievals = () => aws.asked.filter(({ method, path }) => method === 'POST' && path.includes('restore'));
  beforeEach(() => void (account.classes[key] = 'DEEP_ARCHIVE'));

  test('is retrieved first, when a person wants to pay for it', async () => {
    account.add(manifestOf(NEW, { objects: [{ ...manifestOf(NEW).objects[0]!, bytes: 10 }] }));
    const { code, out, err } = await person([[/Type yes: $/, 'yes']]);
    expect(code).toBe(4);
    expect(err).toContain('Retrieve it by bulk: ready after 48 hours, for less than 0.01 USD? Type yes: ');
    expect(out).toContain('  storage DEEP_ARCHIVE\n');
    expect(out).toMatch(/^not asked for +1 +10 B$/m);
    expect(out).toMatch(/^bulk +48 hours +less than 0\.01 USD$/m);
    expect(out).toMatch(/^standard +12 hours +less than 0\.01 USD$/m);
    expect(out).not.toMatch(/^expedited/m);
    expect(out).toMatch(new RegExp(`\nThe retrieval has begun: ready after 48 hours\\.\nThen run: ${again}\n$`));
    expect(retrievals().map(({ body }) => body)).toEqual([
      expect.stringMatching(/<Days>3<\/Days><GlacierJobParameters><Tier>Bulk<\/Tier>/),
    ]);
    expect(account.started).toEqual([]);
  });

  test('is under way: a second call says so, and asks for nothing', async () => {
    account.retrievals[key] = 'ongoing-request="true"';
    const { code, out } = await restore('--yes', '--tier', 'standard');
    expect(code).toBe(4);
    expect(out).toMatch(/^under way +1 +10 B$/m);
    expect(out).toContain(`\nThe retrieval is under way.\nThen run: ${again} --tier standard\n`);
    expect(retrievals()).toEqual([]);
  });

  test('is ready: the restore goes on', async () => {
    account.retrievals[key] = 'ongoing-request="false", expiry-date="Fri, 27 Nov 2026 00:00:00 GMT"';
    account.scripts = [look(), { log: [[planLine(), restoredLine()]] }];
    expect((await restore('--yes')).code).toBe(0);
  });

  test('is a document for programs', async () => {
    const { code, out } = await restore('--yes', '--json');
    expect(code).toBe(4);
    expect(JSON.parse(out)).toMatchObject({
      outcome: 'retrieving',
      retrieval: {
        outcome: 'under-way',
        archived: { objects: 1, bytes: 10 },
        price: { tier: 'bulk', wait: '48 hours' },
      },
    });
  });

  test('stays there when nobody wants to pay', async () => {
    const { code, out } = await person([[/Type yes: $/, 'no']]);
    expect(code).toBe(1);
    expect(out).toMatch(/Nothing was retrieved, and nothing was restored\.\n$/);
    expect(retrievals()).toEqual([]);
  });

  test('is planned with the price of its retrieval, and without a look at the target', async () => {
    const { code, out } = await restore('--dry-run');
    expect(code).toBe(0);
    expect(out).toMatch(/\nnote the target is looked at when all of the backup can be read\n$/);
    expect(JSON.parse((await restore('--dry-run', '--json')).out)).toMatchObject({
      ...{ outcome: 'planned', retrieval: { outcome: 'needed' } },
    });
    expect(retrievals()).toEqual([]);
    expect(account.started).toEqual([]);
  });

  test('has no expedited retrieval', async () => {
    const { code, err } = await restore('--yes', '--tier', 'expedited');
    expect(code).toBe(1);
    expect(err).toContain('DEEP_ARCHIVE has no expedited retrieval: choose --tier bulk or standard');
  });

  test('does not matter if the chosen databases lie elsewhere', async () => {
    const [object] = manifestOf(NEW).objects;
    const blog = { ...object!, key: `shop/${NEW}/blog.sql.zst`, databases: ['blog'] };
    account.add(manifestOf(NEW, { objects: [object!, blog] }));
    account.scripts = [look()];
    const { out } = await restore('--dry-run', '--databases', 'blog', '--json');
    expect(JSON.parse(out)).not.toHaveProperty('retrieval');
  });
});

test('a restore that cannot be followed may go on, and the command says how to follow it', async () => {
  account.scripts = [look(), { log: [[planLine(), progressLine()], [line('restored', { report: {} })]] }];
  const { code, out, err } = await restore('--yes', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ outcome: 'left' });
  expect(err).toMatch(
    /error: the restore may go on, but cannot be followed here: the log of the restore cannot be read: .*: follow it with aws logs tail /,
  );
});
