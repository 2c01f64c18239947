import type { DatabaseSync } from 'node:sqlite';
import type { SqliteNote } from './facts';

/** What a check of a file found besides its tables. */
export interface FoundNote {
  readonly kind: SqliteNote;
  readonly objects: readonly string[];
  readonly said?: string;
}

/** Tables of a file that was checked, and what is to be told of it. */
export interface Checked {
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  readonly notes: readonly FoundNote[];
}

/** The file is damaged. */
export class DamagedError extends Error {}

/** An error of `node:sqlite`. */
export type SqliteError = Error & { readonly errcode?: number };

/** Primary result code: the lower byte of an extended one. https://www.sqlite.org/rescode.html */
export const primaryCode = (error: unknown): number => ((error as SqliteError).errcode ?? 0) & 0xff;

/** SQLITE_ERROR: a statement that needs a collation, function, tokenizer or module that only the application has. */
const MISSING = 1;
const KEPT_LINES = 5;
const ALL_LINES = 2 ** 31 - 1;

/** Lines about values that the schema forbids: the file itself is sound. SQLite is that of Node.js, and its words are fixed. */
const FORBIDDEN = /^(?:(?:NULL|NUMERIC|TEXT|non-\w+) value in (.+)\..+|CHECK constraint failed in (.+))$/;

/** Lines about the content of an index, or of the table that is its own. */
const OF_INDEX = /^(?:.*? index (.+)|row not in (PRIMARY KEY) order for .+)$/s;

/**
 * What a check says: damage, tables with values that their schema forbids, and whether indexes differ whose content an application
 * decides. Or what it would need.
 */
type Verdict =
  | { readonly damage: readonly string[]; readonly forbidden: ReadonlySet<string>; readonly differs: boolean }
  | { readonly missing: string };

/** A name in a statement. */
export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Checks a copy, page by page the same as its source, and counts its rows. What only the application has (collations,
 * functions, tokenizers, modules) is no damage: that part is checked as far as possible, and told.
 *
 * @throws DamagedError
 */
export function checkCopy(database: DatabaseSync): Checked {
  const names = (sql: string, ...values: string[]) =>
    database
      .prepare(sql)
      .all(...values)
      .map(({ name }) => String(name));
  const ofType = (type: string) =>
    names("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = ? ORDER BY name", type);
  const tables = ofType('table').filter((name) => !name.startsWith('sqlite_'));
  const virtual = ofType('virtual');
  const found = integrity(database, names);
  const unusable = virtual.filter(
    (name) => attempt(() => database.prepare(`SELECT 1 FROM ${quote(name)}`)) !== undefined,
  );
  const said = found.said ?? unusable.map((name) => attempt(() => database.prepare(`SELECT 1 FROM ${quote(name)}`)))[0];
  const doubtful = new Set([...found.unchecked, ...found.differing]);
  const forbidden = new Set([...found.forbidden, ...names(CHILDREN).filter((name) => hasOrphans(database, name))]);
  const note = (kind: SqliteNote, objects: Iterable<string>, words?: string): FoundNote[] => {
    const list = [...new Set(objects)].sort();
    return list.length === 0 ? [] : [{ kind, objects: list, ...(words === undefined ? {} : { said: words }) }];
  };
  return {
    tables: tables.map((name) => ({ name, rows: rowsOf(database, name, doubtful.has(name)) })),
    notes: [
      ...note('not-checked', [...found.unchecked, ...unusable], said),
      ...note('index-differs', found.differing),
      ...note('constraint-violations', forbidden),
    ],
  };
}

interface Integrity {
  readonly forbidden: readonly string[];
  readonly unchecked: readonly string[];
  readonly differing: readonly string[];
  readonly said?: string;
}

