import { hash } from 'node:crypto';
import type { RowDataPacket } from 'mysql2/promise';
import type { InventoryObject } from '../../../catalog/bucket/evidence';
import { pathName, qualified } from '../names';
import type { MysqlPlan } from '../plan';
import type { Query } from '../restore/query';
import { INVENTORY, isPartitioned, ofDefinitions, type Question } from './questions';

/** A longer text is told by its hash. Characters. */
const SHOWN_TEXT = 200;
/** Sequences asked by one statement. */
const SEQUENCES_AT_ONCE = 50;
const SEQUENCE_FACTS = [
  ...['next_not_cached_value', 'minimum_value', 'maximum_value', 'start_value', 'increment', 'cache_size'],
  'cycle_option',
];

type Facts = Record<string, string | null>;

interface Found {
  readonly kind: string;
  readonly name: string;
  readonly facts: Facts;
}

type Row = Readonly<Record<string, string | null>>;

/** A column of a table. */
export interface ColumnAnswer {
  readonly name: string;
  /** `varchar`. */
  readonly type: string;
  readonly position: number;
  readonly generation: string;
}

/** What a server said of a table. */
export interface TableAnswer {
  readonly database: string;
  readonly name: string;
  /** Bytes, as the server estimates them. */
  readonly bytes: number;
  /** Bytes of a row, as the server estimates them. */
  readonly rowBytes: number;
  readonly isVersioned: boolean;
  /** When it was last altered, by the clock of the server; undefined if it does not tell of every change. */
  readonly altered: string | undefined;
  readonly columns: ColumnAnswer[];
  /** The columns of its primary key. */
  readonly primaryKey: string[];
}

/** The answers of a server. */
export interface Answers {
  readonly inventory: readonly InventoryObject[];
  readonly tables: readonly TableAnswer[];
  /** Two seconds before the question, by the clock of the server. */
  readonly since: string;
}

type Wanted = Pick<MysqlPlan, 'databases' | 'ignored' | 'objects'>;

/**
 * Asks a server for what a dump holds, and all its settings. Costs some twenty queries, however many tables there are; but to
 * tell of definitions, MariaDB opens every table for each of them.
 *
 * @param before what it answered earlier: while no table has been altered since, their definitions are taken from there
 * @throws whatever the server answers
 */
export async function readAnswers(
  query: Query,
  { databases, ignored, objects }: Wanted,
  before?: Answers,
): Promise<Answers> {
  // Numbers of MySQL that change are a day old by default.
  await query('SET SESSION information_schema_stats_expiry = 0').catch(() => undefined);
  const [clock] = await query('SELECT CAST(NOW() - INTERVAL 2 SECOND AS CHAR) AS since');
  const known = await knownColumns(query);
  const tables = new Map<string, TableAnswer>();
  const found = new Map<string, Found>();
  const add = (kind: string, name: string, facts: Facts, part?: { readonly fact: string; readonly text: string }) => {
    const key = `${kind} ${name}`;
    const object = found.get(key) ?? { kind, name, facts: {} };
    found.set(key, object);
    Object.assign(object.facts, facts);
    if (part) object.facts[part.fact] = [object.facts[part.fact] ?? [], part.text].flat().join(', ');
  };
  for (const question of INVENTORY) {
    const { kind, facts, parts, view } = question;
    if (before && ofDefinitions(question) && isUnaltered(before, tables)) continue;
    const columns = known.get(view);
    if (!columns || (question.needs !== undefined && !columns.has(question.needs))) continue;
    if (question.onlyIf && ![...found.values()].some(question.onlyIf)) continue;
    const own = facts.filter((column) => columns.has(column)).map((column) => [column, factName(column)] as const);
    for (const row of await ask(query, question, columns, databases)) {
      const database = String(row[question.database]);
      const path = question.name.flatMap((column) => row[column] ?? []);
      const onTable = question.table === undefined ? undefined : row[question.table];
      const table = onTable == null ? undefined : tables.get(pathName(database, onTable));
      if (onTable != null && !table) continue;
      if (ignored.has([database, ...path].join('.'))) continue;
      const name = pathName(database, ...path);
      const answers: Facts = {};
      for (const [column, fact] of own) answers[fact] = shown(row[column]);
      add(
        typeof kind === 'string' ? kind : String(row[kind.column]).toLowerCase().replaceAll(' ', '-'),
        ...([name, answers] as const),
        parts && { fact: parts.fact, text: partText(parts.columns.map((column) => row[column])) },
      );
      if (view === 'TABLES') tables.set(name, tableOf(database, row));
      if (view === 'COLUMNS')
        table?.columns.push({
          ...{ name: String(row.COLUMN_NAME), type: String(row.DATA_TYPE).toLowerCase() },
          position: Number(row.ORDINAL_POSITION),
          generation: row.GENERATION_EXPRESSION ?? '',
        });
      if (view === 'STATISTICS' && row.INDEX_NAME === 'PRIMARY') table?.primaryKey.push(String(row.COLUMN_NAME));
    }
  }
  for (const { database, name, facts } of await readSequences(query, objects))
    add('sequence', pathName(database, name), facts);
  if (before && isUnaltered(before, tables))
    for (const { kind, name, facts } of before.inventory) if (DEFINITIONS.has(kind)) add(kind, name, facts as Facts);
  for (const { kind, facts } of found.values()) {
    // Servers print parentheses around joins or not; whoever changes one that matters changes the sections.
    if (kind === 'view') facts.viewDefinition = facts.viewDefinition?.replaceAll(/[()]/g, '') ?? null;
    if (kind !== 'table') continue;
    // Servers tell the same in both ways: no row was ever inserted.
    facts.autoIncrement ??= '1';
    // Aria writes its default into what the tool reads; files lie elsewhere on every server.
    facts.createOptions = facts.createOptions?.replaceAll(NOT_COMPARED, '').trim() ?? null;
  }
  const asked = before && isUnaltered(before, tables) ? before.tables : [...tables.values()];
  for (const { database, name, primaryKey } of asked)
    if (primaryKey.length > 0) add('table', pathName(database, name), { primaryKey: primaryKey.join(',') });
  return { inventory: [...found.values()], tables: asked, since: String(clock?.since) };
}

