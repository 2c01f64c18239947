import * as fs from 'node:fs';
import * as path from 'node:path';
import { generateX25519Identity } from 'age-encryption';
import type { Verdict } from '../../../catalog/bucket/verdict';
import type { ProveReport, ProveRequest, UnstartedTest } from '../../../catalog/contract/restore-tests';
import type { ProveJob } from '../../../catalog/contract/task';
import { registerEngine } from '../../../engines/facts';
import { SQLITE_FACTS } from '../../../engines/sqlite/facts';
import { temporaryDirectory } from '../../support/processes';
import type { Answer, Asked, Ran } from './cli-support';
import { cli, directoryParameter, isolateEnvironment, StandIn } from './cli-support';
import { failedLine, line, LOG_GROUP, manifestOf, NEW, OLD, RestoreAccount, talk } from './restore-support';
import { BUCKET, CLUSTER } from './run-support';

/** In place of the program that ships: logs what a test says. */
const mockProgram = { file: '' };
jest.mock('../../../bin/cli/program-run/program-file', () => ({ programFile: () => mockProgram.file }));

isolateEnvironment();

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/k';
const PASSED: Verdict = {
  formatVersion: 1,
  verdict: 'passed',
  testedAt: '2026-11-20T05:00:00Z',
  serverVersion: '10.11.19-MariaDB',
  engine: 'mariadb',
  checks: [
    { check: 'bytes', result: 'passed', compared: 2 },
    { check: 'rows', result: 'passed', compared: 42, left: [{ why: 'budget', count: 3 }] },
    { check: 'expectations', result: 'not-run', compared: 0 },
  ],
  ...{ tables: 42, rows: 1_204_511, loadSeconds: 192.4, bytes: 341_902_211, uncompressedBytes: 1_512_345_678 },
};
const FAILED: Verdict = {
  ...PASSED,
  verdict: 'failed',
  checks: [{ check: 'inventory', result: 'failed', compared: 120 }],
  differences: [
    { check: 'inventory', object: 'trigger shop.orders_bi', kind: 'missing' },
    {
      check: 'rows',
      object: 'shop.orders',
      kind: 'rows',
      rows: { differing: 2, of: 1_204_511 },
      first: { key: 'id 17', column: 'note' },
    },
  ],
  differenceCount: 7,
};
const UNTESTED: Verdict = {
  formatVersion: 1,
  verdict: 'not-run',
  testedAt: '2026-11-20T05:00:00Z',
  reason: { kind: 'image-lacks', object: 'extension postgis' },
};
const verdictLine = (verdict: object): string => line('verdict', { verdict });
const progress = line('progress', {
  progress: { phase: 'dumping', bytes: 50, totalBytes: 100, bytesPerSecond: 12_582_912, secondsLeft: 13 },
});

/** An account whose function starts restore tests. */
class ProveAccount extends RestoreAccount {
  readonly asked: ProveRequest[] = [];
  unstarted: UnstartedTest[] = [];

  override answer(asked: Asked): Answer | undefined {
    if (asked.method === 'HEAD') return { headers: { 'x-amz-server-side-encryption-aws-kms-key-id': KEY } };
    if (!asked.path.endsWith('/functions/tests/invocations')) return super.answer(asked);
    const request = JSON.parse(asked.body) as ProveRequest;
    this.asked.push(request);
    const { source = '', backupId = NEW } = request;
    const report = (started: ProveReport['started']): Answer => ({
      body: { bucket: BUCKET, dryRun: false, started, unstarted: this.unstarted },
    });
    if (this.unstarted.length > 0) return report([]);
    this.start({ taskDefinition: 'Shop-_prove0', startedBy: 'tests' });
    const task = `${CLUSTER.replace(':cluster/', ':task/')}/0123456789abcdef0123456789abcde${this.started.length - 1}`;
    const size = { cpu: 1024, memoryMiB: 2048, ephemeralGiB: 21 };
    return report([{ source, backupId, task, cluster: CLUSTER, logGroup: LOG_GROUP, ...size }]);
  }
}

let account: ProveAccount;
let aws: StandIn;
beforeEach(async () => {
  account = new ProveAccount();
  account.directory = [
    directoryParameter('shop', { functions: { restoreTests: 'tests' }, sources: { shop: {} } }),
    directoryParameter('other', { sources: { wiki: {} } }),
  ];
  aws = new StandIn((asked) => account.answer(asked));
  await aws.start();
});
afterEach(() => aws.stop());

const PROVE = ['prove', '--bucket', BUCKET];
const prove = (...more: string[]): Promise<Ran> => cli([...PROVE, '--source', 'shop', ...more]);
const ended = (exitCode: number, ...log: string[]) => ({ log: [log], container: { exitCode } });

