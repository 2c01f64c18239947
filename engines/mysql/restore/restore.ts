import { randomUUID } from 'node:crypto';
import { noteOf } from '../../../catalog/contract/note';
import type { TargetState } from '../../../catalog/contract/restore';
import { toolOutput } from '../../../task/io/tool';
import { writeTrust, type Trust } from '../../../task/io/tls';
import { BackupError } from '../../../task/run/errors';
import {
  serverRestoreContext,
  type EngineRestore,
  type RestoreCheck,
  type RestoreContext,
  type RestoreLook,
  type ServerRestoreContext,
} from '../../engine';
import { firstConnection } from '../../shared/first-connection';
import { connectMysql, writeOptionFile } from '../connection';
import type { MysqlDialect } from '../dialect';
import { MysqlGrants } from '../grants';
import { Sessions, rowsOf, type Session } from '../sessions';
import { prepareTarget, undoRestore, type Changes } from './changes';
import { checkRestored, expectedOf } from './check';
import type { Choice } from '../../shared/restore-choice';
import { readMysqlChoice } from './choice';
import { MysqlClients } from './clients';
import { decideDefiners } from './definers';
import { createEvents } from './events';
import { restoreFailure } from './failures';
import { noteOrphans } from './foreign-keys';
import { findDatabases, type FoundDatabase } from './found';
import { noteLeftOut } from './left-out';
import { loadDump } from './load';
import { lockDatabases } from './locks';
import { requireEnd, unmark, type Run } from './marker';
import { checkNeeds, checkRename } from './needs';
import type { Query } from './query';
import type { DumpRewriter } from './rewrite';
import { DumpScan } from './scan';
import { sequencesToCreate } from './sequences';
import { loadingSettings } from './session-settings';
import { checkPrivileges, checkServer, checkSettings, type Target } from './target';

/** Our session would be idle as long as a dump takes: servers, and what is between, end such sessions. */
const PING_MS = 30_000;
/** Notes on what this restore takes care of, or what is only of interest before it. */
const HANDLED: readonly string[] = [
  ...['sequences-first', 'trailing-semicolons', 'archive-tables', 'memory-tables', 'non-unique-parents', 'long-rows'],
  ...['no-primary-keys', 'passing-events', 'large-rows', 'damage-unchecked', 'unknown-definers'],
  ...['undeclared-functions'],
];

/** Restore of MySQL or MariaDB by its own client, `mysql` or `mariadb`. */
export class MysqlRestore implements EngineRestore {
  private readonly context: ServerRestoreContext;
  private readonly choice: Choice;
  private readonly sessions: Sessions;
  private readonly run: Run;
  private readonly changes: Changes = { accounts: [], dropped: new Set() };
  private control: Session | undefined;
  private ping: NodeJS.Timeout | undefined;
  private trust: Trust | undefined;
  private target: Target | undefined;
  private found: readonly FoundDatabase[] = [];
  private clients: MysqlClients | undefined;
  private rewriter: DumpRewriter | undefined;
  /** The table whose rows are under way. */
  private table: string | undefined;
  /** Events that wait for the end of the comparison: `shop.cleanup`. */
  private waiting: readonly string[] = [];
  /** Whether all was loaded, and still has our marks. */
  private marked = false;
  private now: TargetState = 'unchanged';
  private closing: Promise<void> | undefined;

  constructor(
    context: RestoreContext,
    private readonly dialect: MysqlDialect,
  ) {
    this.context = serverRestoreContext(context);
    this.choice = readMysqlChoice(context.manifest, context.request);
    this.sessions = new Sessions(() => connectMysql(this.context, this.trust));
    this.run = { id: randomUUID(), backupId: context.manifest.backupId };
  }

  async look(): Promise<RestoreLook> {
    return this.said(async () => {
      const { dialect, query } = this;
      const { server, manifest, request, scratch, note } = this.context;
      this.trust = writeTrust(server.tls, scratch);
      this.control = await firstConnection(() => this.sessions.begin(), this.context);
      this.ping = setInterval(() => void query('DO 0').catch(() => undefined), PING_MS).unref();
      const [identity] = await query('SELECT VERSION() AS version, CURRENT_USER() AS account');
      const [serverVersion, account] = [String(identity?.version), String(identity?.account)];
      checkServer(dialect, manifest.serverVersion, serverVersion);
      this.context.log.info('client', await toolOutput(dialect.client, ['--version']));
      const optionFile = writeOptionFile(this.context, dialect, this.trust, '0', []);
      const grants = await MysqlGrants.read(this.control.connection, dialect);
      checkPrivileges(grants, account, this.choice.names.values());
      await checkSettings(query, manifest, this.choice);
      if (!request.dryRun) await lockDatabases(query, this.choice.names.values(), server.host);
      this.found = await findDatabases(query, this.choice, account);
      const half = this.found.filter(({ isOurs }) => isOurs).map(({ name }) => name);
      if (half.length > 0) note(noteOf('half-restored', half));
      for (const one of manifest.notes ?? []) if (!HANDLED.includes(one.kind)) note(one);
      const settings = await loadingSettings(query);
      this.clients = new MysqlClients({
        ...{ dialect, optionFile, settings, run: this.run },
        table: () => this.table,
      });
      this.target = { query, dialect, serverVersion, grants, account, settings };
      return {
        targetVersion: serverVersion,
        targets: this.found.map(({ database, name, state, holds, tables, rows }) => ({
          ...{ database, name, state, tables, rows },
          ...(holds && { holds: [...holds] }),
        })),
        objects: [this.object],
        atomic: false,
      };
    });
  }

