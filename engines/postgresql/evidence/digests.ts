import type { Client } from 'pg';
import type { Evidence, TableDigest } from '../../../catalog/bucket/evidence';
import { errorCode, errorText } from '../../../task/run/errors';
import type { Log } from '../../../task/run/log';
import type { EngineContext } from '../../engine';
import type { DigestBudget } from '../../shared/digest-budget';
import { TableChangedError, isAnswer } from '../failures';
import { pathName, quoteName } from '../names';
import { askAlone, hasCode, type CountedTable } from '../row-counts';
import { DIGEST_SETTINGS, digestSelection } from './digest-sql';
import { LARGE_OBJECT_SELECTION, sizeOfLargeObjects } from './large-objects';
import { condition, keyRanges } from './samples';

/** What a server sums in a millisecond until it has shown more: of narrow rows. Bytes. */
const FIRST_SPEED = 50_000;
/** A statement may take longer than foreseen by this factor. */
const PATIENCE = 3;
const LEAST_PATIENCE_MS = 1000;

/** What digests need to know. */
export interface DigestContext {
  /** In the transaction whose snapshot the dump shows. */
  readonly client: Client;
  /** Outside of any transaction: sees what owners have just made. */
  readonly observer: Client | undefined;
  readonly database: string;
  /** Whether the dump has the large objects. */
  readonly largeObjects: boolean;
  readonly digests: EngineContext['digests'];
  readonly budget: DigestBudget;
  readonly log: Log;
}

/** Digests of some tables, and tables without. */
export type Digests = Pick<Evidence, 'digests' | 'undigested'>;

interface Found {
  readonly oid: string;
  readonly name: string;
  /** Quoted and qualified. */
  readonly sql: string;
  /** The statement that sums its rows. */
  readonly selection: (where?: string) => string;
  readonly bytes: number;
  /** Column of a primary key of one whole number. */
  readonly key: string | null;
}

/**
 * Takes digests of the tables that were counted, the smallest first.
 *
 * @throws if the session breaks
 */
export async function takeDigests(context: DigestContext, counts: readonly CountedTable[]): Promise<Digests> {
  const { client, digests } = context;
  const all = counts.map((count) => nameOf(context.database, count));
  if (digests.kind === 'none') return { digests: [], undigested: all.map((table) => ({ table, why: 'off' })) };
  const plain = counts.filter(isSpeakable);
  const found = await findTables(context, plain);
  const left = new Map(all.map((table) => [table, 'unsupported']));
  const taken: TableDigest[] = [];
  await client.query(DIGEST_SETTINGS);
  const known = digests.kind === 'same' ? new Map(digests.evidence.digests.map((d) => [d.table, d])) : undefined;
  let [speed, isOver] = [FIRST_SPEED, false];
  for (const table of found) {
    const given = known?.get(table.name);
    left.set(table.name, 'budget');
    if (known && !given) continue;
    if (digests.kind === 'up-to' && table.bytes > digests.bytes) continue;
    const isAll = !isOver && (given ? !given.sample : await context.budget.allows(table.bytes / speed));
    isOver ||= digests.kind === 'share' && !isAll;
    if (!isAll && !given && (table.key === null || !(await context.budget.allows(1)))) continue;
    const begun = context.budget.left;
    const patience = isAll ? Math.max(LEAST_PATIENCE_MS, (PATIENCE * table.bytes) / speed) : begun;
    const limit = digests.kind === 'share' ? patience : 0;
    const digest = await takeOne(context, table, limit, async () => {
      if (isAll) return undefined;
      return given ? given.sample : keyRanges(client, table.sql, table.key!);
    });
    if (typeof digest === 'string') {
      left.set(table.name, digest);
      continue;
    }
    left.delete(table.name);
    taken.push(digest);
    const spent = begun - context.budget.left;
    if (isAll && spent > 20) speed = table.bytes / spent;
  }
  return { digests: taken, undigested: [...left].map(([table, why]) => ({ table, why })) };
}

