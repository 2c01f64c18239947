/** What a database holds. `GB`: so many 10^9 bytes of rows in {@link TABLES}; `tables`: so many tables of three rows each. */
export interface Load {
  readonly size: number;
  readonly unit: 'GB' | 'tables';
}

/** A table of the generated shop, for all engines, with the shape of its rows. */
export interface Table {
  readonly name: string;
  /** Column definitions; types that all engines know. */
  readonly columns: string;
  readonly indexes: readonly string[];
  /** Share of the bytes. */
  readonly share: number;
  /** Row `id`, tab-separated. */
  readonly row: (id: number, random: Random) => string;
}

/** xorshift32: the same rows in every run, at a few nanoseconds a number. */
export class Random {
  private state = 0x9e3779b9;

  /** An integer from 0 to below `limit`. */
  below(limit: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % limit;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += this.below(0x1000000).toString(16).padStart(6, '0');
    return text.slice(0, digits);
  }

  /** Words, the frequent ones far more often, as in real text. */
  words(count: number): string {
    let text = this.pick(WORDS);
    for (let i = 1; i < count; i++)
      text += ` ${WORDS[Math.floor(WORDS.length * (this.below(1 << 20) / (1 << 20)) ** 3)]}`;
    return text;
  }
}

const SYLLABLES = 'ka lo mi tra ven sor pel un dri gas te no qui bar esh ul om fen rit ya ço né ßu'.split(' ');
const WORDS = ((random) =>
  Array.from({ length: 3000 }, () => {
    const syllables = 1 + random.below(4);
    return Array.from({ length: syllables }, () => random.pick(SYLLABLES)).join('');
  }))(new Random());
const STATES = ['new', 'paid', 'paid', 'shipped', 'shipped', 'shipped', 'returned'];
const COUNTRIES = ['DE', 'FR', 'AT', 'CH', 'NL', 'PL', 'SE', 'ES', 'IT', 'PT'];

const two = (n: number): string => (n < 10 ? `0${n}` : `${n}`);
const date = (random: Random): string =>
  `${2018 + random.below(9)}-${two(1 + random.below(12))}-${two(1 + random.below(28))}`;
const time = (random: Random): string =>
  `${date(random)} ${two(random.below(24))}:${two(random.below(60))}:${two(random.below(60))}`;

/** Text, numbers, dates and some hex: neither constant nor random, so that compression has real work. */
export const TABLES: readonly Table[] = [
  {
    name: 'customer',
    columns: `id int NOT NULL PRIMARY KEY, name varchar(80) NOT NULL, email varchar(80) NOT NULL, country char(2) NOT NULL,
      born date, token char(24) NOT NULL, note varchar(400)`,
    indexes: ['email'],
    share: 0.25,
    row: (id, r) => {
      const note = r.below(3) === 0 ? '\\N' : r.words(12);
      return `${id}\t${r.words(2)}\t${r.pick(WORDS)}.${id}@example.com\t${r.pick(COUNTRIES)}\t${date(r)}\t${r.hex(24)}\t${note}`;
    },
  },
  {
    name: 'sale',
    columns: `id int NOT NULL PRIMARY KEY, customer_id int NOT NULL, state varchar(10) NOT NULL, placed timestamp NOT NULL,
      amount decimal(10,2) NOT NULL, discount double precision, street varchar(80) NOT NULL, parcel char(16)`,
    indexes: ['customer_id', 'placed'],
    share: 0.25,
    row: (id, r) => {
      const amount = `${r.below(900)}.${two(r.below(100))}`;
      const discount = r.below(4) === 0 ? '\\N' : `${r.below(100) / 100}`;
      return `${id}\t${r.below(1_000_000)}\t${r.pick(STATES)}\t${time(r)}\t${amount}\t${discount}\t${r.words(2)} ${r.below(200)}\t${r.hex(16)}`;
    },
  },
  {
    name: 'product',
    columns: `id int NOT NULL PRIMARY KEY, title varchar(120) NOT NULL, price decimal(10,2) NOT NULL, stock int NOT NULL,
      changed timestamp NOT NULL, description text NOT NULL`,
    indexes: ['title'],
    share: 0.25,
    row: (id, r) =>
      `${id}\t${r.words(3)} ${id}\t${r.below(500)}.${two(r.below(100))}\t${r.below(1000)}\t${time(r)}\t${r.words(30 + r.below(40))}`,
  },
  {
    name: 'visit',
    columns: `id int NOT NULL PRIMARY KEY, session char(24) NOT NULL, at timestamp NOT NULL, ms int NOT NULL,
      path varchar(120) NOT NULL, detail text NOT NULL`,
    indexes: ['at'],
    share: 0.25,
    row: (id, r) => {
      const detail = `{"agent": ${r.below(60)}, "ip": "10.${r.below(256)}.${r.below(256)}.${r.below(256)}", "id": "${r.hex(12)}"}`;
      return `${id}\t${r.hex(24)}\t${time(r)}\t${r.below(5000)}\t/${r.pick(WORDS)}/${r.pick(WORDS)}\t${detail}`;
    },
  },
];

const CHUNK = 1 << 20;

/** Rows of a table, one a line, until they are `bytes` long. */
export function* rowChunks(table: Table, bytes: number): Iterable<Buffer> {
  const random = new Random();
  let chunk = '';
  for (let id = 1, made = 0; made < bytes; id++) {
    chunk += `${table.row(id, random)}\n`;
    if (chunk.length < CHUNK) continue;
    const buffer = Buffer.from(chunk);
    made += buffer.length;
    chunk = '';
    yield buffer;
  }
}

/** Statements that make the tables; small ones with their rows. */
export function statementsBefore({ size, unit }: Load): string[] {
  if (unit === 'GB') return TABLES.map(({ name, columns }) => `CREATE TABLE ${name} (${columns})`);
  return Array.from({ length: size }, (_, number) => `small_${number}`).flatMap((name) => [
    `CREATE TABLE ${name} (id int NOT NULL PRIMARY KEY, name varchar(80) NOT NULL, born date)`,
    `INSERT INTO ${name} VALUES (1, 'one of ${name}', '2026-01-01'), (2, 'two', NULL), (3, 'three', NULL)`,
  ]);
}

/** The rows of the large tables. */
export const rowsOf = ({ size, unit }: Load): { readonly name: string; readonly chunks: Iterable<Buffer> }[] =>
  unit === 'GB'
    ? TABLES.map((table) => ({ name: table.name, chunks: rowChunks(table, size * 1e9 * table.share) }))
    : [];

/** Statements that index the large tables, once they are full. */
export const statementsAfter = ({ unit }: Load): string[] =>
  unit === 'GB'
    ? TABLES.flatMap(({ name, indexes }) =>
        indexes.map((column) => `CREATE INDEX ${name}_${column} ON ${name} (${column})`),
      )
    : [];