describe('in a task', () => {
  test('a backup that passes is proven: what was compared, what was not, and how long the restore took', async () => {
    account.scripts = [{ log: [[progress], [verdictLine(PASSED)]] }];
    const { code, out, err } = await prove();
    expect({ code, asked: account.asked }).toEqual({ code: 0, asked: [{ source: 'shop' }] });
    expect(out.replace(/https:\S+/g, '…')).toBe(
      [
        `Started a restore test of backup ${NEW} of shop.`,
        '  task  …',
        '  log   …',
        `PROVEN: backup ${NEW} of shop restores, and is what was dumped.`,
        '  restored  in 3 min 12 s: 42 tables, 1,204,511 rows, 326.1 MiB stored, 1.4 GiB before compression',
        '  server    MariaDB 10.11.19-MariaDB',
        '',
        'check         result   compared                 not compared',
        'bytes         passed   2 objects of the backup  -',
        'rows          passed   42 tables                3: digests of all tables would have taken too long',
        'expectations  not run  -                        -',
        '',
      ].join('\n'),
    );
    expect(out).toContain('log-events/_prove$252Fbackup$252F');
    expect(err).toContain(
      `testing backup ${NEW}, Ctrl-C leaves it alone …\nthe task is running …\ndumping 50 % 50 B of 100 B, 12.0 MiB/s, 13 s left`,
    );
  });

  test('a backup that fails ends with 1, and each difference in words', async () => {
    account.scripts = [ended(20, verdictLine(FAILED), failedLine('7 differences', 'notProven', 20))];
    const { code, out, err } = await prove('--backup', OLD);
    expect({ code, asked: account.asked }).toEqual({ code: 1, asked: [{ source: 'shop', backupId: OLD }] });
    expect(out).toContain(
      [
        `NOT PROVEN: backup ${OLD} of shop does not restore as it was dumped: 7 differences.`,
        '  trigger shop.orders_bi: missing',
        '  shop.orders: 2 of 1,204,511 rows differ; first: id 17, column note',
        '  and 5 more\n',
      ].join('\n'),
    );
    expect(err).toContain(`error: backup ${OLD} of shop is NOT PROVEN: `);
  });

  test('a test that could not run has its own exit code, and proves nothing', async () => {
    account.scripts = [
      ended(21, verdictLine(UNTESTED), failedLine('extension postgis is not in the image', 'notTested', 21)),
    ];
    const { code, out, err } = await prove();
    expect(code).toBe(5);
    expect(out).toContain(`NOT TESTED: backup ${NEW} of shop: extension postgis is not in the image.\n`);
    expect(err).toContain(
      'could not run to its end (exit code 21), and says nothing about the backup: extension postgis',
    );
  });

  test.each<[string, object]>([
    ['was killed', { log: [[]], container: { exitCode: 137, reason: 'OutOfMemoryError: killed' } }],
    ['never started', { log: [[]], container: {}, stopped: { stopCode: 'TaskFailedToStart', startedAt: undefined } }],
    // What it says is not stored.
    ['passed, and could not store that', ended(14, verdictLine(PASSED), failedLine('S3 refused', 'uploadFailed', 14))],
  ])('a test that %s proves nothing', async (_, script) => {
    account.scripts = [script];
    const { code, out } = await prove('--json');
    expect({ code, outcome: (JSON.parse(out) as { outcome: string }).outcome }).toEqual({
      code: 5,
      outcome: 'not-run',
    });
  });

  test('JSON has the verdict as it is stored', async () => {
    account.scripts = [ended(20, verdictLine(FAILED), failedLine('7 differences', 'notProven', 20))];
    const { code, out } = await prove('--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      outcome: 'failed',
      bucket: BUCKET,
      source: 'shop',
      backup: NEW,
      verdict: FAILED,
    });
  });

  test('Ctrl-C leaves it alone', async () => {
    account.scripts = [{ log: [[progress]], untilStopped: [] }];
    const { code, err } = await talk([...PROVE, '--source', 'shop'], [[/dumping/, 'Ctrl-C']]);
    expect(code).toBe(4);
    expect(err).toContain('the restore test goes on: follow it with aws logs tail ShopBackups-Log');
  });

  test.each<[UnstartedTest['why'], number, string]>([
    ['too-large', 5, 'needs 310 GiB of disk'],
    ['archived', 5, 'is in an archive of S3'],
    ['no-backup', 1, 'there is no such backup of shop'],
    ['running', 5, 'a restore test of shop is under way'],
    ['waiting', 5, 'as many restore tests run as may at once'],
    ['refused', 5, 'ECS did not start the restore test of shop: RESOURCE:CPU'],
    ['unreadable', 5, 'cannot be read: RESOURCE:CPU'],
  ])('a test that is not started because of %s ends with %i', async (why, expected, sentence) => {
    account.unstarted = [{ source: 'shop', backupId: NEW, why, neededGiB: 310, said: 'RESOURCE:CPU' }];
    const { code, err } = await prove();
    expect(code).toBe(expected);
    expect(err).toContain(sentence);
  });

  test('of a source that nothing tests says what to do', async () => {
    const { code, err } = await cli([...PROVE, '--source', 'wiki']);
    expect(code).toBe(1);
    expect(err).toContain(
      'nothing tests the backups of source wiki of bucket shop-backups: give its DatabaseBackup a ',
    );
  });

  test('stores its verdict', async () => {
    const { code, err } = await prove('--no-store');
    expect({ code, err }).toEqual({
      code: 2,
      err: 'error: --no-store needs --local: a task in AWS stores its verdict\n',
    });
  });
});