/** The whole file at once; table by table where that complains, or cannot be done. */
function integrity(database: DatabaseSync, names: (sql: string, ...values: string[]) => string[]): Integrity {
  const whole = look(database, `integrity_check(${ALL_LINES})`);
  if ('damage' in whole) {
    if (whole.damage.length === 0) return { forbidden: [...whole.forbidden], unchecked: [], differing: [] };
    refuse(look(database, `quick_check(${ALL_LINES})`));
  } else {
    const pages = database.prepare("SELECT name FROM dbstat WHERE pagetype = 'corrupted'").all();
    if (pages.length > 0) throw new DamagedError(`pages of ${String(pages[0]!.name)} are damaged`);
  }
  const forbidden: string[] = [];
  const unchecked: string[] = [];
  const differing: string[] = [];
  for (const name of names("SELECT name FROM sqlite_schema WHERE type = 'table'")) {
    const verdict = look(database, `integrity_check(${quote(name)})`, new Set(names(FOREIGN_ORDER, name)));
    refuse(verdict);
    if ('damage' in verdict) {
      forbidden.push(...verdict.forbidden);
      if (verdict.differs) differing.push(name);
      continue;
    }
    // Without the content of its indexes.
    refuse(look(database, `quick_check(${quote(name)})`));
    unchecked.push(name);
  }
  if ('damage' in whole && differing.length === 0) refuse(whole);
  return { forbidden, unchecked, differing, ...('missing' in whole ? { said: whole.missing } : {}) };
}

/**
 * Indexes of a table whose content an application can decide: by a collation or a function of its own, under the name of SQLite's.
 * Entries end with the primary key if the table has no row ids.
 */
const FOREIGN_ORDER = `WITH decided AS (
    SELECT i.name, i.origin FROM pragma_index_list(?1) i, pragma_index_xinfo(i.name) c
    WHERE c.coll <> 'BINARY' OR c.cid = -2 OR i.partial
      OR c.cid IN (SELECT cid FROM pragma_table_xinfo(?1) WHERE hidden = 2))
  SELECT name FROM decided UNION SELECT 'PRIMARY KEY' FROM decided WHERE origin = 'pk'`;

/** Tables with foreign keys. */
const CHILDREN = `SELECT name FROM sqlite_schema WHERE type = 'table' AND EXISTS (SELECT 1 FROM pragma_foreign_key_list(sqlite_schema.name))`;

/** @param decided names of indexes whose content an application decides */
function look(database: DatabaseSync, pragma: string, decided: ReadonlySet<string> = new Set()): Verdict {
  const damage: string[] = [];
  const forbidden = new Set<string>();
  let differs = false;
  const missing = attempt(() => {
    for (const row of database.prepare(`PRAGMA ${pragma}`).iterate()) {
      const line = String(Object.values(row)[0]);
      const match = FORBIDDEN.exec(line);
      const [, index, key] = OF_INDEX.exec(line) ?? [];
      if (match) forbidden.add(match[1] ?? match[2]!);
      else if (decided.has(index ?? key ?? '')) differs = true;
      else if (line !== 'ok' && damage.push(line) === KEPT_LINES) break;
    }
  });
  return missing === undefined ? { damage, forbidden, differs } : { missing };
}

function refuse(verdict: Verdict): void {
  if ('damage' in verdict && verdict.damage.length > 0)
    throw new DamagedError(`integrity_check says: ${verdict.damage.join('; ')}`);
}

/** Whether a statement needs what only the application has: SQLite's words if so. Other errors are thrown. */
export function attempt(statement: () => unknown): string | undefined {
  try {
    statement();
    return undefined;
  } catch (error) {
    if (primaryCode(error) !== MISSING) throw error;
    return (error as Error).message;
  }
}

function hasOrphans(database: DatabaseSync, table: string): boolean {
  let orphans = false;
  attempt(() => {
    orphans = database.prepare('SELECT 1 FROM pragma_foreign_key_check(?) LIMIT 1').get(table) !== undefined;
  });
  return orphans;
}

/**
 * Counts the rows of a table, by a way that needs none of its collations if need be: `dbstat` counts the cells of its pages, and
 * each is a row in a table without row ids.
 *
 * @param isDoubtful whether its indexes may have another number of entries
 */
function rowsOf(database: DatabaseSync, table: string, isDoubtful: boolean): number {
  const name = quote(table);
  const sql = `SELECT count(*) AS n FROM ${name}`;
  const ways = [...(isDoubtful ? [] : [sql]), `${sql} NOT INDEXED`];
  for (const way of ways) {
    let rows: unknown;
    if (attempt(() => (rows = database.prepare(way).get()?.n)) === undefined) return Number(rows);
  }
  return Number(database.prepare('SELECT sum(ncell) AS n FROM dbstat WHERE name = ?').get(table)?.n);
}
