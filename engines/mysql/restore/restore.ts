import { createHash, randomUUID } from 'node:crypto';
import type { DataObject } from '../../../catalog/bucket/manifest';
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
import { quote } from '../names';
import { checkRestored, unmark } from './check';
import { MysqlClients, markOf } from './clients';
import { restoreFailure } from './failures';
import { checkNeeds, checkRename, decideDefiners, type Definers, type Target } from './needs';
import { noteLeftOut, sequencesToCreate } from './sequences';
import { DumpRewriter, MARKER, quotedAccount } from './rewrite';
import { DumpScan } from './scan';
import {
  checkPrivileges,
  checkServer,
  checkSettings,
  findDatabases,
  loadingSettings,
  readChoice,
  type Choice,
  type FoundDatabase,
  type Query,
} from './target';
import { undoRestore } from './undo';
import { Sessions, rowsOf, type Session } from '../sessions';
import type { SqlObject } from '../sql-objects';

/** A client whose program was killed goes on for as long as its last statement takes. */
const LAST_STATEMENT_SECONDS = 30;
/** Notes on what this restore takes care of, or what is only of interest before it. */
const HANDLED = [
  ...['sequences-first', 'trailing-semicolons', 'archive-tables', 'memory-tables', 'non-unique-parents', 'long-rows'],
  ...[
    'no-primary-keys',
    'passing-events',
    'large-rows',
    'damage-unchecked',
    'unknown-definers',
    'undeclared-functions',
  ],
];

/** Restore of MySQL or MariaDB by its own client, `mysql` or `mariadb`. */
export class MysqlRestore implements EngineRestore {
  private readonly context: ServerRestoreContext;
  private readonly choice: Choice;
  private readonly sessions: Sessions;
  private control: Session | undefined;
  private trust: Trust | undefined;
  private target: Target | undefined;
  private found: readonly FoundDatabase[] = [];
  private clients: MysqlClients | undefined;
  /** By this value a database is known as filled by this very restore. */
  private readonly run = randomUUID();
  private readonly createdAccounts: string[] = [];
  private rewriter: DumpRewriter | undefined;
  /** The table whose rows are under way. */
  private table: string | undefined;
  private powerless = false;
  private now: TargetState = 'unchanged';
  private loaded = false;
  private closing: Promise<void> | undefined;

  constructor(
    context: RestoreContext,
    private readonly dialect: MysqlDialect,
  ) {
    this.context = serverRestoreContext(context);
    this.choice = readChoice(context.manifest, context.request);
    this.sessions = new Sessions(() => connectMysql(this.context, this.trust));
  }

  async look(): Promise<RestoreLook> {
    return this.said(async () => {
      const { server, manifest, request, scratch, note } = this.context;
      this.trust = writeTrust(server.tls, scratch);
      this.control = await firstConnection(() => this.sessions.begin(), this.context);
      const [identity] = await this.query('SELECT VERSION() AS version, CURRENT_USER() AS account');
      const [serverVersion, account] = [String(identity?.version), String(identity?.account)];
      checkServer(this.dialect, manifest.serverVersion, serverVersion);
      this.context.log.info('client', await toolOutput(this.dialect.client, ['--version']));
      const optionFile = writeOptionFile(this.context, this.dialect, this.trust, '0', []);
      const grants = await MysqlGrants.read(this.control.connection, this.dialect);
      checkPrivileges(grants, account, this.choice.names.values());
      await checkSettings(this.query, manifest, this.choice);
      if (!request.dryRun) await this.lock();
      this.found = await findDatabases(this.query, this.choice);
      const half = this.found.filter(({ isOurs }) => isOurs).map(({ name }) => name);
      if (half.length > 0) note(noteOf('half-restored', half));
      for (const one of manifest.notes ?? []) if (!HANDLED.includes(one.kind)) note(one);
      const settings = await loadingSettings(this.query);
      this.clients = new MysqlClients({
        ...{ dialect: this.dialect, optionFile, settings, backupId: manifest.backupId, run: this.run },
        table: () => this.table,
      });
      this.target = { query: this.query, dialect: this.dialect, serverVersion, grants, account, settings };
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
      const { request, note } = this.context;
      const target = this.requireTarget();
      const isRead = !request.stream || request.as !== undefined || request.definers !== undefined;
      const scan = isRead ? await this.scan() : undefined;
      if (scan) {
        checkRename(scan, this.choice);
        await checkNeeds(target, scan);
        noteLeftOut(scan, this.choice, note);
      }
      const definers = await decideDefiners(target, scan?.definers, request.definers, note);
      this.powerless = definers.powerless;
      const sequences = await sequencesToCreate(target, scan, this.context.manifest, this.choice);
      await this.lookAgain();
      this.now = 'partial';
      await this.prepare(definers);
      await this.pass(definers, scan, sequences);
      this.loaded = true;
      this.now = 'complete-but-unchecked';
    });
  }