test('an encrypted backup, whose bytes are all there, is not proven', async () => {
  const unprovable = { ...UNTESTED, reason: { kind: 'identity-missing', object: `shop/${NEW}/shop.sql.zst.age` } };
  account.scripts = [ended(0, verdictLine(unprovable))];
  const { code, out, err } = await prove();
  expect(code).toBe(5);
  expect(out).toContain(
    `NOT TESTED: backup ${NEW} of shop: it is encrypted, not provable without an identity: only its stored bytes were checked.`,
  );
  expect(err).toContain(
    `backup ${NEW} of shop is encrypted: all its stored bytes are there, and nothing more was tested: give the source proveWith, or use --local --identity`,
  );
  expect((await prove('--identity', 'key.txt')).err).toContain('--identity needs --local');
});

describe('on this machine', () => {
  registerEngine('toy', {
    ...SQLITE_FACTS,
    restoreTools: [],
    proof: { diskPerByte: 2, diskBytes: 1, memoryMiB: 1, tools: ['toy-check'] },
  });
  let folder: string;
  beforeEach(() => {
    folder = temporaryDirectory('prove');
    mockProgram.file = path.join(folder, 'main.js');
    fs.writeFileSync(path.join(folder, 'toy-check'), '');
    process.env.PATH = folder;
    account.add(manifestOf(NEW, { engine: 'toy' }));
    account.prove(OLD);
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  const runs = (code: number, ...lines: string[]): void =>
    fs.writeFileSync(
      mockProgram.file,
      `require('node:fs').writeFileSync(__dirname + '/job', process.env.BACKUP_JOB); require('node:fs').writeFileSync(__dirname + '/identity', process.env.BACKUP_IDENTITY ?? ''); ${lines.map((one) => `console.log(${JSON.stringify(one)});`).join(' ')} process.exitCode = ${code};`,
    );
  const job = (): ProveJob => JSON.parse(fs.readFileSync(path.join(folder, 'job'), 'utf8')) as ProveJob;

  test('the newest backup is tested by the program, with the key of its manifest', async () => {
    runs(0, progress, verdictLine(PASSED));
    const { code, out, err } = await prove('--local');
    expect({ code, err: err.split('\n')[0] }).toEqual({ code: 0, err: `testing backup ${NEW}, Ctrl-C stops it …` });
    expect(out).toContain(`PROVEN: backup ${NEW} of shop`);
    const scratchDirectory = expect.stringContaining('proven-backups-') as string;
    expect(job()).toEqual({
      ...{ action: 'prove', source: 'shop', backupId: NEW, bucket: BUCKET, keyArn: KEY, timeoutSeconds: 604_800 },
      ...{ scratchDirectory, store: 'if-allowed' },
    });
    expect(fs.existsSync(job().scratchDirectory)).toBe(false);
    expect(account.asked).toEqual([]);
  });

  test('a private key is given to the program', async () => {
    runs(0, verdictLine(PASSED));
    const secret = await generateX25519Identity();
    fs.writeFileSync(path.join(folder, 'key.txt'), secret);
    expect((await prove('--local', '--identity', path.join(folder, 'key.txt'))).code).toBe(0);
    expect(fs.readFileSync(path.join(folder, 'identity'), 'utf8')).toBe(secret);
    expect(JSON.stringify(job())).not.toContain(secret);
  });

  test('and nothing is stored with --no-store', async () => {
    runs(20, verdictLine(FAILED), failedLine('7 differences', 'notProven', 20));
    expect((await prove('--local', '--no-store')).code).toBe(1);
    expect(job().store).toBe('never');
  });

  test('whoever may not store the verdict is told, and it counts all the same', async () => {
    runs(0, verdictLine(PASSED), line('verdict-not-stored', {}, 'the verdict was not stored: AccessDenied'));
    const { code, err } = await prove('--local');
    expect(code).toBe(0);
    expect(err).toContain('the verdict was not stored: AccessDenied\n');
  });

  test('a machine without the programs of the engine proves nothing', async () => {
    runs(0);
    fs.rmSync(path.join(folder, 'toy-check'));
    const { code, err } = await prove('--local');
    expect(code).toBe(1);
    expect(err).toContain('--local needs toy-check of SQLite, which is not in PATH');
  });

  test('an engine that no version can test is told', async () => {
    account.add(manifestOf(NEW, { engine: 'oracle' }));
    const { code, err } = await prove('--local');
    expect(code).toBe(5);
    expect(err).toContain('is of the engine oracle, of which this version of cdk-proven-backups can test none');
  });
});
