import type { Client } from 'pg';
import { noteOf, type Note } from '../../catalog/contract/note';
import { BackupError, errorCode, errorText } from '../../task/run/errors';
import type { PostgresqlNote } from './facts';
import { countFailure } from './failures';
import { askAlone, countPlain, hasCode, type CountedTable, type CountingSessions } from './row-counts';

/** SQLSTATE of a page that is not there. */
const DATA_CORRUPTED = 'XX001';

interface Suspect {
  readonly oid: string;
  readonly has_index: boolean;
  readonly is_empty: boolean;
}

/**
 * Refuses tables whose file was cut: the server reads what is left of it, or an empty table, without a word. A file that is
 * shorter than VACUUM or ANALYZE last saw it is no proof, because VACUUM cuts empty pages off: what proves it is an index with
 * rows that the table no longer has, in the same snapshot.
 *
 * @param counts of all tables, by the counter's snapshot
 * @param note tells of tables that have become empty and have no index that could tell more
 * @throws BackupError `dumpFailed` that names the table
 */
export async function checkCutFiles(
  { counter, observer }: CountingSessions,
  database: string,
  counts: readonly CountedTable[],
  note: (note: Note<PostgresqlNote>) => void,
): Promise<void> {
  if (!observer) return;
  const byOid = new Map(counts.map((count) => [count.oid, count]));
  // Unlogged tables are emptied by a crash. The dump tool keeps all of them from being truncated meanwhile.
  const { rows: suspects } = await observer.query<Suspect>(
    `SELECT c.oid, pg_relation_size(c.oid) = 0 AND c.reltuples > 0 AS is_empty,
       EXISTS (SELECT FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_am am ON am.oid = ic.relam
         WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND am.amname = 'btree') AS has_index
     FROM pg_class c
     WHERE c.oid = ANY ($1::oid[]) AND c.relpersistence = 'p' AND c.relpages > 0
       AND pg_relation_size(c.oid) < c.relpages * current_setting('block_size')::bigint`,
    [[...byOid.keys()]],
  );
  const unproven: string[] = [];
  for (const { oid, has_index, is_empty } of suspects) {
    const counted = byOid.get(oid);
    if (!counted) continue;
    if (has_index && !(await hasCode(observer, oid))) await compareWithIndex(counter, database, counted);
    else if (is_empty) unproven.push(nameOf(counted));
  }
  if (unproven.length > 0) note(noteOf('emptied-tables', unproven, database));
}

const nameOf = ({ path }: CountedTable): string => path.map(({ text }) => text).join('.');

async function compareWithIndex(counter: Client, database: string, counted: CountedTable): Promise<void> {
  const { rows } = counted.table;
  const found = await countByIndex(counter, counted).catch((error: unknown) => {
    if (errorCode(error) === DATA_CORRUPTED) return errorText(error);
    const table = nameOf(counted);
    throw countFailure(error, `could not count the rows of ${table} in database ${database}`, {
      database,
      object: table,
    });
  });
  if (found === rows) return;
  const table = nameOf(counted);
  const said = typeof found === 'string' ? found : `${rows} rows in the table, ${found} in its index`;
  throw new BackupError(
    'dumpFailed',
    `table ${table} in database ${database} is damaged: its file ends before rows that its index has (${said}): bring it back from an older backup; if the rows that are left are all that there should be, run REINDEX TABLE ${table}`,
    { kind: 'table-damaged', database, object: table, said },
  );
}

const countByIndex = (counter: Client, { oid, path }: CountedTable): Promise<number> =>
  askAlone(counter, oid, async () => {
    await counter.query('SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off');
    return countPlain(counter, oid, path);
  });