const NOT_COMPARED = /\bpage_checksum=1 ?|\b(?:DATA|INDEX) DIRECTORY='(?:[^']|'')*' ?/gi;

const DEFINITIONS = new Set(INVENTORY.filter(ofDefinitions).map(({ kind }) => kind));

/** Whether there are the same tables as before, and none was altered since: nor just before, within the same second. */
const isUnaltered = (before: Answers, tables: ReadonlyMap<string, TableAnswer>): boolean =>
  before.tables.length === tables.size &&
  before.tables.every(({ database, name, altered }) => {
    const now = tables.get(pathName(database, name))?.altered;
    return altered !== undefined && altered === now && altered < before.since;
  });

const tableOf = (database: string, row: Row): TableAnswer => ({
  ...{ database, name: String(row.TABLE_NAME), columns: [], primaryKey: [] },
  ...{ bytes: Number(row.DATA_LENGTH), rowBytes: Number(row.AVG_ROW_LENGTH) },
  isVersioned: row.TABLE_TYPE === 'SYSTEM VERSIONED',
  // The time of a file, or of a partition, in all other engines.
  altered: row.ENGINE === 'InnoDB' && !isPartitioned(row.CREATE_OPTIONS) ? (row.CREATE_TIME ?? undefined) : undefined,
});

/** The columns of the views that this version has. */
async function knownColumns(query: Query): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const rows = await query(
    "SELECT TABLE_NAME AS view, COLUMN_NAME AS col FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'information_schema' AND TABLE_NAME IN (?)",
    [INVENTORY.map(({ view }) => view)],
  );
  const known = new Map<string, Set<string>>();
  for (const { view, col } of rows)
    known.set(String(view).toUpperCase(), (known.get(String(view).toUpperCase()) ?? new Set()).add(String(col)));
  return known;
}

/** All values as texts. */
async function ask(
  query: Query,
  { view, kind, database, name, table, facts, parts, more = [], where }: Question,
  known: ReadonlySet<string>,
  databases: readonly string[],
): Promise<readonly Row[]> {
  const wanted = [database, ...name, table ?? [], typeof kind === 'string' ? [] : kind.column, facts, more].flat();
  const all = [...new Set([...wanted, ...(parts?.columns ?? [])])].filter((column) => known.has(column));
  const order = parts ? ` ORDER BY ${parts.order}` : '';
  const rows: readonly RowDataPacket[] = await query(
    `SELECT ${all.map((column) => `CAST(${column} AS CHAR) AS ${column}`).join(', ')} FROM information_schema.${view}
     WHERE ${database} IN (?)${where === undefined ? '' : ` AND ${where}`}${order}`,
    [databases],
  );
  return rows as readonly Row[];
}

async function readSequences(query: Query, objects: Wanted['objects']) {
  const sequences = objects.filter(({ kind }) => kind === 'SEQUENCE');
  const found: { readonly database: string; readonly name: string; readonly facts: Facts }[] = [];
  for (let at = 0; at < sequences.length; at += SEQUENCES_AT_ONCE) {
    const some = sequences.slice(at, at + SEQUENCES_AT_ONCE);
    const columns = SEQUENCE_FACTS.map((column) => `CAST(${column} AS CHAR) AS ${column}`).join(', ');
    const rows = await query(
      some.map((sequence, index) => `SELECT ${index} AS i, ${columns} FROM ${qualified(sequence)}`).join(' UNION ALL '),
    );
    for (const row of rows) {
      const facts = SEQUENCE_FACTS.map((column) => [factName(column), row[column] as string]);
      found.push({ ...some[Number(row.i)]!, facts: Object.fromEntries(facts) as Facts });
    }
  }
  return found;
}

/** `TABLE_COLLATION` as `tableCollation`. */
const factName = (column: string): string =>
  column.toLowerCase().replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

const shown = (text: string | null | undefined): string | null =>
  text == null || text.length <= SHOWN_TEXT ? (text ?? null) : `SHA-256 ${hash('sha256', text)}`;

const partText = (values: readonly (string | null | undefined)[]): string =>
  values.map((value) => value ?? '').join('|');
