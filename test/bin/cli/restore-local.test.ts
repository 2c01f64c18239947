import * as fs from 'node:fs';
import * as path from 'node:path';
import { generateX25519Identity } from 'age-encryption';
import type { RestoreJob, RestoreRequest } from '../../../catalog/contract/task';
import { temporaryDirectory } from '../../support/processes';
import type { Ran, StandIn } from './cli-support';
import { cli, isolateEnvironment } from './cli-support';
import type { Deed } from './restore-support';
import {
  existing,
  failedLine,
  line,
  manifestOf,
  NEW,
  planLine,
  progressLine,
  RESTORE,
  RestoreAccount,
  restoredLine,
  talk,
} from './restore-support';

/** In place of the program that ships: does what a test says. */
const mockProgram = { file: '' };
jest.mock('../../../bin/cli/program-run/program-file', () => ({ programFile: () => mockProgram.file }));
const STUB = `
const { RESTORE_REQUEST, BACKUP_JOB, DATABASE_USERNAME, DATABASE_PASSWORD, PROVEN_BACKUPS_PASSWORD } = process.env;
const fs = require('node:fs');
const request = JSON.parse(RESTORE_REQUEST);
const started = { words: process.argv.slice(2), request, job: JSON.parse(BACKUP_JOB), user: DATABASE_USERNAME, password: DATABASE_PASSWORD, leaked: PROVEN_BACKUPS_PASSWORD, identity: process.env.BACKUP_IDENTITY };
fs.appendFileSync(__dirname + '/started', JSON.stringify(started) + '\\n');
const { lines, code = 0, untilInterrupted, said } = JSON.parse(fs.readFileSync(__dirname + (request.dryRun ? '/look' : '/work')));
if (untilInterrupted) {
  setInterval(() => undefined, 1000);
  process.on('SIGINT', () => {
    for (const one of untilInterrupted) console.log(one);
    process.exit(130);
  });
} else process.exitCode = code;
for (const one of lines) console.log(one);
if (said) console.error(said);
`;

interface Stub {
  readonly lines: readonly string[];
  readonly code?: number;
  readonly untilInterrupted?: readonly string[];
  readonly said?: string;
}
interface Started {
  readonly words: readonly string[];
  readonly request: RestoreRequest;
  readonly job: RestoreJob;
  readonly user?: string;
  readonly password?: string;
  readonly leaked?: string;
  readonly identity?: string;
}

isolateEnvironment();

let folder: string;
let account: RestoreAccount;
let aws: StandIn;
beforeEach(async () => {
  folder = temporaryDirectory('local');
  mockProgram.file = path.join(folder, 'main.js');
  fs.writeFileSync(mockProgram.file, STUB);
  fs.writeFileSync(path.join(folder, 'mariadb'), '');
  process.env.PATH = folder;
  does('look', { lines: [planLine()] });
  does('work', { lines: [planLine(), progressLine(), restoredLine()] });
  ({ account, aws } = await RestoreAccount.start());
});
afterEach(async () => {
  await aws.stop();
  fs.rmSync(folder, { recursive: true });
});

const does = (what: 'look' | 'work', stub: Stub): void =>
  fs.writeFileSync(path.join(folder, what), JSON.stringify(stub));
const started = (): Started[] =>
  fs.existsSync(path.join(folder, 'started'))
    ? fs
        .readFileSync(path.join(folder, 'started'), 'utf8')
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text) as Started)
    : [];
const LOCAL = [...RESTORE, '--local', '--to', 'mysql://root@127.0.0.1:3307', '--no-tls'];
const local = (...more: string[]): Promise<Ran> => cli([...LOCAL, ...more]);
const person = (deeds: readonly Deed[], ...more: string[]): Promise<Ran> => talk([...LOCAL, ...more], deeds);
const file = (name: string, text: string): string => {
  fs.writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
};

test('runs the program with the job, the request and the password, and shows what it tells', async () => {
  process.env.PROVEN_BACKUPS_PASSWORD = 's3cret';
  const { code, out, err } = await local('--yes', '--region', 'eu-central-1');
  expect(code).toBe(0);
  expect(out).toContain('  to      root at 127.0.0.1:3307\n');
  expect(out).toMatch(/\nshop as of 2026-11-20 02:00 UTC was restored into shop in 3 min 12 s: /);
  expect(err).toContain('restoring, Ctrl-C stops it …\nloading 49 % ');
  const job = {
    ...{ action: 'restore', source: 'shop', engine: 'mariadb', bucket: 'shop-backups', timeoutSeconds: 604_800 },
    scratchDirectory: expect.stringContaining('proven-backups-') as string,
    server: { host: '127.0.0.1', port: 3307, tls: { mode: 'off', reason: 'the server is on this machine' } },
  };
  const common = { words: ['restore'], job, user: 'root', password: 's3cret' };
  expect(started()).toEqual([
    { ...common, request: { backupId: NEW, dryRun: true } },
    { ...common, request: { backupId: NEW } },
  ]);
  expect(started().some(({ job: { scratchDirectory } }) => fs.existsSync(scratchDirectory))).toBe(false);
  expect(aws.asked.some(({ target }) => target !== undefined)).toBe(false);
});

