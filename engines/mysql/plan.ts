import { noteOf } from '../../catalog/contract/note';
import { tableFailure } from './failures';
import { readInventory } from './inventory';
import type { MysqlLook } from './look';
import { qualified } from './names';
import { orderDatabases } from './order';
import type { SqlObject } from './sql-objects';

/** A table to dump. */
export interface MysqlTable {
  readonly database: string;
  readonly name: string;
  /** Its storage engine, as `information_schema` writes it: `InnoDB`. */
  readonly engine: string;
  /** Options of its CREATE TABLE, as far as `information_schema` shows them. */
  readonly options: string;
}

/** Engines whose tables show the rows of other tables, files or servers: dump tools write their definitions alone. */
const ROWLESS_ENGINES = ['mrg_myisam', 'mrg_isam', 'federated', 'connect', 'oqgraph', 'spider', 'sphinx', 'vp'];

/** Whether a table holds no rows of its own. */
export const holdsNoRows = ({ engine }: Pick<MysqlTable, 'engine'>): boolean =>
  ROWLESS_ENGINES.includes(engine.toLowerCase());

/** Whether a session can read a table as it was when its transaction began. */
export const hasSnapshots = ({ engine }: Pick<MysqlTable, 'engine'>): boolean =>
  ['innodb', 'rocksdb'].includes(engine.toLowerCase());

/** What is to be dumped, and how: read from the server before the dump. */
export interface MysqlPlan {
  /** Databases, in the order in which the tool writes them. */
  readonly databases: readonly string[];
  /** Base tables, without those that the user excludes. */
  readonly tables: readonly MysqlTable[];
  /** All that the dump has to create, as far as the server shows it. */
  readonly objects: readonly SqlObject[];
  /** `db.table` of tables and views that the user excludes. */
  readonly ignored: ReadonlySet<string>;
  /** `db.table` of tables whose engine has no snapshots. */
  readonly nonTransactional: readonly string[];
  /** Whether the tool writes the past rows of system-versioned tables. */
  readonly history: boolean;
  /** Whether sessions can ask for the binary log position of their snapshot. */
  readonly hasSnapshotPositions: boolean;
}

/** Reads what there is to dump. */
export async function readPlan(look: MysqlLook, databases: readonly string[]): Promise<MysqlPlan> {
  const { dialect } = look;
  const ignored = ignoredTables(look.server.extraDumpArguments ?? []);
  const rows = await look.query(
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, ENGINE AS engine, TABLE_TYPE AS type, CREATE_OPTIONS AS options FROM information_schema.TABLES
     WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA IN (?) ORDER BY 1, 2`,
    [databases],
  );
  const tables = rows.filter(({ db, name }) => !ignored.has(`${db}.${name}`));
  const rowless = tables.filter(({ engine }) => holdsNoRows({ engine: String(engine) }));
  for (const { db, name } of rowless)
    await look
      .query(`SHOW CREATE TABLE ${qualified({ database: String(db), name: String(name) })}`)
      .catch((error: unknown) => {
        throw tableFailure({ database: String(db), name: String(name) }, error);
      });
  if (rowless.length > 0)
    look.note(
      noteOf(
        'rows-elsewhere',
        rowless.map(({ db, name }) => `${db}.${name}`),
      ),
    );
  const nonTransactional = tables
    .filter((table) => !rowless.includes(table) && !hasSnapshots({ engine: String(table.engine) }))
    .map(({ db, name }) => `${db}.${name}`);
  if (nonTransactional.length > 0)
    look.log.warn(
      'no-snapshot',
      `${nonTransactional.length} tables have an engine without snapshots and are dumped as they are when their turn comes: ${nonTransactional.slice(0, 10).join(', ')}`,
    );
  const versioned = tables.filter(({ type }) => type === 'SYSTEM VERSIONED').map(({ db, name }) => `${db}.${name}`);
  const history = versioned.length > 0 && (await dumpsHistory(look, databases, versioned));
  const [binlog] = dialect.hasSnapshotPositions ? await look.query('SELECT @@log_bin AS on_') : [];
  return {
    databases: await orderDatabases(look, databases),
    ignored,
    objects: await readInventory(look.query, databases, ignored),
    tables: tables.map(({ db, name, engine, options }) => ({
      database: String(db),
      name: String(name),
      engine: String(engine),
      options: String(options),
    })),
    nonTransactional,
    history,
    hasSnapshotPositions: Number(binlog?.on_ ?? 0) === 1,
  };
}

/** Tables that the user excludes from the dump: `db.table`. */
const ignoredTables = (dumpArguments: readonly string[]): ReadonlySet<string> =>
  new Set(dumpArguments.flatMap((argument) => /^--ignore-table=(.+)$/.exec(argument)?.[1] ?? []));

/** Whether the tool can write the past rows of these tables, all or none; what prevents it is noted. */
async function dumpsHistory(
  look: MysqlLook,
  databases: readonly string[],
  versioned: readonly string[],
): Promise<boolean> {
  if (!look.dialect.dumpsHistory(look.toolVersion)) {
    look.note({ kind: 'no-history' });
    return false;
  }
  // Numbers of transactions, where all others have times.
  const rows = await look.query(
    `SELECT DISTINCT TABLE_SCHEMA AS db, TABLE_NAME AS name FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA IN (?) AND GENERATION_EXPRESSION = 'ROW START' AND DATA_TYPE = 'bigint'`,
    [databases],
  );
  const precise = rows.map(({ db, name }) => `${db}.${name}`).filter((name) => versioned.includes(name));
  if (precise.length > 0) look.note(noteOf('transaction-precise-history', precise));
  return precise.length === 0;
}
