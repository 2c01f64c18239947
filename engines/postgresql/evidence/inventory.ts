import { hash } from 'node:crypto';
import type { Client } from 'pg';
import type { InventoryObject } from '../../../catalog/bucket/evidence';
import type { ServerJob } from '../../../catalog/contract/task';
import { filterValues } from '../grants';
import { pathName } from '../names';
import { plainArrayCasts } from '../proof/array-casts';
import { VALUE_SETTINGS } from './digest-sql';
import { databaseQuestions, schemaQuestions } from './object-questions';
import { publicationQuestion } from './publication-question';
import { relationQuestions, sequenceValues } from './relation-questions';
import { databaseQuestion, roleQuestion } from './server-questions';
import { statementOf, type Question } from './selection';

/** Version of the questions and of how rows are summed: answers to others are not compared. */
export const QUESTIONS = 1;
/** A longer text is told by its hash. Characters. */
const SHOWN_TEXT = 200;
/** May hold secrets: only their hashes are told. */
const HIDDEN = new Set(['settings', 'foreignOptions']);
/** Objects fetched at once: an answer about 100,000 would take more memory than what is kept of it. */
const BATCH = 5000;

interface Row {
  readonly kind: string;
  readonly name: string;
  /** A JSON object. */
  readonly facts: string;
}

type Facts = InventoryObject['facts'];

/** Where questions are asked. */
export interface Asked {
  /** In a transaction. */
  readonly client: Client;
  readonly database: string;
  readonly server: ServerJob;
}

/**
 * Asks for all objects of a database that a dump has, with their settings, in the snapshot of the client's transaction.
 *
 * @param roles whether those of the server are asked for as well
 * @throws whatever the server answers
 */
export async function askInventory(asked: Asked, roles: boolean): Promise<InventoryObject[]> {
  await asked.client.query(VALUE_SETTINGS);
  const version = await versionOf(asked.client);
  const questions = [
    ...[...relationQuestions, ...schemaQuestions, ...databaseQuestions],
    ...[publicationQuestion(version), databaseQuestion(version)],
  ];
  // All rows are read: a plan that has the first ones soon is slow.
  await asked.client.query('SET LOCAL cursor_tuple_fraction = 1; SET LOCAL jit = off');
  const own = await askAll(asked, questions);
  return [...own, ...(roles ? await askAll(asked, [roleQuestion(version)]) : [])];
}

/** Asks for the values of all sequences, as they are now. */
export async function askSequences(asked: Asked): Promise<ReadonlyMap<string, Facts>> {
  const objects = await askAll(asked, [sequenceValues(await versionOf(asked.client))]);
  return new Map(objects.map(({ name, facts }) => [name, facts]));
}

/** Adds the values of sequences that are the same before and after a dump: the tool reads them at times of its own. */
export function withSequences(
  objects: readonly InventoryObject[],
  before: ReadonlyMap<string, Facts>,
  after: ReadonlyMap<string, Facts>,
): InventoryObject[] {
  return objects.map((object) => {
    const value = object.kind === 'sequence' ? before.get(object.name)?.value : undefined;
    const isSame = value !== undefined && after.get(object.name)?.value === value;
    return isSame ? { ...object, facts: { ...object.facts, value } } : object;
  });
}

async function askAll({ client, database, server }: Asked, questions: readonly Question[]): Promise<InventoryObject[]> {
  const objects: InventoryObject[] = [];
  for (const question of questions) {
    await client.query(`DECLARE evidence NO SCROLL CURSOR FOR ${statementOf(question)}`, filterValues(server));
    let rows: Row[];
    do {
      ({ rows } = await client.query<Row>(`FETCH ${BATCH} FROM evidence`));
      for (const { kind, name, facts } of rows)
        objects.push({ kind, name: nameOf(kind, name, database), facts: told(facts) });
    } while (rows.length === BATCH);
    await client.query('CLOSE evidence');
  }
  return objects;
}

const nameOf = (kind: string, name: string, database: string): string =>
  kind === 'role' || kind === 'database' ? name : `${pathName(database)}.${name}`;

const told = (facts: string): Facts =>
  Object.fromEntries(Object.entries(JSON.parse(facts) as Facts).map(([fact, value]) => [fact, tellable(fact, value)]));

function tellable(fact: string, told: Facts[string]): Facts[string] {
  const value = typeof told === 'string' ? plainArrayCasts(told) : told;
  if (typeof value !== 'string' || (value.length <= SHOWN_TEXT && !HIDDEN.has(fact))) return value;
  return `SHA-256 ${hash('sha256', value)}`;
}

async function versionOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::int AS version`,
  );
  return rows[0]?.version ?? 0;
}