test('asks for the password, and does not show it', async () => {
  const { code, out, err } = await person([
    [/Password of root at 127\.0\.0\.1:3307: $/, 'typed secret'],
    [/Type yes: $/, 'yes'],
  ]);
  expect(code).toBe(0);
  expect(started().map(({ password }) => password)).toEqual(['typed secret', 'typed secret']);
  expect(out + err).not.toContain('typed secret');
});

test('a person who types no password has done nothing', async () => {
  const { code, err } = await person([[/Password/, '']]);
  expect(code).toBe(1);
  expect(err).toContain('no password was typed: nothing was done');
  expect(started()).toEqual([]);
});

test('has the password from an option file', async () => {
  const options = file('my.cnf', '[client]\nuser = root\npassword = "pass word"\n');
  expect((await local('--yes', '--option-file', options)).code).toBe(0);
  expect(started()[0]!.password).toBe('pass word');
});

describe('with a password', () => {
  beforeEach(() => void (process.env.PROVEN_BACKUPS_PASSWORD = 's3cret'));

  test('Ctrl-C stops the program, which tells what it left', async () => {
    const stopped = [
      line('target-state', { state: 'unchanged' }),
      failedLine('the restore was interrupted by SIGINT', 'interruptedBySigint', 130),
    ];
    does('work', { lines: [planLine(), progressLine()], untilInterrupted: stopped });
    const { code, err } = await person([[/loading 49 %/, 'Ctrl-C']], '--yes');
    expect(code).toBe(1);
    expect(err).toContain('stopping the restore …\n');
    expect(err).toContain('failed with exit code 130 (interruptedBySigint): the restore was interrupted by SIGINT\n');
    expect(err).toContain(
      `  next     mend that, then proven-backups restore --bucket shop-backups --source shop --backup ${NEW} --to mysql://root@127.0.0.1:3307 --local --no-tls\n`,
    );
  });

  test('--overwrite has the program make the safety backup, in a directory that is told', async () => {
    const plan = planLine({ targets: existing() });
    does('look', { lines: [plan] });
    does('work', { lines: [plan, line('safety-backup', { directory: '/saved/shop/x' }), restoredLine()] });
    const { code, out } = await person([[/Type its name \(shop\): $/, 'shop']], '--overwrite');
    expect(code).toBe(0);
    const { safetyBackup } = started()[1]!.request;
    expect(safetyBackup).toMatch(/^\/.*\/safety-backup-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d$/);
    expect(out).toContain(
      'To go back: what was there is in /saved/shop/x: docs/restore-by-hand.md says how to load it\n',
    );
  });

  test('a program that dies without a word leaves a state that nobody knows', async () => {
    does('work', { lines: [planLine()], code: 134, said: 'FATAL ERROR: out of memory' });
    const { code, err } = await local('--yes');
    expect(code).toBe(1);
    expect(err).toContain('failed with exit code 134: FATAL ERROR: out of memory\n  state    nobody knows');
  });

  test('a private key reaches the program, and nothing that is printed', async () => {
    const encryption = { format: 'age', recipients: [{ type: 'X25519', fingerprint: 'SHA256:abc' }] };
    account.add(manifestOf(NEW, { encryption }));
    const missing = await local('--yes');
    expect(missing).toMatchObject({
      code: 2,
      err: expect.stringContaining('is encrypted to X25519 SHA256:abc: give --identity') as string,
    });
    const secret = await generateX25519Identity();
    const key = file('key.txt', secret);
    does('work', { lines: [planLine()], code: 1 });
    const { code, out, err } = await local('--yes', '--identity', key);
    expect([code, started().map(({ identity }) => identity)]).toEqual([1, [secret, secret]]);
    expect(out + err).not.toContain(secret);
    expect(err).toContain(`--identity ${key} `);
    expect(JSON.stringify(started().map(({ words, job, request }) => [words, job, request]))).not.toContain(secret);
  });

  test('a database in a file needs no server', async () => {
    account.add(manifestOf(NEW, { engine: 'sqlite' }));
    const shop = path.join(folder, 'shop.db');
    const { code, out } = await cli([...RESTORE, '--yes', '--local', '--to', shop]);
    expect(code).toBe(0);
    expect(out).toContain(`  to      ${shop}\n`);
    expect(started()[0]!.job).toMatchObject({ engine: 'sqlite', file: shop });
    expect(started()[0]!.job).not.toHaveProperty('server');
    expect(started()[0]!).not.toHaveProperty('password');
  });

  test.each<[string, () => void, RegExp]>([
    [
      'the client',
      () => fs.rmSync(path.join(folder, 'mariadb')),
      /--local needs mariadb of MariaDB, which is not in PATH: install the client of MariaDB, of the version of the server/,
    ],
    [
      'the program',
      () => fs.rmSync(mockProgram.file),
      /main\.js is missing: install the package cdk-proven-backups again/,
    ],
  ])('refuses a machine without %s', async (_, change, sentence) => {
    change();
    const { code, err } = await local('--yes');
    expect(code).toBe(1);
    expect(err).toMatch(sentence);
  });
});