const nameOf = (database: string, { table }: CountedTable): string => pathName(database, table.schema, table.name);
/** Whether no code of an owner runs when it is read by a SELECT that can name it. */
const isSpeakable = ({ isPlain, path }: CountedTable): boolean => isPlain && path.every((part) => part.isSpeakable);

/**
 * @param limit milliseconds that a statement may take, if it is not 0
 * @param sampleOf chooses the rows: all if it returns nothing
 * @returns why there is none, if code of an owner would run, or the server does not answer
 */
async function takeOne(
  { client, observer, budget, log }: DigestContext,
  table: Found,
  limit: number,
  sampleOf: () => Promise<TableDigest['sample']>,
): Promise<TableDigest | string> {
  try {
    return await askAlone(client, table.oid, async () => {
      await client.query(`SET LOCAL statement_timeout = ${Math.ceil(limit)}`);
      return budget.spend(async () => {
        if (await hasCode(observer, table.oid)) return 'unsupported';
        const sample = await sampleOf();
        if (sample && (await hasCode(observer, table.oid))) return 'unsupported';
        const { rows } = await client.query<{ n: string; digest: string }>(
          table.selection(sample && condition(sample)),
        );
        const sum = { table: table.name, rows: Number(rows[0]?.n), digest: rows[0]?.digest ?? '' };
        return { ...sum, ...(sample ? { sample } : {}) };
      });
    });
  } catch (error) {
    if (!isAnswer(error) && !(error instanceof TableChangedError)) throw error;
    if (errorCode(error) === CANCELED) return 'budget';
    log.info('no-digest', `the server takes no digest of table ${table.name}`, {
      code: errorCode(error),
      said: errorText(error).slice(0, 200),
    });
    return 'unsupported';
  }
}

const CANCELED = '57014';
/** OID of `pg_largeobject`. */
const LARGE_OBJECTS = '2613';

/** Sizes and columns of tables, in the order of their sizes. */
async function findTables(
  { client, database, largeObjects, digests }: DigestContext,
  counts: readonly CountedTable[],
): Promise<readonly Found[]> {
  const { rows } = await client.query<{ oid: string; bytes: string; columns: string[]; key: string | null }>(
    // Of virtual columns, an owner's expression would be computed.
    `SELECT c.oid, pg_table_size(c.oid) AS bytes,
       array(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated <> 'v'
         ORDER BY attname COLLATE "C") AS columns,
       (SELECT attname::text FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
         WHERE k.conrelid = c.oid AND contype = 'p' AND array_length(conkey, 1) = 1
           AND atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)) AS key
     FROM pg_class c WHERE c.oid = ANY ($1::oid[])`,
    [counts.map(({ oid }) => oid)],
  );
  const byOid = new Map(rows.map((row) => [String(row.oid), row]));
  const tables = counts.flatMap((count): Found[] => {
    const row = byOid.get(String(count.oid));
    if (!row) return [];
    const sql = count.path.map(({ text }) => quoteName(text)).join('.');
    const selection = (where?: string) => digestSelection({ sql, columns: row.columns }, where);
    return [{ oid: count.oid, sql, selection, name: nameOf(database, count), key: row.key, bytes: Number(row.bytes) }];
  });
  const size = largeObjects ? await sizeOfLargeObjects(client) : undefined;
  // After a restore, they are asked for even if they are gone.
  if (size !== undefined || digests.kind === 'same')
    tables.push({
      ...{
        oid: LARGE_OBJECTS,
        sql: 'pg_largeobject',
        name: pathName(database, 'pg_catalog', 'pg_largeobject'),
        key: null,
        bytes: size ?? 0,
      },
      selection: () => LARGE_OBJECT_SELECTION,
    });
  return tables.sort((a, b) => a.bytes - b.bytes);
}
