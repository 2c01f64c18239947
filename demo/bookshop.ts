/** The environment variable through which the demo tells its app about the database: a {@link Bookshop} in JSON. */
export const APP_VARIABLE = 'BOOKSHOP';
/** Address that the alarms are sent to. */
export const ADDRESS = 'you@example.com';
/** Name of the demo's stack. */
export const STACK = 'Bookshop';
/** Where restored tables come: a database, a schema or an attached file beside the shop's. */
export const RESTORED = 'restored';
/** An engine that the demo can run. */
export type DemoEngine = 'sqlite' | 'mysql' | 'mariadb' | 'postgresql' | 'mongodb';

/** The bookshop's database, as the app sees it. */
export type Bookshop =
  | { readonly engine: 'sqlite'; readonly file: string }
  | {
      readonly engine: Exclude<DemoEngine, 'sqlite'>;
      readonly version: string;
      readonly host: string;
      readonly port: number;
      readonly database: string;
      readonly secretArn: string;
      /** Of the user who restores. */
      readonly adminSecretArn: string;
      /** PEM. */
      readonly certificateAuthority: string;
    };

const AUTHORS = [
  'Ursula K. Le Guin',
  'Stanisław Lem',
  'Jorge Luis Borges',
  '村上 春樹',
  'Toni Morrison',
  'José Saramago',
];
const SUBJECTS = ['Rivers', 'Mirrors', 'Winter', 'Machines', 'Salt', 'Maps', 'Lighthouses', 'Silence 🌙'];

/** Tables and a view that all engines understand. */
export const SCHEMA = `
CREATE TABLE authors (id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL);
CREATE TABLE books (
  id INTEGER PRIMARY KEY,
  author_id INTEGER NOT NULL REFERENCES authors (id),
  title VARCHAR(200) NOT NULL,
  price DECIMAL(8, 2) NOT NULL
);
CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL, email VARCHAR(100) NOT NULL UNIQUE);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers (id),
  book_id INTEGER NOT NULL REFERENCES books (id),
  quantity INTEGER NOT NULL,
  remark VARCHAR(200) NOT NULL
);
CREATE VIEW sales AS
  SELECT b.title, SUM(o.quantity) AS copies FROM orders o JOIN books b ON b.id = o.book_id GROUP BY b.title;
`;

/** Rows of each table, in the order in which foreign keys allow them. Always the same ones. */
const TABLES: Record<string, { columns: string[]; count: number; row: (n: number) => (string | number)[] }> = {
  authors: { columns: ['id', 'name'], count: AUTHORS.length, row: (n) => [n, AUTHORS[n - 1]!] },
  books: {
    columns: ['id', 'author_id', 'title', 'price'],
    count: 1_000,
    row: (n) => [n, (n % AUTHORS.length) + 1, `The Book of ${SUBJECTS[n % SUBJECTS.length]}, vol. ${n}`, 5 + (n % 40)],
  },
  customers: {
    columns: ['id', 'name', 'email'],
    count: 5_000,
    row: (n) => [n, `Customer ${n}`, `customer.${n}@example.com`],
  },
  orders: {
    columns: ['id', 'customer_id', 'book_id', 'quantity', 'remark'],
    count: 100_000,
    row: (n) => [n, ((n * 7919) % 5_000) + 1, ((n * 104_729) % 1_000) + 1, (n % 3) + 1, `Leave it at door ${n % 97}`],
  },
};
const ROWS_A_STATEMENT = 500;

/** The rows as INSERT statements. */
export function* insertStatements(): Generator<string> {
  for (const [table, { count, row }] of Object.entries(TABLES)) {
    for (let first = 1; first <= count; first += ROWS_A_STATEMENT) {
      const length = Math.min(ROWS_A_STATEMENT, count - first + 1);
      const rows = Array.from(
        { length },
        (_, i) =>
          `(${row(first + i)
            .map(literal)
            .join(', ')})`,
      );
      yield `INSERT INTO ${table} VALUES ${rows.join(', ')};\n`;
    }
  }
}

/** A row as a document. */
export interface Row {
  readonly _id: number;
  readonly [column: string]: string | number;
}

/** The rows as documents, which begin with their `_id`. */
export function* documents(): Generator<[collection: string, rows: Row[]]> {
  for (const [table, { columns, count, row }] of Object.entries(TABLES)) {
    const rows = Array.from({ length: count }, (_, index) => row(index + 1));
    const names = ['_id', ...columns.slice(1)];
    yield [table, rows.map((values) => Object.fromEntries(values.map((value, at) => [names[at]!, value])) as Row)];
  }
}

const literal = (value: string | number): string => (typeof value === 'number' ? String(value) : `'${value}'`);
