import type { Emulator } from '../test/emulator/emulator';
import type { LocalOptions } from '../test/emulator/local-container';
import { RESTORED, type Bookshop } from './bookshop';

/** What the demo does to a shop, and asks of it. */
export interface Deeds {
  /** A change that a dump can lose while all of its counts stay right, in words. */
  readonly change: string;
  changeIt(): Promise<unknown>;
  /** Rows of a table. */
  count(table: 'books' | 'orders'): Promise<number>;
  /** The title of a book that is for sale. */
  titleOf(book: number): Promise<string>;
  /** Deletes a book and its orders. */
  deleteBook(book: number): Promise<unknown>;
  /** Copies the rows that are missing from the restored tables, and removes these. */
  copyBack(): Promise<unknown>;
}

/** A running database with the bookshop in it. */
export interface DemoDatabase extends Deeds {
  /** Facts that the stack needs. */
  bookshop(emulator: Emulator): Promise<Bookshop>;
  /** Settings that the container needs on this machine. */
  readonly local: LocalOptions;
  /** A fault that makes the next backup fail, and its repair, in words. */
  readonly fault: string;
  readonly repair: string;
  breakIt(): Promise<unknown>;
  repairIt(): Promise<unknown>;
  /** The name for restored tables: a database, a schema or a file beside the shop's. */
  readonly as: string;
  /** A command that opens the database. */
  readonly look: string;
  stop(): Promise<void>;
}

/** Tables whose rows are lost, those first on which others depend. */
export const TABLES = ['books', 'orders'];

/** A database that speaks SQL. */
export interface SqlShop {
  /** Runs statements. */
  exec(sql: string): Promise<unknown>;
  /** The first value that a query gives. */
  value(sql: string): Promise<string>;
  /** Statements that make restored tables known as `restored`, and remove them. */
  readonly attach?: string;
  readonly detach: string;
}

/** The deeds in SQL. */
export const sqlDeeds = ({ exec, value, attach, detach }: SqlShop): Deeds => ({
  change: 'raising the price of a book',
  changeIt: () => exec('UPDATE books SET price = price + 1 WHERE id = 7'),
  count: async (table) => Number(await value(`SELECT COUNT(*) FROM ${table}`)),
  titleOf: (book) => value(`SELECT title FROM books WHERE id = ${book}`),
  deleteBook: (book) => exec(`DELETE FROM orders WHERE book_id = ${book}; DELETE FROM books WHERE id = ${book}`),
  copyBack: async () => {
    const copies = TABLES.map(
      (table) => `INSERT INTO ${table} SELECT * FROM ${RESTORED}.${table} WHERE id NOT IN (SELECT id FROM ${table})`,
    );
    for (const statement of [attach, ...copies, detach]) if (statement !== undefined) await exec(statement);
  },
});
