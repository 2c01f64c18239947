import { performance } from 'node:perf_hooks';
import type { MysqlLook } from '../look';
import { quote } from '../names';

/** DDL on a table waits for a question about its rows at most this long, and whoever comes after it as well. */
const QUESTION_SECONDS = 2;
/** All questions of a run together. */
const TOTAL_SECONDS = 20;

/** A question about the rows of a table: is there one for which the condition holds? */
export interface RowQuestion {
  readonly database: string;
  readonly table: string;
  readonly condition: string;
}

/**
 * Asks questions about rows within a limit of time for each and for all of them. A question that could not be answered counts
 * as "no": its table is told in the log, and dumped all the same.
 *
 * @returns the questions for whose tables there is such a row
 */
export async function askRows<Q extends RowQuestion>(look: MysqlLook, questions: readonly Q[]): Promise<Q[]> {
  const end = performance.now() + TOTAL_SECONDS * 1000;
  const found: Q[] = [];
  const unanswered = new Set<string>();
  for (const question of questions) {
    const { database, table, condition } = question;
    const sql = `1 FROM ${quote(database)}.${quote(table)} WHERE ${condition} LIMIT 1`;
    const rows =
      performance.now() < end ? await askBriefly(look, sql, QUESTION_SECONDS).catch(() => undefined) : undefined;
    if (rows === undefined) unanswered.add(`${database}.${table}`);
    else if (rows.length > 0) found.push(question);
  }
  if (unanswered.size > 0)
    look.log.info(
      'rows-unchecked',
      `the look for values that a restore changes did not get through ${unanswered.size} tables in its time: ${[...unanswered].slice(0, 10).join(', ')}`,
    );
  return found;
}

/** Runs what comes after SELECT, at most for so many seconds. Rejects when they are over. */
export const askBriefly = (look: MysqlLook, sql: string, seconds: number) =>
  look.query(look.dialect.limitTime(sql, seconds));
