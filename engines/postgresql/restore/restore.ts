import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import type { Client } from 'pg';
import type { DataObject } from '../../../catalog/bucket/manifest';
import { noteOf } from '../../../catalog/contract/note';
import type { TargetState } from '../../../catalog/contract/restore';
import { toolOutput, type Tool } from '../../../task/io/tool';
import { writeTrust } from '../../../task/io/tls';
import { chosenDatabases, chosenTables } from '../../../task/restore/selection';
import { errorText } from '../../../task/run/errors';
import type { EngineRestore, RestoreCheck, RestoreContext, RestoreLook } from '../../engine';
import { serverRestoreContext } from '../../engine';
import { firstConnection } from '../../shared/first-connection';
import { DATABASE_TO_ASK, PostgresqlSessions } from '../connection';
import { readArchive } from './archive-contents';
import { dropDatabase, emptyDatabase, findDatabases } from './databases';
import { restoreError } from './failures';
import {
  absentTablespaces,
  connectAside,
  holdTarget,
  readAdministrator,
  refuseMissingExtensions,
  refuseMissingLocale,
  refuseOld,
} from './preflight';
import type { LoadContext } from './load';
import {
  createRoles,
  joinRoles,
  leaveRoles,
  planRoles,
  roleNotes,
  rolesOf,
  type Administrator,
  type RolePlan,
} from './roles';
import type { Targets } from './targets';
import { DatabaseTargets } from './database-targets';
import { TableTargets } from './table-targets';
import { loadingSettings } from '../settings';

/** For what the server does when the program ends in the middle of it. */
const SETTLE_MS = 20_000;

/** Restore of PostgreSQL: everything is loaded and checked under another name, and gets its own in the last step. */
export class PostgresqlRestore implements EngineRestore {
  private readonly context: ReturnType<typeof serverRestoreContext>;
  private readonly tools = new Set<Tool>();
  private loading: LoadContext | undefined;
  private targets: Targets | undefined;
  private administrator: Administrator | undefined;
  private roles: RolePlan = { missing: [], join: [] };
  private created: readonly string[] = [];
  private isTablespaced = true;
  private hasBegun = false;
  private isFull = false;
  private stateNow: TargetState = 'unchanged';
  private working: Promise<unknown> = Promise.resolve();
  private closing: Promise<void> | undefined;

  constructor(context: RestoreContext) {
    this.context = serverRestoreContext(context);
  }

  look(): Promise<RestoreLook> {
    return this.work(async () => {
      const { manifest, objects, scratch, server, note, request } = this.context;
      const sessions = new PostgresqlSessions(this.context, writeTrust(server.tls, scratch), loadingSettings);
      const tables = chosenTables(manifest, request);
      const databases = [
        ...new Set(tables ? tables.map(({ database }) => database) : chosenDatabases(manifest, request)),
      ];
      const isAsked = !tables && [...databases, request.as].includes(DATABASE_TO_ASK);
      const client = await firstConnection(() => connectAside(sessions, isAsked), this.context);
      await sessions.learn(client);
      this.loading = { ...this.context, sessions, client, runs: (tool) => this.runs(tool) };
      const administrator = await readAdministrator(client);
      this.administrator = administrator;
      const toolVersion = /\d[\w.]*/.exec(await toolOutput('pg_restore', ['--version']))?.[0] ?? '';
      refuseOld(manifest, administrator.serverVersion, toolVersion);
      const chosen: DataObject[] = [];
      const found = [];
      for (const database of databases) {
        const object = manifest.objects.find((one) => one.kind === 'dump' && one.databases.includes(database))!;
        const headFile = join(scratch, `${chosen.length}.head`);
        const archive = await readArchive(objects.open(object), object.key, headFile);
        chosen.push(object);
        found.push({ database, object, archive });
      }
      const archives = found.map(({ archive }) => archive);
      await refuseMissingExtensions(client, archives);
      for (const archive of archives) await refuseMissingLocale(client, archive);
      this.targets = tables
        ? new TableTargets(this.loading, found, tables, administrator)
        : new DatabaseTargets(this.loading, found, administrator);
      const targets = await this.targets.look(client);
      // Locks belong to a database: all restores take them in the same one, if it is there.
      const holder = isAsked ? await connectAside(sessions, false) : client;
      for (const { name } of targets) await holdTarget(holder, name);
      const globals = manifest.objects.find(({ kind }) => kind === 'globals');
      const roles = globals ? rolesOf((await buffer(objects.open(globals))).toString('utf8')) : new Map();
      // Tables beside others belong to who restores them.
      this.roles = await planRoles(client, administrator, tables ? [] : archives, roles, this.targets.owners);
      for (const one of roleNotes(this.roles)) note(one);
      const absent = await absentTablespaces(client, archives);
      this.isTablespaced = absent.length === 0;
      if (absent.length > 0 && !tables) note(noteOf('tablespaces-absent', absent));
      return { targetVersion: administrator.serverVersion, targets, objects: chosen, atomic: true };
    });
  }

