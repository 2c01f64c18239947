import type { Client } from 'pg';
import type { TableCount } from '../../catalog/bucket/manifest';
import type { ServerJob } from '../../catalog/contract/task';
import { BackupError } from '../../task/run/errors';
import type { ArchivedTable } from './archive-head';
import { TableChangedError, countFailure } from './failures';
import { USER_RELATIONS, relationValues } from './grants';
import { NameReader, type ReadName } from './name-reader';
import { quoteName } from './names';

/** Rows of one table. */
export interface CountedTable {
  readonly oid: string;
  readonly path: readonly ReadName[];
  /** Whether no code of a user would run in a SELECT when it was counted. */
  readonly isPlain: boolean;
  readonly table: { readonly schema: string; readonly name: string; readonly rows: number };
  /** Its names in the archive. */
  readonly archived: ArchivedTable;
}

interface Relation {
  readonly oid: string;
  /** Names in the database's own encoding. */
  readonly raw_schema: Buffer;
  readonly raw_name: Buffer;
  /** The column that is copied fastest; `null` if there is none. */
  readonly raw_column: Buffer | null;
}

/** Sessions that count. */
export interface CountingSessions {
  /** In the transaction whose snapshot the dump shows. */
  readonly counter: Client;
  /** Outside of any transaction, because it must see what has just been made; `undefined` if the server has none left. */
  readonly observer: Client | undefined;
}

/**
 * Counts the rows of all tables to dump, in the snapshot of the counter's transaction.
 *
 * @param tables those of the archive, if arguments of the user may leave some out; all others are not touched
 * @throws BackupError that names the table
 */
export async function countRows(
  { counter, observer }: CountingSessions,
  database: string,
  server: ServerJob,
  tables: readonly ArchivedTable[] | undefined,
): Promise<CountedTable[]> {
  const { rows: encodings } = await counter.query<{ encoding: string }>('SELECT getdatabaseencoding() AS encoding');
  const { rows: relations } = await counter.query<Relation>(
    `SELECT c.oid, ${bytesOf('n.nspname')} AS raw_schema, ${bytesOf('c.relname')} AS raw_name,
       (SELECT ${bytesOf('attname')} FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
          AND attgenerated = '' ORDER BY attlen < 0, attlen, attnum LIMIT 1) AS raw_column
     FROM ${USER_RELATIONS} AND c.relkind = 'r'
       -- A standby has no rows of unlogged tables, and pg_dump leaves them out there.
       AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery()) ORDER BY n.nspname, c.relname`,
    relationValues(server),
  );
  const names = new NameReader(counter, encodings[0]?.encoding ?? '');
  const keys = tables && new Set(tables.map(keyOf));
  const counts: CountedTable[] = [];
  for (const { oid, raw_schema, raw_name, raw_column } of relations) {
    const archived = { schema: raw_schema.toString('latin1'), name: raw_name.toString('latin1') };
    if (keys && !keys.has(keyOf(archived))) continue;
    const path = [await names.read(raw_schema), await names.read(raw_name)];
    const column = raw_column && (await names.read(raw_column));
    let isPlain = false;
    const rows = await askAlone(counter, oid, async () => {
      isPlain = !(await hasCode(observer, oid));
      return isPlain ? countPlain(counter, oid, path) : countCopied(counter, path, column);
    }).catch((error: unknown) => {
      const table = path.map(({ text }) => text).join('.');
      throw countFailure(error, `could not count the rows of ${table} in database ${database}`, {
        database,
        object: table,
      });
    });
    counts.push({
      table: { schema: path[0]?.text ?? '', name: path[1]?.text ?? '', rows },
      archived,
      oid,
      path,
      isPlain,
    });
  }
  return counts;
}

const keyOf = ({ schema, name }: ArchivedTable): string => JSON.stringify([schema, name]);
const bytesOf = (name: string): string => `convert_to(${name}, getdatabaseencoding())`;

/**
 * Asks about one table in the counter's transaction, and gives the locks back: a SELECT locks all indexes too, and those of
 * thousands of tables are more than the server has room for. Its rows are those of the snapshot while pg_dump has its own locks;
 * afterwards, TRUNCATE and the like take them away.
 *
 * @throws TableChangedError if they did
 */
