import type { Client } from 'pg';
import type { ServerJob } from '../../catalog/contract/task';
import { BackupError } from '../../task/run/errors';
import type { PgArchiveInspector } from './archive';
import { entryKey } from './archive-head';
import { countFailure } from './failures';
import { filterValues } from './grants';
import { INVENTORY_QUERY } from './inventory-query';

/** What a database has, in one snapshot. */
export interface Inventory {
  /** How many objects of each {@link entryKey}. */
  readonly entries: ReadonlyMap<string, number>;
  readonly largeObjects: number;
}

interface Entry {
  readonly kind: string;
  readonly schema: Buffer;
  readonly name: Buffer;
  readonly n: number;
}

const BATCH = 5000;
const SHOWN = 5;
const TABLES = [
  ...['TABLE', 'FOREIGN TABLE', 'VIEW', 'MATERIALIZED VIEW', 'MATERIALIZED VIEW DATA', 'SEQUENCE', 'SEQUENCE SET'],
  ...['TABLE DATA', 'TABLE ATTACH', 'INDEX', 'CONSTRAINT', 'FK CONSTRAINT', 'TRIGGER', 'RULE', 'POLICY'],
  ...['ROW SECURITY', 'STATISTICS', 'PUBLICATION TABLE'],
];
const LARGE_OBJECTS = 'LARGE OBJECT';
/** Kinds without which a restore has all rows and all code: they are told, and fail no run. */
const SMALL = new Set(['STATISTICS', 'MATERIALIZED VIEW DATA', 'PUBLICATION TABLE', 'DEFAULT ACL', 'USER MAPPING']);
/** Kinds that an extra argument may leave out. One that is not listed may leave out anything. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    [
      ...['no-owner', 'no-comments', 'no-security-labels', 'no-tablespaces', 'no-toast-compression', 'no-statistics'],
      ...['no-table-access-method', 'statistics', 'inserts', 'column-inserts', 'attribute-inserts', 'rows-per-insert'],
      ...['on-conflict-do-nothing', 'disable-dollar-quoting', 'disable-triggers', 'quote-all-identifiers', 'verbose'],
      ...['load-via-partition-root', 'serializable-deferrable', 'lock-wait-timeout', 'no-sync'],
      ...['extra-float-digits', 'large-objects', 'blobs', 'strict-names', 'sequence-data', 'include-foreign-data'],
    ].map((name) => [`--${name}`, []]),
  ),
  '--exclude-table': TABLES,
  '-T': TABLES,
  '--no-unlogged-table-data': ['SEQUENCE SET'],
  '--no-policies': ['POLICY', 'ROW SECURITY'],
  '--no-publications': ['PUBLICATION', 'PUBLICATION TABLE'],
  '--no-subscriptions': ['SUBSCRIPTION'],
  '--no-large-objects': [LARGE_OBJECTS],
  '--no-blobs': [LARGE_OBJECTS],
  '-B': [LARGE_OBJECTS],
  '--no-privileges': ['DEFAULT ACL'],
  '--no-acl': ['DEFAULT ACL'],
  '-x': ['DEFAULT ACL'],
  '-O': [],
};

/** Kinds that the user's arguments may leave out; `undefined` if that may be all. */
function leftOut({ extraDumpArguments = [] }: ServerJob): ReadonlySet<string> | undefined {
  const kinds = extraDumpArguments.map((argument) => {
    const option = /^-[^-]/.test(argument) ? argument.slice(0, 2) : (argument.split('=', 1)[0] ?? '');
    const isAlone = option.startsWith('--') || option === '-T' || argument.length === 2;
    return isAlone ? LEFT_OUT[option] : undefined;
  });
  return kinds.includes(undefined) ? undefined : new Set(kinds.flatMap((some) => some ?? []));
}

/**
 * Asks for all objects that the dump must have, in the snapshot of the client's transaction.
 *
 * @throws BackupError `dumpFailed` if the server does not answer
 */
export async function readInventory(client: Client, database: string, server: ServerJob): Promise<Inventory> {
  const entries = new Map<string, number>();
  if (!leftOut(server)) return { entries, largeObjects: 0 };
  try {
    // In batches: an answer about 100,000 objects would take more memory than what is kept of it.
    await client.query(`DECLARE inventory NO SCROLL CURSOR FOR ${INVENTORY_QUERY}`, filterValues(server));
    let rows: Entry[];
    do {
      ({ rows } = await client.query<Entry>(`FETCH ${BATCH} FROM inventory`));
      for (const { kind, schema, name, n } of rows) {
        const key = entryKey(kind, schema.toString('latin1'), name.toString('latin1'));
        entries.set(key, (entries.get(key) ?? 0) + n);
      }
    } while (rows.length === BATCH);
    const counted = await client.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM pg_catalog.pg_largeobject_metadata WHERE $1::text[] IS NULL',
      [server.schemas ?? null],
    );
    return { entries, largeObjects: counted.rows[0]?.n ?? 0 };
  } catch (error) {
    throw countFailure(error, `could not list the objects of database ${database}`, { database });
  }
}

/**
 * Compares what a database has with what its archive has. Arguments of the user may leave objects out.
 *
 * @returns objects that are missing in the archive, of kinds that a restore can do without
 * @throws BackupError `dumpFailed` if others are missing
 */
export function checkInventory(
  database: string,
  { entries, largeObjects }: Inventory,
  archive: PgArchiveInspector,
  server: ServerJob,
): string[] {
  const lenient = leftOut(server);
  const inArchive = archive.entries;
  if (!lenient || !inArchive) return [];
  const missing: string[] = [];
  const small: string[] = [];
  let count = 0;
  for (const [key, n] of entries) {
    const [kind = '', schema = '', name = ''] = key.split('\0');
    const lacks = n - (inArchive.get(key) ?? 0);
    if (lacks <= 0 || lenient.has(kind)) continue;
    // The archive does not say in which encoding its names are: most are UTF-8.
    const path = Buffer.from([schema, name].filter(Boolean).join('.'), 'latin1').toString('utf8');
    const object = [kind, path].filter(Boolean).join(' ');
    if (SMALL.has(kind)) {
      small.push(object);
      continue;
    }
    count += lacks;
    if (missing.length < SHOWN) missing.push(object);
  }
  if (largeObjects > archive.largeObjects && !lenient.has(LARGE_OBJECTS)) {
    count += largeObjects - archive.largeObjects;
    missing.push(LARGE_OBJECTS);
  }
  if (count === 0) return small;
  const more = count > missing.length ? ` and ${count - missing.length} more` : '';
  throw new BackupError(
    'dumpFailed',
    `pg_dump exited with 0, but left out objects of database ${database} that are in its snapshot (${missing.join(', ')}${more}): the dump was discarded`,
    { kind: 'dump-incomplete', object: 'pg_dump', database },
  );
}