  async check(): Promise<RestoreCheck> {
    return this.said(async () => {
      const { choice, rewriter } = this;
      if (!rewriter) throw new Error('check before load');
      const check = await checkRestored(this.query, {
        ...{ choice, objects: this.expected('EVENT', false), powerless: this.powerless },
      });
      if (check.differences.length > 0) this.now = 'complete-but-different';
      else await this.createEvents(rewriter);
      await unmark(this.query, choice);
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
    await this.clients?.stop();
    if (this.now === 'partial' && !this.loaded)
      this.now = await undoRestore(() => this.sessions.begin(), {
        ...{ run: this.run, found: this.found, accounts: this.createdAccounts },
      });
    await this.sessions.close();
  }

  /** Takes the databases of the target for this restore, as long as its session lives. */
  private async lock(): Promise<void> {
    const take = async (lock: string, seconds: number): Promise<boolean> => {
      const [row] = await this.query('SELECT GET_LOCK(?, ?) AS got', [lock, seconds]);
      return Number(row?.got) === 1;
    };
    for (const name of this.choice.names.values()) {
      const isFree =
        (await take(lockName('proven-backups', name), 0)) && (await take(loadLock(name), LAST_STATEMENT_SECONDS));
      if (!isFree)
        throw new BackupError(
          'alreadyRunning',
          `another restore fills ${name} on ${this.context.server.host}; nothing was changed: wait for its end, then run the same command again`,
          { kind: 'already-running', database: name },
        );
      // The client takes it.
      await this.query('DO RELEASE_LOCK(?)', [loadLock(name)]);
    }
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
  private async lookAgain(): Promise<void> {
    const before = new Map(this.found.map(({ name, state }) => [name, state]));
    this.found = await findDatabases(this.query, this.choice);
    const filled = this.found.find(({ name, state }) => state === 'exists' && before.get(name) !== 'exists');
    if (filled)
      throw new BackupError(
        'targetRefused',
        `${filled.name} was filled by somebody else (${filled.holds?.join(', ')}) while the backup was verified; nothing was changed: restore beside it with --as, or replace it with --overwrite`,
        { kind: 'target-in-use', database: filled.name },
      );
  }

  private async prepare({ create }: Definers): Promise<void> {
    for (const account of create) {
      await this.query(
        account.includes('@')
          ? `CREATE USER IF NOT EXISTS ${quotedAccount(account)} ACCOUNT LOCK`
          : `CREATE ROLE IF NOT EXISTS ${quote(account)}`,
      );
      this.createdAccounts.push(account);
    }
    if (create.length > 0) this.context.note(noteOf('definers-created', create));
    await this.query('SET SESSION foreign_key_checks = 0');
    for (const { name, state, isOurs } of this.found)
      if (state === 'exists' || isOurs) await this.query('DROP DATABASE ??', [name]);
  }

  /** Passes the dump through the client. */
  private async pass(definers: Definers, scan: DumpScan | undefined, sequences: readonly SqlObject[]): Promise<void> {
    const { request, manifest, objects } = this.context;
    const { names, tables, single } = this.choice;
    const early = new Set(sequences.map(({ database }) => database));
    const places = new Map(
      this.found.map(({ database, name, state, isOurs }) => [
        database,
        { name, exists: early.has(database) || (state === 'empty' && !isOurs) },
      ]),
    );
    const only = tables.map(({ database, name }) => `${database}.${name}`);
    const used = only.flatMap((table) => scan?.sequences.get(table) ?? []);
    const rewriter = new DumpRewriter({
      ...{ places, definer: definers.replacement, mark: this.mark },
      loading: (table) => {
        this.table = table;
        this.context.loading(table);
      },
      ...(single && { only: new Set([...only, ...used.map(({ database, name }) => `${database}.${name}`)]) }),
      disableEvents: request.as !== undefined,
      marked: early,
    });
    this.rewriter = rewriter;
    const isNew = (database: string) =>
      this.found.some((one) => one.database === database && (one.state !== 'empty' || one.isOurs));
    const head = [
      ...[...names.values()].map((name) => `DO GET_LOCK('${loadLock(name)}', 0);`),
      ...[...early].flatMap((database) => [
        ...(isNew(database) ? [`CREATE DATABASE ${quote(names.get(database)!)};`] : []),
        `USE ${quote(names.get(database)!)};\n${this.mark}`,
      ]),
      ...sequences.map(
        ({ database, name }) => `CREATE SEQUENCE IF NOT EXISTS ${quote(names.get(database)!)}.${quote(name)};`,
      ),
    ];
    const tail = [...names.values()].map((name) =>
      markOf(`${quote(name)}.${quote(MARKER)}`, `${this.run} end`, manifest.backupId),
    );
    const dump = objects.open(this.object);
    const jobs = request.jobs ?? 1;
    const clients = this.requireClients();
    if (jobs > 1) await clients.several(jobs, head, rewriter.parts(dump), tail, names);
    else await clients.one(head, rewriter.rewrite(dump), tail);
    for (const name of names.values()) {
      const [end] = await this.query('SELECT 1 AS yes FROM ??.?? WHERE run = ?', [name, MARKER, `${this.run} end`]);
      if (!end)
        throw new BackupError(
          'restoreFailed',
          `${this.dialect.client} exited with 0, but has not come to the end of backup ${manifest.backupId} in ${name}: do not use what is there`,
          { kind: 'client-failed', database: name, object: this.dialect.client },
        );
    }
  }

  /** Creates the events last: nothing runs in what is half there. */
  private async createEvents({ events, disabledEvents }: DumpRewriter): Promise<void> {
    if (events.length === 0) return;
    async function* scripts(): AsyncIterable<Buffer> {
      yield* events;
    }
    await this.requireClients().one([], scripts(), []);
    const there = await this.query(
      'SELECT EVENT_SCHEMA AS db, EVENT_NAME AS name FROM information_schema.EVENTS WHERE EVENT_SCHEMA IN (?)',
      [[...this.choice.names.values()]],
    );
    const known = new Set(there.map(({ db, name }) => `${db}.${name}`));
    const over = this.expected('EVENT', true)
      .map(({ database, name }) => `${database}.${name}`)
      .filter((name) => !known.has(name));
    if (over.length > 0) this.context.note(noteOf('events-over', over));
    const off = disabledEvents.filter((name) => known.has(name));
    if (off.length > 0) this.context.note(noteOf('events-disabled', off));
  }

  /** Objects of the dump that must be there, by their names on the target: those of a kind, or all others. */
  private expected(kind: SqlObject['kind'], isKind: boolean): SqlObject[] {
    const { names, tables, single } = this.choice;
    const chosen = new Set(tables.map(({ database, name }) => `${database}.${name}`));
    return [...(this.rewriter?.sql.createdObjects() ?? [])].flatMap((object) => {
      const database = names.get(object.database);
      if (database === undefined || (object.kind === kind) !== isKind || object.name === MARKER) return [];
      if (single && !(object.kind === 'TABLE' && chosen.has(`${object.database}.${object.name}`))) return [];
      return [{ ...object, database }];
    });
  }

  /** Statements that mark a database as filled by this restore. */
  private get mark(): string {
    return `CREATE TABLE ${quote(MARKER)} (run VARCHAR(64) PRIMARY KEY, backup VARCHAR(64), session BIGINT) ENGINE=InnoDB;
${markOf(quote(MARKER), this.run, this.context.manifest.backupId)}
`;
  }

  private get object(): DataObject {
    return this.context.manifest.objects.find(({ kind }) => kind === 'dump') ?? this.context.manifest.objects[0]!;
  }

  private readonly query: Query = async (sql, values = []) => {
    if (!this.control || this.closing) throw new Error('not connected');
    return rowsOf(this.control, sql, values);
  };

  private requireClients(): MysqlClients {
    if (!this.clients) throw new Error('load before look');
    return this.clients;
  }

  private requireTarget(): Target {
    if (!this.target) throw new Error('load before look');
    return this.target;
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

/** Names of locks have up to 64 characters. */
const lockName = (prefix: string, database: string): string =>
  `${prefix}:${createHash('sha256').update(database.toLowerCase()).digest('hex').slice(0, 40)}`;
const loadLock = (database: string): string => lockName('proven-backups-load', database);