  load(): Promise<void> {
    return this.work(async () => {
      const [context, targets] = this.looked();
      this.hasBegun = true;
      this.created = await createRoles(context.client, this.roles.missing, context.note);
      await joinRoles(context.client, this.administrator!, this.roles.join);
      await targets.load(context, this.isTablespaced);
    });
  }

  check(): Promise<RestoreCheck> {
    return this.work(async () => {
      const [context, targets] = this.looked();
      const check = await targets.compare(context);
      const isSame = check.differences.length === 0;
      if (!isSame && !targets.showsDifferences) return check;
      // Whether it has happened, a session that breaks meanwhile does not tell.
      this.stateNow = 'unknown';
      await targets.publish(context).catch((error: unknown) => {
        if (restoreError(this.context.server, error).reason.kind !== 'connection-lost') this.stateNow = 'unchanged';
        throw error;
      });
      this.stateNow = 'complete-but-different';
      return check;
    });
  }

  state(): TargetState {
    return this.stateNow;
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    await Promise.all([...this.tools].map((tool) => tool.stop()));
    const context = this.loading;
    if (!context) return;
    const { sessions, client } = context;
    await sessions.close(client);
    await Promise.race([this.working.catch(() => undefined), sleep(SETTLE_MS, undefined, { ref: false })]);
    if (this.hasBegun) await this.cleanUp(context).catch(() => undefined);
    await sessions.close();
  }

  /** Drops what was not published, and all that only the restore needed. Databases that remain, the next restore drops. */
  private async cleanUp(context: LoadContext): Promise<void> {
    const client = await context.client.query('SELECT').then(
      () => context.client,
      () => connectAside(context.sessions, true),
    );
    await this.targets?.discard?.().catch(() => undefined);
    for (const name of this.targets?.temporary ?? []) await this.drop(context, client, name);
    // Where nobody knows whether the database has its name, its roles stay.
    await leaveRoles(client, this.roles.join, this.stateNow === 'unchanged' ? this.created : []);
  }

  private async drop({ sessions, log }: LoadContext, client: Client, name: string): Promise<void> {
    if (!(await findDatabases(client, [name])).has(name)) return;
    try {
      // To drop a database, the server needs some room; and after a failed attempt nobody can connect to it to make some.
      if (this.isFull)
        await sessions
          .connect(name)
          .then(emptyDatabase)
          .catch(() => undefined);
      await dropDatabase(client, name, sessions);
    } catch (error) {
      log.warn(
        'left',
        `database ${name} of this restore could not be dropped, the next one does it: ${errorText(error)}`,
      );
    }
  }

  private looked(): [LoadContext, Targets] {
    if (!this.loading || !this.targets) throw new Error('a restore without its look');
    return [this.loading, this.targets];
  }

  /** Remembers what is under way, and gives its failure a meaning. */
  private async work<T>(action: () => Promise<T>): Promise<T> {
    const working = action();
    this.working = working;
    try {
      return await working;
    } catch (error) {
      const failure = restoreError(this.context.server, error);
      this.isFull ||= failure.reason.kind === 'target-full';
      throw failure;
    }
  }

  private runs(tool: Tool): Tool {
    this.tools.add(tool);
    if (this.closing) void tool.stop();
    return tool;
  }
}
