import { performance } from 'node:perf_hooks';
import type { MysqlLook } from '../look';
import { quote } from '../names';

/** DDL on a table waits for a question about its rows at most this long, and whoever comes after it as well. */
const QUESTION_SECONDS = 2;
/** All questions of a run together. */
const TOTAL_SECONDS = 20;
/** Questions that one statement asks: a server with thousands of small tables needs few statements. */
const TOGETHER = 25;

/** A question about the rows of a table: is there one for which the condition holds? */
export interface RowQuestion {
  readonly database: string;
  readonly table: string;
  readonly condition: string;
}

/**
 * Asks questions about rows within a limit of time for each and for all of them. Tables whose questions were not answered are
 * told in the log.
 *
 * @returns the questions for whose tables there is such a row, and those that were not answered
 */
export async function askRows<Q extends RowQuestion>(
  look: MysqlLook,
  questions: readonly Q[],
): Promise<{ readonly found: readonly Q[]; readonly unanswered: readonly Q[] }> {
  const end = performance.now() + TOTAL_SECONDS * 1000;
  const found: Q[] = [];
  const unanswered: Q[] = [];
  const ask = async (asked: readonly Q[]): Promise<void> => {
    const rows = performance.now() < end ? await askTogether(look, asked).catch(() => undefined) : undefined;
    if (rows) found.push(...rows);
    // One of them is slow, or fails: which one, only asking each can tell.
    else if (asked.length > 1) for (const question of asked) await ask([question]);
    else unanswered.push(...asked);
  };
  for (let from = 0; from < questions.length; from += TOGETHER) await ask(questions.slice(from, from + TOGETHER));
  tellUnread(
    look,
    'values that a restore changes',
    unanswered.map(({ database, table }) => `${database}.${table}`),
  );
  return { found, unanswered };
}

/** Tells tables in which the look for something was not finished. */
export function tellUnread(look: MysqlLook, something: string, tables: readonly string[]): void {
  const names = [...new Set(tables)];
  if (names.length === 0) return;
  look.log.info(
    'rows-unchecked',
    `the look for ${something} did not get through ${names.length} tables in its time: ${names.slice(0, 10).join(', ')}`,
  );
}

async function askTogether<Q extends RowQuestion>(look: MysqlLook, questions: readonly Q[]): Promise<Q[]> {
  const selects = questions.map(
    ({ database, table, condition }, index) =>
      `(SELECT ${index} AS question FROM ${quote(database)}.${quote(table)} WHERE ${condition} LIMIT 1)`,
  );
  const rows = await askBriefly(look, `question FROM (${selects.join(' UNION ALL ')}) asked`, QUESTION_SECONDS);
  const numbers = new Set(rows.map(({ question }) => Number(question)));
  return questions.filter((_, index) => numbers.has(index));
}

/** Runs what comes after SELECT, at most for so many seconds. Rejects when they are over. */
export const askBriefly = (look: MysqlLook, sql: string, seconds: number) =>
  look.query(look.dialect.limitTime(sql, seconds));
