import { createConnection, type FieldPacket, type TypeCastField } from 'mysql2/promise';
import { databasesOf, type Manifest } from '../../../catalog/bucket/manifest';
import type { ServerAddress } from '../../../catalog/contract/task';
import { BackupError, errorText } from '../../../task/run/errors';
import { ASK_SECONDS } from '../../engine';
import type { MysqlDialect } from '../dialect';
import { serverErrorCode } from '../failures';
import { databasePattern, quote } from '../names';
import type { Query } from '../restore/query';

/** The account that asks: it may read, and comes by the socket only, as all do. */
const READER = 'proof_reader';

/** Creates the account that asks. */
export async function createReader(query: Query, manifest: Manifest): Promise<void> {
  await query(`CREATE USER ${READER}@localhost IDENTIFIED BY ''`);
  for (const database of databasesOf(manifest))
    await query(`GRANT SELECT, SHOW VIEW ON ${databasePattern(database)}.* TO ${READER}@localhost`);
}

/**
 * The one value of a statement, as a text, asked by an account that may only read.
 *
 * @throws BackupError `notProven` if the server refuses the statement, or answers with anything but one value
 */
export async function askAsReader(
  { host }: ServerAddress,
  manifest: Manifest,
  { limitSession }: MysqlDialect['scratch'],
  statement: string,
  database: string | undefined,
): Promise<string | null> {
  const databases = databasesOf(manifest);
  const connection = await createConnection({
    ...{ socketPath: host, user: READER, password: '', charset: 'utf8mb4' },
  });
  connection.on('error', () => undefined);
  try {
    // Not at the login, which a database that was lost would refuse: that is an answer.
    const own = database ?? (databases.length === 1 ? databases[0] : undefined);
    if (own !== undefined) await connection.query(`USE ${quote(own)}`);
    await connection.query('SET SESSION TRANSACTION READ ONLY');
    await connection.query(`SET SESSION ${limitSession(ASK_SECONDS)}`);
    const [rows, fields] = (await connection.query({
      sql: statement,
      rowsAsArray: true,
      typeCast: (field: TypeCastField) => field.string(),
    })) as unknown as [(string | null)[][], FieldPacket[] | undefined];
    const [row] = Array.isArray(rows) ? rows : [];
    if (row === undefined || rows.length !== 1 || fields?.length !== 1)
      throw refused(`the statement must give one value, got: ${shapeOf(rows, fields)}`);
    return row[0] ?? null;
  } catch (error) {
    if (serverErrorCode(error) === undefined) throw error;
    throw refused(errorText(error));
  } finally {
    connection.destroy();
  }
}

const shapeOf = (rows: unknown, fields: readonly unknown[] | undefined): string =>
  Array.isArray(rows) ? `${rows.length} rows of ${fields?.length ?? 0} columns` : 'no rows';

const refused = (said: string): BackupError =>
  new BackupError('notProven', `an expectation could not be asked: ${said}`, { kind: 'not-proven', said });
