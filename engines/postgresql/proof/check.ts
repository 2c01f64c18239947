import { DatabaseError, type Client } from 'pg';
import type { ProofDifference } from '../../../catalog/bucket/verdict';
import { errorCode, errorText } from '../../../task/run/errors';
import type { ScratchCheck } from '../../engine';
import { utf8Of } from '../names';
import { roomFault } from './room-fault';

/** Not of the server itself. */
const OF_USERS = `n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'`;
/** Files that cannot be read, or a statement that cannot be understood any more. */
const [UNREADABLE, BROKEN] = [/^(?:XX|58)/, /^42/];
/** Schema for functions of the check, in a database that is thrown away. */
const OWN_SCHEMA = 'proven_check';

interface Named {
  readonly name: Buffer;
}

/**
 * What the server itself finds wrong with a database that was loaded: indexes that it cannot use, files and indexes that
 * contradict each other, views that cannot be planned. Foreign keys were made after the rows, so that it has compared these;
 * those that were NOT VALID at the source it has not.
 *
 * @param client a session of a superuser in it
 */
export async function checkDatabase(client: Client, database: string): Promise<ScratchCheck> {
  const ask = async (sql: string) => (await client.query<Named>(sql)).rows.map(({ name }) => `${database}.${name}`);
  const invalid = await ask(
    `SELECT ${utf8Of(`format('%I.%I', n.nspname, c.relname)`)} AS name FROM pg_index i JOIN pg_class c ON c.oid = indexrelid
     JOIN pg_namespace n ON n.oid = relnamespace WHERE NOT indisvalid AND relkind = 'i'`,
  );
  const unchecked = await ask(
    `SELECT ${utf8Of(`format('%I.%I.%I', n.nspname, c.relname, conname)`)} AS name FROM pg_constraint k
     JOIN pg_class c ON c.oid = conrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE contype = 'f' AND NOT convalidated`,
  );
  const { rows: keys } = await client.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_constraint WHERE contype = 'f' AND convalidated`,
  );
  const views = await checkViews(client, database);
  const files = await checkFiles(client, database);
  return {
    differences: [
      ...invalid.map((index) => ({ check: 'engine', object: `index ${index}`, kind: 'invalid' })),
      ...views.differences,
      ...files.differences,
    ],
    compared: (keys[0]?.n ?? 0) + views.compared + files.compared,
    left: [{ why: 'not-valid', objects: unchecked }, ...views.left, ...files.left],
  };
}

/**
 * Plans a query of each view. To run it would reach other servers, and call what users wrote. The planner takes functions of SQL
 * apart, by names that they would find with the search path of an application: an error with a context is one of a function.
 */
async function checkViews(client: Client, database: string): Promise<ScratchCheck> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind IN ('v', 'm') AND ${OF_USERS} ORDER BY 1`,
  );
  const differences: ProofDifference[] = [];
  const failed: string[] = [];
  for (const { name } of rows)
    await client.query(`EXPLAIN SELECT * FROM ${name}`).catch((error: unknown) => {
      if (!(error instanceof DatabaseError)) throw error;
      const fault = roomFault(error);
      if (fault) throw fault;
      const object = `view ${database}.${name}`;
      const code = errorCode(error) ?? '';
      if (UNREADABLE.test(code) || (BROKEN.test(code) && error.where === undefined))
        differences.push({ check: 'engine', object, kind: 'invalid', said: errorText(error) });
      else failed.push(object);
    });
  return {
    differences,
    compared: rows.length - failed.length,
    left: failed.length > 0 ? [{ why: 'function-refuses', objects: failed }] : [],
  };
}

/** Tables and B-trees, by amcheck: https://www.postgresql.org/docs/current/amcheck.html */
async function checkFiles(client: Client, database: string): Promise<ScratchCheck> {
  const schema = await amcheckSchema(client);
  if (schema === undefined) return { differences: [], compared: 0, left: [{ why: 'no-amcheck', objects: [database] }] };
  const { rows } = await client.query<{ oid: string; isIndex: boolean; name: string }>(
    `SELECT c.oid, c.relkind = 'i' AS "isIndex", format('%I.%I', n.nspname, c.relname) AS name
     FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace LEFT JOIN pg_am a ON a.oid = relam
     LEFT JOIN pg_index i ON i.indexrelid = c.oid
     WHERE ${OF_USERS} AND relpersistence <> 't' AND (relkind IN ('r', 'm') AND amname = 'heap'
       OR relkind = 'i' AND amname = 'btree' AND indisvalid)`,
  );
  const differences: ProofDifference[] = [];
  for (const { oid, isIndex, name } of rows) {
    const object = `${isIndex ? 'index' : 'table'} ${database}.${name}`;
    const check = isIndex
      ? `SELECT ${schema}.bt_index_check($1::oid)::text AS said`
      : `SELECT msg AS said FROM ${schema}.verify_heapam($1::oid, on_error_stop => true)`;
    const said = await client.query<{ said: string }>(check, [oid]).then(
      (result) => (isIndex ? undefined : result.rows[0]?.said),
      (error: unknown) => {
        if (!(error instanceof DatabaseError)) throw error;
        const fault = roomFault(error);
        if (fault) throw fault;
        return errorText(error);
      },
    );
    if (said !== undefined) differences.push({ check: 'engine', object, kind: 'invalid', said });
  }
  return { differences, compared: rows.length, left: [] };
}

/** Where the functions of amcheck are: the backup's own, or made now. */
async function amcheckSchema(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ schema: string | null; available: boolean }>(
    `SELECT (SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'amcheck') AS schema,
       EXISTS (SELECT FROM pg_available_extensions WHERE name = 'amcheck') AS available`,
  );
  const { schema, available } = rows[0]!;
  if (schema !== null || !available) return schema ?? undefined;
  await client.query(
    `SET session_replication_role = replica; CREATE SCHEMA ${OWN_SCHEMA}; CREATE EXTENSION amcheck SCHEMA ${OWN_SCHEMA}`,
  );
  return OWN_SCHEMA;
}
