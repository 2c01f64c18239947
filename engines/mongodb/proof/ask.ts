import { BSON, MongoServerError, type MongoClient } from 'mongodb';
import { BackupError, errorText } from '../../../task/run/errors';
import { ASK_SECONDS } from '../../engine';

const LIMIT = { maxTimeMS: ASK_SECONDS * 1000 };
/** Stages that write: they come last in a pipeline, never within another stage. */
const WRITES = ['$out', '$merge'];

/**
 * The one value of a read command, as a text: texts as they are, numbers in digits, all else as Extended JSON.
 *
 * @param statement Extended JSON, `{"count": "orders", "query": {"status": "paid"}}`, whose value is the number of documents;
 * or `{"aggregate": "orders", "pipeline": […]}`, whose value is the only field of the only document, beside its `_id`
 * @throws BackupError `notProven` if it is another command, the server refuses it, or it gives anything but one value
 */
export async function ask(client: MongoClient, statement: string, database: string): Promise<string | null> {
  const { collection, query, pipeline } = read(statement);
  const found = client.db(database).collection(collection);
  const answer = pipeline
    ? found.aggregate(pipeline, { ...LIMIT, promoteValues: false }).toArray()
    : found.countDocuments(query, LIMIT).then((count) => [{ count }]);
  const documents: BSON.Document[] = await answer.catch((error: unknown) => {
    // A server that is gone has answered nothing.
    if (!(error instanceof MongoServerError)) throw error;
    throw refused(statement, errorText(error));
  });
  const [document, ...others] = documents;
  const fields = Object.entries(document ?? {}).filter(([name]) => name !== '_id');
  if (!document || others.length > 0 || fields.length !== 1)
    throw refused(statement, `${documents.length} documents of ${fields.length} fields, in place of one value`);
  return textOf(fields[0]![1]);
}

interface Question {
  readonly collection: string;
  /** Of a count. */
  readonly query?: BSON.Document;
  readonly pipeline?: BSON.Document[];
}

function read(statement: string): Question {
  let command: BSON.Document;
  try {
    command = BSON.EJSON.parse(statement, { relaxed: false }) as BSON.Document;
  } catch (error) {
    throw refused(statement, `it is no JSON: ${errorText(error)}`);
  }
  const { count, query = {}, aggregate, pipeline, ...others } = command;
  const isKnown = Object.keys(others).length === 0;
  if (isKnown && typeof count === 'string' && aggregate === undefined && pipeline === undefined)
    return { collection: count, query: query as BSON.Document };
  if (!isKnown || typeof aggregate !== 'string' || !Array.isArray(pipeline) || count !== undefined)
    throw refused(
      statement,
      'it is neither {"count": "orders", "query": {…}} nor {"aggregate": "orders", "pipeline": […]}',
    );
  const stages = pipeline as BSON.Document[];
  const write = WRITES.find((name) => stages.some((stage) => Object.hasOwn(stage, name)));
  if (write !== undefined) throw refused(statement, `${write} writes, and an expectation may only read`);
  return { collection: aggregate, pipeline: stages };
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  const isNumber = ['Int32', 'Long', 'Double', 'Decimal128'].includes(
    (value as { _bsontype?: string })._bsontype ?? '',
  );
  return isNumber ? String(value) : BSON.EJSON.stringify(value, { relaxed: true });
}

const refused = (statement: string, said: string): BackupError =>
  new BackupError(
    'notProven',
    `an expectation has no answer: ${statement}: ${said}: write a command that returns one value`,
    { kind: 'not-proven', object: statement, said },
  );
