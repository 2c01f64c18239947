import type { RowDataPacket } from 'mysql2/promise';
import { noteOf } from '../../../catalog/contract/note';
import type { MysqlNote } from '../facts';
import type { MysqlLook } from '../look';
import { quote } from '../names';
import { askIfPossible } from './optional';
import { askRows, type RowQuestion } from './rows';
import type { MysqlCheck } from './check';

/** Character sets all of whose bytes have a place in Unicode, or that no value with others can be in. */
const SAFE = ['utf8', 'utf8mb3', 'utf8mb4', 'ucs2', 'utf16', 'utf16le', 'utf32', 'latin1', 'ascii', 'binary'];
const UNICODE_4 = ['utf8mb4', 'utf16', 'utf16le', 'utf32'];

/** What is lost, where the others are only rounded, or change their type. */
const LOSING: readonly MysqlNote[] = ['characters-changed', 'empty-enums'];

interface ValueQuestion extends RowQuestion {
  readonly kind: MysqlNote;
  /** What the note names: `db.table.column`. */
  readonly object: string;
}

/** The bytes of a text, after a way through another character set and back. */
const through = (expression: string, way: string, back: string): string =>
  `CAST(CONVERT(CONVERT(${expression} USING ${way}) USING ${back}) AS BINARY)`;

/** Notes values that text cannot carry: the dump is text in utf8mb4, and what comes back from it is not what was there. */
export const checkValues: MysqlCheck = async (look, { databases, tables }) => {
  const dumped = new Set(tables.map(({ database, name }) => `${database}.${name}`));
  const columns = await askIfPossible(
    look,
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, COLUMN_NAME AS col, DATA_TYPE AS type, COLUMN_TYPE AS full,
       CHARACTER_SET_NAME AS cs FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA IN (?) AND COALESCE(GENERATION_EXPRESSION, '') = ''
       AND (DATA_TYPE IN ('float', 'json', 'enum', 'set') OR CHARACTER_SET_NAME NOT IN (?)) ORDER BY 1, 2, ORDINAL_POSITION`,
    [databases, SAFE],
  );
  const present = columns.filter(({ db, name }) => dumped.has(`${db}.${name}`));
  const lossy = await lossyCharacterSets(look, [...new Set(present.map(({ cs }) => String(cs ?? '')))]);
  const questions = present.flatMap((column) => questionsOf(look, column, lossy));
  const losing = questions.filter(({ kind }) => LOSING.includes(kind));
  // First, so that the others take none of their time.
  const ofLosing = await askRows(look, losing);
  const ofOthers = await askRows(
    look,
    questions.filter((question) => !losing.includes(question)),
  );
  const found = [...ofLosing.found, ...ofOthers.found];
  for (const kind of new Set(found.map((question) => question.kind))) {
    const objects = found.filter((question) => question.kind === kind).map(({ object }) => object);
    look.note(noteOf(kind, objects));
  }
  // All of them, not those that were too slow this time: the same note every night.
  const mayLose = new Set(losing.map(({ database, table }) => `${database}.${table}`));
  if (ofLosing.unanswered.length > 0) look.note(noteOf('values-unchecked', [...mayLose]));
};

function questionsOf(look: MysqlLook, column: RowDataPacket, lossy: ReadonlySet<string>): ValueQuestion[] {
  const [database, table] = [String(column.db), String(column.name)];
  const a = quote(String(column.col));
  const [full, cs] = [String(column.full), String(column.cs ?? '')];
  const question = (kind: MysqlNote, condition: string): ValueQuestion => ({
    ...{ kind, database, table, condition },
    object: `${database}.${table}.${String(column.col)}`,
  });
  const questions: ValueQuestion[] = [];
  if (column.type === 'float' && look.dialect.castsFloats(look.serverVersion))
    questions.push(question('floats-rounded', `CAST(CAST(${a} AS CHAR) AS FLOAT) <> ${a}`));
  if (column.type === 'json') {
    const again = `CAST(CAST(${a} AS CHAR) AS JSON)`;
    const differs = `${again} <> ${a} OR CAST(${again} AS CHAR) <> CAST(${a} AS CHAR)`;
    questions.push(question('json-types', differs));
  }
  if (column.type === 'enum' && /[(,]''[,)]/.test(full)) questions.push(question('empty-enums', `${a} + 0 = 0`));
  if (lossy.has(cs))
    questions.push(question('characters-changed', `${through(a, 'utf8mb4', cs)} <> CAST(${a} AS BINARY)`));
  // The server writes the members in utf8mb3: what lies beyond becomes a question mark.
  if (['enum', 'set'].includes(String(column.type)) && UNICODE_4.includes(cs) && full.includes('?')) {
    const bytes = `CAST(CONVERT(${a} USING utf8mb4) AS BINARY)`;
    questions.push(question('characters-changed', `${through(a, 'utf8mb3', 'utf8mb4')} <> ${bytes}`));
  }
  return questions;
}

/** Character sets in which a value may not come back: of those with one byte a character, the ones that lack some in Unicode. */
async function lossyCharacterSets(look: MysqlLook, names: readonly string[]): Promise<ReadonlySet<string>> {
  const suspects = names.filter((name) => /^\w+$/.test(name) && !SAFE.includes(name));
  if (suspects.length === 0) return new Set();
  const known = await askIfPossible(
    look,
    'SELECT CHARACTER_SET_NAME AS cs, MAXLEN AS bytes FROM information_schema.CHARACTER_SETS WHERE CHARACTER_SET_NAME IN (?)',
    [suspects],
  );
  const all = Buffer.from(Array.from({ length: 255 }, (_, index) => index + 1)).toString('hex');
  const lossy = new Set<string>();
  for (const { cs, bytes } of known) {
    const every = `_${cs} X'${all}'`;
    const [row] =
      Number(bytes) === 1
        ? await askIfPossible(look, `SELECT ${through(every, 'utf8mb4', String(cs))} <> X'${all}' AS differs`)
        : [{ differs: 1 }];
    if (Number(row?.differs ?? 1) === 1) lossy.add(String(cs));
  }
  return lossy;
}
