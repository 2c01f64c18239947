import { constants, DatabaseSync } from 'node:sqlite';
import { distrust } from './evidence';

/** A statement for a restored database. */
export interface Question {
  readonly file: string;
  readonly statement: string;
}
/** What the database answered. */
export type Answer = { readonly value: string | null } | { readonly refused: string };

const { SQLITE_DENY, SQLITE_FUNCTION, SQLITE_OK, SQLITE_PRAGMA, SQLITE_READ, SQLITE_RECURSIVE, SQLITE_SELECT } =
  constants;
const ALLOWED: readonly number[] = [SQLITE_FUNCTION, SQLITE_READ, SQLITE_RECURSIVE, SQLITE_SELECT];

/** Reads only. Full-text search by FTS5 asks whether somebody else has written. */
const isAllowed = (action: number, name: string | null, value: string | null): boolean =>
  ALLOWED.includes(action) || (action === SQLITE_PRAGMA && name === 'data_version' && value === null);

/** `main.js helper sqlite ask <Question>`: a process of its own, which can be ended if the answer takes too long. */
export function askMain(text = ''): number {
  const answer = ask(JSON.parse(text) as Question);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  return 'value' in answer ? 0 : 1;
}

function ask({ file, statement }: Question): Answer {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    distrust(database);
    const exact = database.prepare('SELECT CAST(? AS TEXT) AS value');
    database.setAuthorizer((action, name, value) => (isAllowed(action, name, value) ? SQLITE_OK : SQLITE_DENY));
    const prepared = database.prepare(statement);
    prepared.setReturnArrays(true);
    prepared.setReadBigInts(true);
    const rows = prepared.iterate() as Iterator<unknown>;
    const [first, second] = [rows.next().value, rows.next().value] as (unknown[] | undefined)[];
    if (first?.length !== 1 || second) return { refused: 'the statement must return one row with one column' };
    const { value } = exact.get(first[0] as string) as { value: string | null };
    return { value };
  } catch (error) {
    return { refused: (error as Error).message };
  } finally {
    database.close();
  }
}
