import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import type { DataObject } from '../../../catalog/bucket/manifest';
import { noteOf } from '../../../catalog/contract/note';
import type { Tool } from '../../../task/io/tool';
import type { ServerRestoreContext } from '../../engine';
import type { PostgresqlSessions } from '../connection';
import { quoteName } from '../names';
import { locksOf, type RestoreArchive } from './archive-contents';
import { createTemporary, databaseStatements } from './databases';
import { Repairs } from './repairs';
import { loadRows } from './load-rows';
import { startRestore } from './pg-restore';

/** What all loads of a restore share. */
export interface LoadContext extends ServerRestoreContext {
  readonly sessions: PostgresqlSessions;
  /** A session in none of the databases. */
  readonly client: Client;
  /** Lets a tool be stopped from outside. */
  readonly runs: (tool: Tool) => Tool;
}

/** One database of the backup, on its way. */
export interface Load {
  /** Its name in the backup. */
  readonly database: string;
  /** The database to load it into, which does not exist yet. */
  readonly temporary: string;
  readonly object: DataObject;
  readonly archive: RestoreArchive;
  /** Whether the target has all tablespaces. */
  readonly tablespaces: boolean;
  /** Numbers of the entries whose rows are loaded, and neither indexes nor keys; everything when left out. */
  readonly only?: readonly number[];
}

/** What a check must know of a load. */
export interface Loaded {
  /** Whether rows were loaded without a look at foreign keys. */
  readonly uncheckedKeys: boolean;
}

/**
 * Loads a database of a backup into a new one, by sections: definitions, rows, and indexes with keys and triggers, with
 * {@link Repairs} between. Only the rows are read from the bucket; all else is in the head of the archive, which is here already.
 *
 * @throws BackupError if anything fails; the new database is left then
 */
export async function loadDatabase(context: LoadContext, load: Load): Promise<Loaded> {
  const { sessions, client, note, manifest, request, objects, scratch } = context;
  const { database, temporary, archive, object, only } = load;
  await createTemporary(client, only ? { ...archive, owner: '' } : archive, temporary, load.tablespaces);
  if (!only) await applySettings(context, load);
  const own = await sessions.connect(temporary);
  if (manifest.notes?.some((one) => one.kind === 'no-public-schema' && one.database === database))
    await own.query('DROP SCHEMA public').catch(() => undefined);
  const section = (name: string, ...args: string[]) =>
    startSection(context, load, [`--section=${name}`, ...args], { file: archive.headFile }).succeeded();
  const listed = (name: string, ids: readonly number[]): string => {
    const list = join(scratch, `${temporary}.${name}`);
    writeFileSync(list, ids.map((id) => `${id};\n`).join(''));
    return `--use-list=${list}`;
  };
  // The database is dropped if anything fails: one transaction is faster, and no more.
  const once = locksOf(archive) < (await lockRoom(own)) ? ['--single-transaction'] : [];
  if (only) await section('pre-data', ...once);
  else
    await loadDefinitions(own, archive, (name, ids, ...args) => {
      const list = ids ? [listed(name, ids)] : [];
      return startSection(context, load, [...once, ...list, ...args], { file: archive.headFile }).succeeded();
    });
  const repairs = new Repairs(own, database);
  await repairs.beforeData();
  const hasKeys = await repairs.hasKeys();
  const uncheckedKeys = hasKeys && (await mayIgnoreKeys(own));
  const jobs = request.jobs ?? 1;
  // All rows, or all but those of foreign tables.
  const rows = archive.foreignRows.length > 0 ? [listed('rows', archive.others)] : [];
  if (rows.length > 0 && !only) note(noteOf('foreign-rows-left', archive.foreignRows, database));
  // A session looks for the row that a key refers to where only its own rows are.
  const isDivided = !only && jobs > 1 && (uncheckedKeys || !hasKeys);
  const shared = isDivided ? archive.data.flatMap(({ id, isCopied }) => (isCopied ? id : [])) : [];
  const lists = [only ? [listed('only', only)] : rows];
  if (shared.length > 0) for (let job = 1; job < jobs; job++) lists.push([listed('shared', shared)]);
  const options = uncheckedKeys ? ['session_replication_role=replica'] : [];
  const tools = lists.map((list) => startSection(context, load, ['--section=data', ...once, ...list], { options }));
  await loadRows(tools, objects.open(object), new Set(shared));
  if (!only && jobs > 1) {
    await section('post-data', `--jobs=${jobs}`, listed('indexes', archive.indexes));
    // Several connections at once deadlock here: pg_restore knows nothing of the locks on partitions.
    await section('post-data', ...once, listed('others', archive.others));
  } else if (!only) await section('post-data', ...once);
  if (!only) {
    // They take longer than many a table, and in a restore test only statements of the team are planned by them.
    const isPlanned = !context.thrownAway || (manifest.expectations ?? []).length > 0;
    const second = isPlanned ? await sessions.connect(temporary) : undefined;
    await repairs.afterAll(second, note);
    if (second) await sessions.disconnect(second);
  }
  await sessions.disconnect(own);
  return { uncheckedKeys };
}

