import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { ROOT } from '../emulator/emulator';
import { temporaryDirectory } from '../support/processes';

jest.setTimeout(180_000);

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory('demo');
  // As /tmp is: the servers drop root's rights.
  fs.chmodSync(directory, 0o1777);
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

function startDemo(...args: string[]): { child: ChildProcess; output: Promise<string>; ended: Promise<number | null> } {
  const child = spawn(process.execPath, [path.join(ROOT, 'scripts/demo.mjs'), ...args], {
    cwd: ROOT,
    // As on a CI machine: a pipe stays free of colours all the same.
    env: { ...process.env, TMPDIR: directory, CI: '1', FORCE_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: text(child.stdout), ended };
}

test.each([
  ['sqlite', 'vacuum-into'],
  ['mariadb', 'single-transaction'],
  ['postgresql', 'exported-snapshot'],
])(
  'a backup of the bookshop in %s goes from cdk deploy to the catalog, and nothing is left',
  async (engine, snapshot) => {
    const { output, ended } = startDemo('--engine', engine);
    const shown = await output;
    expect(await ended).toBe(0);
    expect(shown).toBe(stripVTControlCharacters(shown));
    const rows = shown.split('\n').filter((line) => line.includes('│ bookshop │'));
    expect(rows).toEqual([expect.stringMatching(`${engine} .*│ ${snapshot} +│ 4 +│ 106,006 │`)]);
    expect(shown).toMatch(/object +│ bookshop\/\S+\/manifest\.json \(\d+ bytes, aws:kms\)/);
    expect(shown).toMatch(/schedule +│ Bookshop-Backups-ScheduleGroup\S+\/Bookshop-BackupsBookshopSchedule/);
    expect(fs.readdirSync(directory)).toEqual([]);
  },
);

test('an interrupted demo cleans up, and says so by its exit code', async () => {
  const { child, output, ended } = startDemo();
  let seen = '';
  let sent = false;
  child.stdout!.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
    if (sent || !seen.includes('• cdk deploy')) return;
    sent = child.kill('SIGINT');
  });
  expect(await ended).toBe(130);
  expect(await output).not.toContain('The catalog');
  expect(fs.readdirSync(directory)).toEqual([]);
});

test('an engine that the demo does not know', async () => {
  const child = spawn(process.execPath, [path.join(ROOT, 'scripts/demo.mjs'), '--engine', 'oracle']);
  const said = await text(child.stderr);
  expect(said).toBe('--engine must be one of sqlite, mariadb, postgresql, got: oracle\n');
});
