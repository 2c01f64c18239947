import type { RowDataPacket } from 'mysql2/promise';
import { errorText } from '../../../task/run/errors';
import { serverErrorCode } from '../failures';
import type { MysqlLook } from '../look';

/** A table or column that this version does not have, or that the account may not read. */
const USUAL = [1044, 1054, 1109, 1142, 1146, 1227];

/**
 * Asks for what a dump can be made without: a server that refuses the question answers with no rows.
 *
 * @throws the error of a connection that broke
 */
export async function askIfPossible(look: MysqlLook, sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
  return look.query(sql, values).catch((error: unknown) => {
    const code = serverErrorCode(error);
    if (code === undefined) throw error;
    if (!USUAL.includes(code))
      look.log.info(
        'unanswered',
        `the server did not answer a question for notes, which may be missing: ${errorText(error)}`,
      );
    return [];
  });
}