/**
 * Loads the definitions. Without a superuser, the new owner of a table must be allowed to create one in its schema at that moment, which
 * the dumped server may have allowed only when the table was made: it is allowed until the privileges of the backup come.
 */
async function loadDefinitions(
  client: Client,
  { schemas, others, ownersIn }: RestoreArchive,
  run: (name: string, ids: readonly number[] | undefined, ...args: readonly string[]) => Promise<unknown>,
): Promise<void> {
  const pairs = [...ownersIn].flatMap(([schema, owners]) => [...owners].map((owner) => [schema, owner] as const));
  const ask = async () => {
    const { rows } = await client.query<{ schema: string; owner: string; exists: boolean }>(
      `SELECT quote_ident(schema) AS schema, quote_ident(owner) AS owner, n.oid IS NOT NULL AS exists
       FROM unnest($1::text[], $2::text[]) AS wanted (schema, owner) JOIN pg_roles r ON rolname = owner
       LEFT JOIN pg_namespace n ON nspname = schema
       WHERE (n.oid IS NULL OR pg_has_role(nspowner, 'USAGE') AND NOT has_schema_privilege(r.oid, n.oid, 'CREATE'))
         AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)`,
      [pairs.map(([schema]) => schema), pairs.map(([, owner]) => owner)],
    );
    return rows;
  };
  if ((await ask()).length === 0) return void (await run('definitions', undefined, '--section=pre-data'));
  const [made, privileges] = [new Set(schemas.made), new Set(schemas.privileges)];
  if (made.size > 0) await run('schemas', schemas.made);
  // An extension may make others.
  const lacking = (await ask()).filter(({ exists }) => exists);
  for (const { schema, owner } of lacking) await client.query(`GRANT CREATE ON SCHEMA ${schema} TO ${owner}`);
  await run(
    'definitions',
    others.filter((id) => !made.has(id) && !privileges.has(id)),
    '--section=pre-data',
  );
  for (const { schema, owner } of lacking) await client.query(`REVOKE CREATE ON SCHEMA ${schema} FROM ${owner}`);
  if (privileges.size > 0) await run('privileges', schemas.privileges);
}

function startSection(
  { sessions, note, loading, runs }: LoadContext,
  { temporary, tablespaces, only }: Load,
  args: readonly string[],
  { file, options = [] }: { readonly file?: string; readonly options?: readonly string[] },
): Tool {
  const env = sessions.environment();
  return runs(
    startRestore({
      database: temporary,
      args: [
        ...args,
        // Several processes at once write over each other's lines.
        ...(args.some((one) => one.startsWith('--jobs')) ? [] : ['--verbose']),
        ...(tablespaces ? [] : ['--no-tablespaces']),
        ...(only ? ['--no-owner', '--no-privileges'] : []),
      ],
      env: { ...env, PGOPTIONS: [env.PGOPTIONS, ...options.map((option) => `-c ${option}`)].join(' ') },
      ...{ ...(file !== undefined && { file }), note, loading },
    }),
  );
}

/** Locks that the server has room for besides those of its other sessions: half of all. */
async function lockRoom(client: Client): Promise<number> {
  const { rows } = await client.query<{ room: number }>(
    `SELECT current_setting('max_locks_per_transaction')::int * current_setting('max_connections')::int / 2 AS room`,
  );
  return rows[0]?.room ?? 0;
}

/** A superuser may, and whom one allowed it. */
const mayIgnoreKeys = (client: Client): Promise<boolean> =>
  client.query(`SELECT set_config('session_replication_role', 'replica', true)`).then(
    () => true,
    () => false,
  );

/** Settings first, because functions that run meanwhile may read them. Those that disturb a restore act on none of its sessions. */
const applySettings = (context: LoadContext, load: Load): Promise<void> =>
  applyStatements(context, load, databaseStatements(load.archive, load.database, load.temporary).settings);

/** A statement without its value, which may be a secret. */
const headOf = (statement: string): string =>
  /^(?:GRANT|REVOKE|SET ROLE) /.test(statement) ? statement : statement.replace(/ (?:TO|IS) .*/s, ' …');

/** Runs statements about a database, and notes those that the server refuses. */
export async function applyStatements(
  { client, note }: Pick<LoadContext, 'client' | 'note'>,
  { database, temporary }: Pick<Load, 'database' | 'temporary'>,
  statements: readonly string[],
): Promise<void> {
  const refused: string[] = [];
  for (const statement of statements)
    await client
      .query(statement)
      .catch(() => refused.push(headOf(statement.replace(quoteName(temporary), () => quoteName(database)))));
  if (refused.length > 0) note(noteOf('database-incomplete', refused, database));
}