export async function askAlone<T>(counter: Client, oid: string, ask: () => Promise<T>): Promise<T> {
  const end = 'ROLLBACK TO SAVEPOINT alone; RELEASE SAVEPOINT alone';
  await counter.query('SAVEPOINT alone');
  try {
    const answer = await ask();
    // The snapshot's file beside that of now: functions of the server see the latter.
    const { rows } = await counter.query<{ same: boolean }>(
      'SELECT relfilenode = pg_relation_filenode(oid) AS same FROM pg_class WHERE oid = $1',
      [oid],
    );
    if (rows[0]?.same !== true) throw new TableChangedError();
    await counter.query(end);
    return answer;
  } catch (error) {
    await counter.query(end).catch(() => undefined);
    throw error;
  }
}

/**
 * Whether a user's code is in an index or in statistics of a table: the planner runs it, as the role that asks, for whatever
 * SELECT on the table. To be asked directly before each: the owner may add it at any time.
 */
export async function hasCode(observer: Client | undefined, oid: string): Promise<boolean> {
  if (!observer) return true;
  const { rows } = await observer.query<{ found: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_depend
       WHERE (classid = 'pg_class'::regclass AND objid IN (SELECT indexrelid FROM pg_index WHERE indrelid = $1)
           OR classid = 'pg_statistic_ext'::regclass AND objid IN (SELECT oid FROM pg_statistic_ext WHERE stxrelid = $1))
         AND refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass)) AS found`,
    [oid],
  );
  return rows[0]?.found ?? true;
}

/** Counts the rows of a table without code of a user, in the transaction of the client. */
export async function countPlain(counter: Client, oid: string, path: readonly ReadName[]): Promise<number> {
  const table = sqlOf(path);
  if (table === undefined) return countByOid(counter, oid);
  const { rows } = await counter.query<{ n: string }>(`SELECT count(*) AS n FROM ONLY ${table}`);
  return Number(rows[0]?.n);
}

/** The name never leaves the server: its bytes are no text there. */
async function countByOid(counter: Client, oid: string): Promise<number> {
  await counter.query(
    `DO $$ DECLARE n bigint; BEGIN
       EXECUTE (SELECT format('SELECT count(*) FROM ONLY %I.%I', nspname, relname)
         FROM pg_class c JOIN pg_namespace s ON s.oid = relnamespace WHERE c.oid = ${oid}) INTO n;
       PERFORM set_config('proven.rows', n::text, true); END $$`,
  );
  const { rows } = await counter.query<{ n: string }>(`SELECT current_setting('proven.rows') AS n`);
  return Number(rows[0]?.n);
}

/** As pg_dump reads: COPY has no planner. The rows arrive, which takes three times as long as counting them there. */
async function countCopied(counter: Client, path: readonly ReadName[], column: ReadName | null): Promise<number> {
  const table = sqlOf(path);
  const columns = column === null ? '' : sqlOf([column]);
  if (table === undefined || columns === undefined)
    throw new Error('an index has code of a user in it, and the name is no text: rename the table');
  const { rowCount } = await counter.query(`COPY ${table} ${columns && `(${columns})`} TO STDOUT`);
  return rowCount ?? 0;
}

const sqlOf = (path: readonly ReadName[]): string | undefined =>
  path.every(({ isSpeakable }) => isSpeakable) ? path.map(({ text }) => quoteName(text)).join('.') : undefined;

/**
 * The counts of the tables whose data is in the archive. Arguments of the user may leave tables out.
 *
 * @throws BackupError `dumpFailed` if tables are missing although no argument was given
 */
export function countsOfArchive(
  database: string,
  counts: readonly CountedTable[],
  inArchive: readonly ArchivedTable[] | undefined,
  { extraDumpArguments = [] }: ServerJob,
): TableCount[] {
  const keys = inArchive && new Set(inArchive.map(keyOf));
  const archived = counts.filter((count) => keys?.has(keyOf(count.archived)) ?? true);
  if (archived.length < counts.length && extraDumpArguments.length === 0)
    throw new BackupError(
      'dumpFailed',
      `pg_dump exited with 0, but left out ${counts.length - archived.length} tables of database ${database} that are in its snapshot: the dump was discarded`,
      { kind: 'dump-incomplete', object: 'pg_dump', database },
    );
  return archived.map(({ table }) => ({ database, ...table }));
}
