import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { ROOT } from '../emulator/emulator';
import { inMatrix } from '../servers/versions';
import { run, temporaryDirectory } from '../support/processes';

jest.setTimeout(600_000);

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory('demo');
  // As /tmp is: the servers drop root's rights.
  fs.chmodSync(directory, 0o1777);
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const SCRIPT = path.join(ROOT, 'scripts/demo.mjs');

function startDemo(...args: string[]) {
  const child = spawn(process.execPath, [SCRIPT, ...args], {
    cwd: ROOT,
    // As on a CI machine: a pipe stays free of colours all the same.
    env: { ...process.env, TMPDIR: directory, CI: '1', FORCE_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: text(child.stdout), errors: text(child.stderr), ended };
}

/** Waits until a demo has printed this, and answers with all that it printed before. */
async function printed({ child, ended }: ReturnType<typeof startDemo>, words: string): Promise<string> {
  let seen = '';
  const found = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      if (seen.includes(words)) resolve();
    });
  });
  await Promise.race([found, ended]);
  return seen;
}

const tooLong = (shown: string): string[] => shown.split('\n').filter((line) => [...line].length > 80);

/** What the content of the shop is called, and what shows that a dump lost a change of it. */
const OF_SQL = {
  content: '4 tables, 106,006 rows',
  lost: /^ {2}table \S*books: the digest of its rows differs$[^]*^ {2}rows +FAILED +4 tables /m,
};
const OF_MONGODB = {
  content: '4 collections, 106,006 documents',
  lost: /^ {2}index bookshop\.books\.price_1: missing$[^]*^ {2}inventory +FAILED +\d+ objects /m,
};

/** All that a demo shows, from `cdk deploy` over a restore to the alarm that is over. */
function expectAllOfIt(shown: string, engine: string, snapshot: string, exit: string, cause: string): void {
  const { content, lost } = engine === 'mongodb' ? OF_MONGODB : OF_SQL;
  expect(shown).toBe(stripVTControlCharacters(shown));
  expect(tooLong(shown)).toEqual([]);
  expect(shown).toMatch(new RegExp(`^  engine +${engine} \\d`, 'm'));
  expect(shown).toMatch(new RegExp(`^  snapshot +${snapshot}$`, 'm'));
  expect(shown).toMatch(new RegExp(`^  content +${content}$`, 'm'));
  expect(shown).toMatch(/^ {2}stored +[\d.]+ [KM]iB$/m);
  expect(shown).toMatch(/^ {2}object +evidence\.json\.zst \([\d.]+ (?:Ki)?B, aws:kms\)$/m);
  expect(shown).toMatch(/^ {2}object +manifest\.json \(\d\.\d KiB, aws:kms\)$/m);
  expect(shown).toMatch(/^ {2}schedule +Bookshop-BackupsBookshopSchedule/m);

  // The one that lost a change of a row is not proven, and no restore takes it.
  const [proven] = /^ {2}PROVEN: backup \S+ of bookshop restores/m.exec(shown) ?? [''];
  expect(shown).toMatch(/^ {2}NOT PROVEN: backup \S+ of bookshop does not restore/m);
  expect(shown).toMatch(lost);
  const [, id] = /backup (\S+)/.exec(proven) ?? [];
  expect(shown).toMatch(new RegExp(`^  backup  ${id}, `, 'm'));
  expect(shown).toMatch(/^ {2}proven {2}yes, /m);

  const book = '"The Book of Salt, vol. 12"';
  expect(shown).toContain(`  1,000 books, 100,000 orders: ${book} is for sale\n`);
  expect(shown).toContain(`  999 books, 99,900 orders: ${book} is gone\n`);
  expect(shown).toMatch(/^ {2}\$ proven-backups restore --source bookshop --tables books,orders --as\s+restored/m);
  expect(shown).toContain(`  1,000 books, 100,000 orders: ${book} is back\n`);

  expect(shown).toMatch(new RegExp(`^  exit code ${exit}, reason: `, 'm'));
  expect(shown).toMatch(/^ {2}│ To: you@example\.com\n {2}│ Subject: FAILED bookshop: /m);
  const email = shown.replace(/\n {2}│ /g, ' ');
  expect(email).toContain(cause);
  expect(email).toContain('NEWEST GOOD BACKUP');
  expect(shown).toMatch(/^ {2}Subject: RECOVERED bookshop: /m);
}

const RUNS = [
  ['mysql', 'single-transaction', "Access denied for user 'backup'"],
  ['mariadb', 'single-transaction', "Access denied for user 'backup'"],
  ['postgresql', 'exported-snapshot', 'password authentication failed for user "backup"'],
  ['mongodb', 'none', 'Authentication failed'],
] as const;

test.each(inMatrix(RUNS, RUNS.slice(0, 1)))(
  'the bookshop in %s is backed up and restored, fails, is told of and recovers, and nothing is left',
  async (engine, ...facts) => {
    const demo = startDemo('--engine', engine);
    const [shown, errors, code] = await Promise.all([demo.output, demo.errors, demo.ended]);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    const [snapshot, cause] = facts as [string, string];
    expectAllOfIt(shown, engine, snapshot, '11 \\(connection\\)', cause);
    expect(fs.readdirSync(directory)).toEqual([]);
  },
);

test('--keep leaves all of it up until Ctrl-C, for the commands that it prints', async () => {
  const demo = startDemo('--keep');
  const shown = await printed(demo, 'Ctrl-C stops everything');
  expectAllOfIt(shown, 'sqlite', 'page-copy', '10 \\(configuration\\)', 'could not read the database');
  const commands = [...shown.matchAll(/^ {2}((?:\.|node|curl) .*)$/gm)].map(([, command]) => command!);
  expect(commands).toHaveLength(8);
  const env = { PATH: process.env.PATH, HOME: directory };
  const ran = await run('bash', ['-c', `set -e; ${commands.join('; ')}`], { cwd: ROOT, env });
  expect(ran).toMatch(/^Done after .*: backup \S+ of bookshop/m);
  expect(ran).toContain('"subject": "FAILED bookshop');
  demo.child.kill('SIGINT');
  expect(await demo.ended).toBe(0);
  expect(fs.readdirSync(directory)).toEqual([]);
});

test('an interrupted demo cleans up, and says so by its exit code', async () => {
  const demo = startDemo();
  await printed(demo, '• cdk deploy');
  demo.child.kill('SIGINT');
  expect(await demo.ended).toBe(130);
  expect(await demo.errors).toBe('SIGINT: cleaning up …\n');
  expect(await demo.output).not.toContain('The catalog');
  expect(fs.readdirSync(directory)).toEqual([]);
});

test('--help says how it is used, without setting anything up', async () => {
  const demo = startDemo('--help');
  const shown = await demo.output;
  expect(shown).toMatch(/^Usage: npm run demo /);
  for (const word of ['--engine', 'sqlite, mysql, mariadb,', '--keep']) expect(shown).toContain(word);
  expect(tooLong(shown)).toEqual([]);
  expect({ code: await demo.ended, errors: await demo.errors }).toEqual({ code: 0, errors: '' });
});

test.each([
  [['--engine', 'oracle'], '--engine must be one of sqlite, mysql, mariadb, postgresql, mongodb, got: oracle\n'],
  [['--engin', 'sqlite'], "Unknown option '--engin'\n\nUsage: npm run demo "],
])('wrong usage: %j', async (args, sentence) => {
  const demo = startDemo(...args);
  expect((await demo.errors).slice(0, sentence.length)).toBe(sentence);
  expect(await demo.ended).toBe(2);
});