  async load(): Promise<void> {
    return this.said(async () => {
      const { query, choice, run, context, object } = this;
      const { request, manifest, note } = context;
      const { target, clients } = this.prepared();
      const isRead = !request.stream || request.as !== undefined || request.definers !== undefined;
      const scan = isRead ? await this.scan() : undefined;
      if (scan) {
        checkRename(scan, choice);
        await checkNeeds(target, scan, manifest);
        noteLeftOut(scan, choice, note);
      }
      const definers = await decideDefiners(target, scan?.definers, request.definers, note);
      const sequences = await sequencesToCreate(target, scan, manifest, choice);
      await this.lookAgain(target.account);
      this.now = 'partial';
      await prepareTarget(query, this.found, definers.create, this.changes);
      const { accounts } = this.changes;
      if (accounts.length > 0) note(noteOf('definers-created', accounts));
      this.rewriter = await loadDump({
        ...{ context, object, choice, found: this.found, clients, run, scan, sequences },
        definer: definers.replacement,
        makesDefiners: context.thrownAway === true,
        loading: (table) => {
          this.table = table;
          context.loading(table);
        },
      });
      for (const name of choice.names.values()) await requireEnd(query, run, name, this.dialect.client);
      this.now = 'complete-but-unchecked';
      this.marked = true;
      this.waiting = expectedOf(this.rewriter.sql, choice).events;
    });
  }

  async check(): Promise<RestoreCheck> {
    return this.said(async () => {
      const { query, choice, rewriter } = this;
      if (!rewriter) throw new Error('check before load');
      const names = [...choice.names.values()];
      const { note, thrownAway = false } = this.context;
      const { objects, events } = expectedOf(rewriter.sql, choice);
      const check = await checkRestored(query, choice, objects, note);
      // A throw-away server is looked at by the restore test.
      if (!choice.single && !thrownAway) await noteOrphans(query, names, note);
      if (check.differences.length > 0) this.now = 'complete-but-different';
      else {
        // A restore test wants all that the backup has, also what is over.
        await createEvents(query, this.prepared().clients, rewriter, events, names, note, thrownAway);
        this.waiting = [];
      }
      await unmark(query, names);
      this.marked = false;
      return check;
    });
  }

  state(): TargetState {
    return this.now;
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    clearInterval(this.ping);
    await this.clients?.stop();
    if (this.now === 'partial')
      this.now = await undoRestore(() => this.sessions.begin(), this.run.id, this.found, this.changes);
    if (this.marked) await this.unmarkAfterwards().catch(() => undefined);
    if (this.waiting.length > 0) this.context.note(noteOf('events-missing', this.waiting));
    await this.sessions.close();
  }

  /** What is complete is not to be replaced by the next restore. */
  private async unmarkAfterwards(): Promise<void> {
    const session = await this.sessions.begin();
    await unmark((sql, values) => rowsOf(session, sql, values), this.choice.names.values());
  }

  private async scan(): Promise<DumpScan> {
    const scan = new DumpScan((database) => this.choice.names.has(database));
    await this.context.objects.verify(this.object, (chunk) => scan.see(chunk));
    return scan;
  }

  /**
   * Looks once more, since the verification may have taken hours.
   *
   * @throws BackupError `targetRefused` if the target was filled meanwhile
   */
  private async lookAgain(account: string): Promise<void> {
    const before = new Map(this.found.map(({ name, state }) => [name, state]));
    this.found = await findDatabases(this.query, this.choice, account);
    const filled = this.found.find(({ name, state }) => state === 'exists' && before.get(name) !== 'exists');
    if (filled)
      throw new BackupError(
        'targetRefused',
        `${filled.name} was filled by somebody else (${filled.holds?.join(', ')}) while the backup was verified; nothing was changed: restore beside it with --as, or replace it with --overwrite`,
        { kind: 'target-in-use', database: filled.name },
      );
  }

  private get object() {
    const { objects } = this.context.manifest;
    return objects.find(({ kind }) => kind === 'dump') ?? objects[0]!;
  }

  private readonly query: Query = async (sql, values = []) => {
    if (!this.control || this.closing) throw new Error('not connected');
    return rowsOf(this.control, sql, values);
  };

  /** What the look has prepared. */
  private prepared() {
    const { target, clients } = this;
    if (!target || !clients) throw new Error('load before look');
    return { target, clients };
  }

  /** Lets what goes wrong be a sentence. */
  private async said<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw restoreFailure(this.context.server, error);
    }
  }
}
