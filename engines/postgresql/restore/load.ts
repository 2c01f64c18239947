import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import type { DataObject } from '../../../catalog/bucket/manifest';
import { noteOf } from '../../../catalog/contract/note';
import type { Tool } from '../../../task/io/tool';
import type { ServerRestoreContext } from '../../engine';
import type { PostgresqlSessions } from '../connection';
import { quoteName } from '../names';
import type { RestoreArchive } from './archive-contents';
import { createTemporary, databaseStatements } from './databases';
import { Repairs } from './repairs';
import { finishRestore, startRestore, type PgRestoreRun } from './pg-restore';

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
  const section = (
    name: string,
    input: PgRestoreRun['input'],
    more: Partial<Record<'args' | 'options', string[]>> = {},
  ) => runSection(context, load, [`--section=${name}`, ...(more.args ?? [])], input, more.options);
  await section('pre-data', archive.headFile, { args: ['--single-transaction'] });
  const repairs = new Repairs(own, database);
  await repairs.beforeData();
  const uncheckedKeys = (await repairs.hasKeys()) && (await mayIgnoreKeys(own));
  const options = uncheckedKeys ? ['session_replication_role=replica'] : [];
  const jobs = request.jobs ?? 1;
  const listed = (name: string, ids: readonly number[]): string => {
    const list = join(scratch, `${temporary}.${name}`);
    writeFileSync(list, ids.map((id) => `${id};\n`).join(''));
    return `--use-list=${list}`;
  };
  // All rows, or all but those of foreign tables.
  const rows = archive.foreignRows.length > 0 ? [listed('rows', archive.others)] : [];
  if (rows.length > 0 && !only) note(noteOf('foreign-rows-left', archive.foreignRows, database));
  if (only) {
    await section('data', objects.open(object), { args: ['--single-transaction', listed('only', only)], options });
  } else if (jobs > 1) {
    const file = await objects.spool(object);
    await section('data', file, { args: [`--jobs=${jobs}`, ...rows], options });
    await section('post-data', file, { args: [`--jobs=${jobs}`, listed('indexes', archive.indexes)] });
    // Several connections at once deadlock here: pg_restore knows nothing of the locks on partitions.
    await section('post-data', file, { args: ['--single-transaction', listed('others', archive.others)] });
  } else {
    await section('data', objects.open(object), { args: ['--single-transaction', ...rows], options });
    await section('post-data', archive.headFile, { args: ['--single-transaction'] });
  }
  if (!only) await repairs.afterAll(note);
  await sessions.disconnect(own);
  return { uncheckedKeys };
}

async function runSection(
  { sessions, note, loading, runs }: LoadContext,
  { temporary, tablespaces, only }: Load,
  args: readonly string[],
  input: PgRestoreRun['input'],
  options: readonly string[] = [],
): Promise<void> {
  const env = sessions.environment();
  const tool = startRestore({
    database: temporary,
    args: [
      ...args,
      // Several processes at once write over each other's lines.
      ...(args.some((one) => one.startsWith('--jobs')) ? [] : ['--verbose']),
      ...(tablespaces ? [] : ['--no-tablespaces']),
      ...(only ? ['--no-owner', '--no-privileges'] : []),
    ],
    env: { ...env, PGOPTIONS: [env.PGOPTIONS, ...options.map((option) => `-c ${option}`)].join(' ') },
    ...{ input, note, loading },
  });
  await finishRestore(runs(tool), input);
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
  /^(?:GRANT|REVOKE) /.test(statement) ? statement : statement.replace(/ (?:TO|IS) .*/s, ' …');

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
