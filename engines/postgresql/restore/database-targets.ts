import type { Client } from 'pg';
import type { DataObject, TableCount } from '../../../catalog/bucket/manifest';
import { noteOf } from '../../../catalog/contract/note';
import type { RestoreTarget } from '../../../catalog/contract/restore';
import { BackupError, errorCode } from '../../../task/run/errors';
import { restoredContent } from '../../../task/restore/content';
import type { RestoreCheck, ServerRestoreContext } from '../../engine';
import { DATABASE_TO_ASK, SQLSTATE } from '../connection';
import type { RestoreArchive } from './archive-contents';
import { compare } from './compare';
import {
  contentOf,
  databaseStatements,
  dropDatabase,
  dropLeftover,
  findDatabases,
  openToPublic,
  ownName,
} from './databases';
import { applyStatements, loadDatabase, type Load, type LoadContext, type Loaded } from './load';
import { publish, type Publication } from './publish';
import { connectAside, lacksDatabaseRight, refuseName } from './preflight';
import { refuse, type Administrator } from './roles';
import type { Targets } from './targets';

/** A database of the backup, and what its archive says. */
export interface FoundArchive {
  readonly database: string;
  readonly object: DataObject;
  readonly archive: RestoreArchive;
}

interface Whole extends FoundArchive {
  readonly name: string;
  readonly temporary: string;
  state: RestoreTarget['state'];
  loaded?: Loaded;
}

function unlessClosed(error: unknown): undefined {
  const code = error instanceof BackupError ? errorCode(error.cause) : undefined;
  if (code !== SQLSTATE.closed) throw error;
}

/** Whole databases. Each is loaded under another name; one that it replaces is there, and in use, until then. */
export class DatabaseTargets implements Targets {
  readonly owners: string[] = [];
  readonly temporary: readonly string[];
  private readonly all: readonly Whole[];

  constructor(
    private readonly context: ServerRestoreContext & Pick<LoadContext, 'sessions'>,
    found: readonly FoundArchive[],
    administrator: Administrator,
  ) {
    const { as } = context.request;
    if (as !== undefined && found.length > 1)
      throw new BackupError(
        'configuration',
        `--as needs one database, got ${found.length}: choose one with --databases`,
        { kind: 'name-invalid', object: as },
      );
    refuse(administrator, lacksDatabaseRight(administrator));
    this.all = found.map((one) => {
      const name = as ?? one.database;
      refuseName(name, 'database');
      return { ...one, name, temporary: ownName('restoring', name), state: 'new' };
    });
    this.temporary = this.all.map(({ temporary }) => temporary);
  }

  async look(client: Client): Promise<RestoreTarget[]> {
    const existing = await findDatabases(
      client,
      this.all.map(({ name }) => name),
    );
    const targets: RestoreTarget[] = [];
    for (const whole of this.all) {
      const { database, name } = whole;
      const exists = existing.get(name);
      // One that accepts no connections has something in it.
      const holds = exists ? await contentOf(this.context.sessions, name).catch(unlessClosed) : [];
      if (exists) this.owners.push(exists.owner);
      whole.state = !exists ? 'new' : holds?.length === 0 ? 'empty' : 'exists';
      const { tables, rows } = restoredContent(this.tablesOf(database));
      targets.push({ database, name, state: whole.state, ...(holds && holds.length > 0 && { holds }), tables, rows });
    }
    return targets;
  }

  get showsDifferences(): boolean {
    return this.all.every(({ state }) => state === 'new');
  }

  async load(context: LoadContext, tablespaces: boolean): Promise<void> {
    for (const whole of this.all) {
      await dropLeftover(context.client, 'restoring', whole.name, context.sessions);
      await dropLeftover(context.client, 'replaced', whole.name, context.sessions);
    }
    for (const whole of this.all) {
      const load: Load = { ...whole, tablespaces };
      whole.loaded = await loadDatabase(context, load);
    }
  }

  async compare({ sessions, server }: LoadContext): Promise<RestoreCheck> {
    const differences = [];
    for (const { database, temporary, archive, loaded } of this.all) {
      const [counter, observer] = [await sessions.connect(temporary), await sessions.connect(temporary)];
      const { uncheckedKeys = false } = loaded ?? {};
      const tables = this.tablesOf(database);
      differences.push(...(await compare(counter, observer, { database, archive, tables, server, uncheckedKeys })));
      await Promise.all([counter, observer].map((client) => sessions.disconnect(client)));
    }
    return { differences, ...restoredContent(this.all.flatMap(({ database }) => this.tablesOf(database))) };
  }

  async publish(context: LoadContext): Promise<void> {
    const { sessions, note } = context;
    const publications: Publication[] = [];
    for (const { database, name, temporary, archive, state } of this.all) {
      const { others } = databaseStatements(archive, database, temporary);
      const isComment = (one: string) => one.startsWith('COMMENT ');
      await applyStatements(context, { database, temporary }, [
        openToPublic(temporary),
        ...others.filter((one) => !isComment(one)),
      ]);
      if (state === 'empty') await this.refuseFilled(name);
      const comment = others
        .find(isComment)
        ?.replace(/^.*? IS (?=['N])/s, '')
        .replace(/;$/, '');
      publications.push({ temporary, name, replaces: state !== 'new', ...(comment !== undefined && { comment }) });
    }
    const isAsked = publications.some(({ name }) => name === DATABASE_TO_ASK);
    const [client, other] = [await connectAside(sessions, isAsked), await connectAside(sessions, isAsked)];
    await publish(client, other, publications);
    for (const { name, state } of this.all) {
      if (state === 'new') continue;
      const replaced = ownName('replaced', name);
      await this.dropReplaced(client, replaced, state).catch(() => note(noteOf('old-database-kept', [replaced])));
    }
  }

  private async dropReplaced(client: Client, replaced: string, was: Whole['state']): Promise<void> {
    if (was === 'empty' && (await contentOf(this.context.sessions, replaced)).length > 0) {
      // Somebody filled it in the last moment. Without its mark, no restore drops it.
      await client.query(`COMMENT ON DATABASE ${replaced} IS NULL`);
      throw new Error(`${replaced} is no longer empty`);
    }
    await dropDatabase(client, replaced);
  }

  private async refuseFilled(name: string): Promise<void> {
    const holds = await contentOf(this.context.sessions, name);
    if (holds.length === 0) return;
    throw new BackupError(
      'targetRefused',
      `${name} was empty, and got ${holds.join(', ')} while the backup was loaded, and nothing of it was touched: restore beside it with --as, or replace it with --overwrite`,
      { kind: 'target-exists', object: name },
    );
  }

  private tablesOf(database: string): TableCount[] {
    return this.context.manifest.tables.filter((table) => table.database === database);
  }
}
