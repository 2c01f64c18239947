import type { RowDataPacket } from 'mysql2/promise';
import type { MysqlLook } from '../look';

/** A table or function that this version does not have, or that the account may not read. */
const UNKNOWN = ['ER_UNKNOWN_TABLE', 'ER_NO_SUCH_TABLE', 'ER_BAD_FIELD_ERROR'];
const DENIED = ['ER_TABLEACCESS_DENIED_ERROR', 'ER_DBACCESS_DENIED_ERROR', 'ER_SPECIFIC_ACCESS_DENIED_ERROR'];

/** Asks what only some versions and some accounts can be told; nothing for all others. */
export async function askIfPossible(look: MysqlLook, sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
  return look.query(sql, values).catch((error: unknown) => {
    if ([...UNKNOWN, ...DENIED].includes(String((error as { code?: string }).code))) return [];
    throw error;
  });
}

/** Values of the variables of these names that the server has. */
export async function variables(look: MysqlLook, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await look.query('SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)', [names]);
  return new Map(rows.map((row) => [String(row.Variable_name), String(row.Value)]));
}
