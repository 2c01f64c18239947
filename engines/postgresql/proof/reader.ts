import { Client, DatabaseError } from 'pg';
import { BackupError, errorText } from '../../../task/run/errors';
import { ASK_SECONDS } from '../../engine';
import { roomFault } from './room-fault';
import { PORT } from './scratch-settings';
import { READER } from './prover';

/** Makes the role as which the team's statements are asked: it sees all rows, and may do nothing but read. */
export async function createReader(client: Client): Promise<void> {
  await client.query(`CREATE ROLE ${READER} LOGIN BYPASSRLS IN ROLE pg_read_all_data`);
}

/**
 * The one value of a statement, as a text.
 *
 * @param host folder of the server's socket
 * @param opened hears of the connection, for whoever stops the test
 * @throws BackupError `notProven` if the server refuses it, or answers with anything but one value
 */
export async function ask(
  host: string,
  database: string,
  statement: string,
  opened: (client: Client) => void,
): Promise<string | null> {
  const client = new Client({
    ...{ host, port: PORT, database, user: READER },
    // The search path and all else are those of the database, as an application has them.
    options: `-c default_transaction_read_only=on -c statement_timeout=${ASK_SECONDS}s`,
    types: { getTypeParser: () => (value: unknown) => value },
  });
  client.on('error', () => undefined);
  opened(client);
  try {
    await client.connect();
    const { rows, fields } = await client
      // Of this protocol, which takes one statement and no more.
      .query<(string | null)[]>({ text: statement, rowMode: 'array', queryMode: 'extended' } as never)
      .catch((error: unknown) => {
        // A session that broke, or a server without room, has answered nothing.
        if (!(error instanceof DatabaseError)) throw error;
        throw roomFault(error) ?? unanswered(statement, errorText(error), error);
      });
    const [row, ...others] = rows;
    if (!row || others.length > 0 || fields.length !== 1)
      throw unanswered(statement, `${rows.length} rows of ${fields.length} columns, instead of one value`);
    return row[0] ?? null;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const unanswered = (statement: string, said: string, cause?: unknown): BackupError =>
  new BackupError(
    'notProven',
    `an expectation has no answer: ${statement}: ${said}: write a statement that returns one value`,
    { kind: 'not-proven', object: statement, said },
    { cause },
  );
