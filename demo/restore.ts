import { colors } from '../bin/cli/print/colors';
import { formatCount } from '../catalog/units';
import { commandLine } from './command-line';
import { TABLES, type DemoDatabase } from './deeds';
import { say, step } from './print';
import type { Deployed } from './runs';

/** The book that somebody deletes by mistake. */
const BOOK = 12;

/** Deletes a book, restores its tables beside the original by the command line, and copies back what is missing. */
export async function showRestore(here: Deployed, shop: DemoDatabase): Promise<void> {
  console.log(`\n${colors.bold('And if data is lost')}`);
  const count = async (of: 'books' | 'orders'): Promise<string> => formatCount(await shop.count(of));
  const title = await shop.titleOf(BOOK);
  const tell = async (said: string): Promise<void> =>
    say(`${await count('books')} books, ${await count('orders')} orders: ${said}`, { indent: '  ' });
  await tell(`"${title}" is for sale`);
  await step('deleting a book and its orders, by mistake', () => shop.deleteBook(BOOK));
  await tell(`"${title}" is gone`);
  const args = ['restore', '--source', 'bookshop', '--tables', TABLES.join(','), '--as', shop.as, '--yes'];
  await commandLine(here, { doing: 'restoring its tables beside the original', args });
  await step('copying the missing rows from the tables beside the original', () => shop.copyBack());
  await tell(`"${await shop.titleOf(BOOK)}" is back`);
}
