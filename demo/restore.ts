import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import { colors } from '../bin/cli/print/colors';
import { formatCount } from '../catalog/units';
import { ROOT } from '../test/emulator/emulator';
import { RESTORED } from './bookshop';
import type { DemoDatabase } from './databases';
import { say, step } from './print';
import type { Deployed } from './runs';
import { runTasks } from './tasks';

/** The book that somebody deletes by mistake. */
const BOOK = 12;
const MISTAKE = `DELETE FROM orders WHERE book_id = ${BOOK}; DELETE FROM books WHERE id = ${BOOK}`;
/** Tables whose rows are lost, those first on which others depend. */
const TABLES = ['books', 'orders'];
const COPY = TABLES.map(
  (table) => `INSERT INTO ${table} SELECT * FROM ${RESTORED}.${table} WHERE id NOT IN (SELECT id FROM ${table})`,
);

/** Deletes a book, restores its tables beside the original by the command line, and copies back what is missing. */
export async function showRestore(here: Deployed, shop: DemoDatabase): Promise<void> {
  console.log(`\n${colors.bold('And if data is lost')}`);
  const count = async (of: string): Promise<string> =>
    formatCount(Number(await shop.value(`SELECT COUNT(*) FROM ${of}`)));
  const title = await shop.value(`SELECT title FROM books WHERE id = ${BOOK}`);
  const tell = async (said: string): Promise<void> =>
    say(`${await count('books')} books, ${await count('orders')} orders: ${said}`, { indent: '  ' });
  await tell(`"${title}" is for sale`);
  await step('deleting a book and its orders, by mistake', () => shop.exec(MISTAKE));
  await tell(`"${title}" is gone`);
  const args = ['restore', '--source', 'bookshop', '--tables', TABLES.join(','), '--as', shop.as, '--yes'];
  say(`$ proven-backups ${args.join(' ')}`, { indent: '  ' });
  const shown = await step('restoring its tables beside the original', () => commandLine(here, args));
  // Links to the console of an AWS that is not there.
  const lines = shown
    .trimEnd()
    .split('\n')
    .filter((line) => !line.includes('https://'));
  for (const line of lines) say(line, { indent: '  ' });
  await step('copying the missing rows from the tables beside the original', async () => {
    for (const statement of [shop.attach, ...COPY, shop.detach]) if (statement !== '') await shop.exec(statement);
  });
  await tell(`"${await shop.value(`SELECT title FROM books WHERE id = ${BOOK}`)}" is back`);
}

/** Runs the command line that ships, and the tasks that it starts. Returns what it prints. */
async function commandLine(here: Deployed, args: readonly string[]): Promise<string> {
  const { emulator, outputs, undo } = here;
  const done = new AbortController();
  const tasks = runTasks(here, () => undefined, done.signal);
  const child = spawn(process.execPath, [path.join(ROOT, 'dist/bin/cli.js'), ...args], {
    env: { PATH: process.env.PATH, ...emulator.environment, PROVEN_BACKUPS_BUCKET: outputs.Bucket, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  undo.push(() => Promise.resolve(child.kill('SIGTERM')));
  const [shown, said, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  done.abort();
  await tasks;
  if (code !== 0) throw new Error(`proven-backups restore ended with ${String(code)}: ${said}`);
  return shown;
}
