import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerAddress } from '../../../catalog/contract/task';
import { Tool } from '../../../task/io/tool';
import { BackupError, errorText } from '../../../task/run/errors';
import type { ScratchCheck, ScratchContext, ScratchServer, ScratchTarget } from '../../engine';
import { findProgram, lacks } from '../../shared/programs';
import { connectMysql, writeOptionFile } from '../connection';
import type { MysqlDialect } from '../dialect';
import { serverErrorCode } from '../failures';
import { rowsOf, Sessions } from '../sessions';
import { clientCommand } from '../restore/client-command';
import type { Query } from '../restore/query';
import { askAsReader, createReader } from './ask';
import { checkScratch } from './check';
import { requireVersion } from './scratch-programs';
import { makingOptions, scratchOptions, type ScratchPaths } from './scratch-options';

/** The longest path of a socket, on Linux, with its end. */
const SOCKET_PATH = 107;
const START_MS = 120_000;
const LOOK_MS = 50;
/** The kernel takes back the memory of a server that it killed before its end is seen. */
const DYING_MS = 10_000;
const LOG_LINES = 8;
const ZONES = '/usr/share/zoneinfo';

/** A throw-away server of MySQL or MariaDB. */
export class MysqlScratchServer implements ScratchServer {
  private readonly paths: ScratchPaths;
  private readonly address: ServerAddress;
  private readonly credentials = { username: 'root', password: '' };
  private readonly sessions: Sessions;
  /** The last lines of its error log. */
  private readonly log: string[] = [];
  private server: Tool | undefined;
  private maker: Tool | undefined;
  private isUp = false;
  /** Whether it was up, and has ended though nobody ended it. */
  private died = false;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly context: ScratchContext,
    private readonly dialect: MysqlDialect,
  ) {
    const under = (name: string) => join(context.directory, name);
    this.paths = { data: under('data'), temporary: under('tmp'), socket: under('s'), files: under('files') };
    this.address = { host: this.paths.socket, port: 0, tls: { mode: 'off', reason: 'a socket of this machine' } };
    this.sessions = new Sessions(() =>
      connectMysql({ server: this.address, credentials: this.credentials }, undefined),
    );
  }

  async start(): Promise<ScratchTarget> {
    const { context, dialect, paths } = this;
    const { server, maker } = dialect.scratch;
    const [serverFile, makerFile] = [findProgram(server), findProgram(maker)];
    await requireVersion(serverFile, dialect, context.manifest.serverVersion);
    if (Buffer.byteLength(paths.socket) > SOCKET_PATH)
      throw new Error(`${paths.socket} is longer than the path of a socket may be`);
    const stop = () => void this.close();
    context.signal.addEventListener('abort', stop, { once: true });
    mkdirSync(paths.temporary, { mode: 0o700 });
    mkdirSync(paths.files, { mode: 0o500 });
    // A server refuses to run as root unless it is told to.
    const asRoot = process.getuid?.() === 0 ? ['--user=root'] : [];
    const made = this.run(makerFile, [...dialect.scratch.make(paths), ...makingOptions(context), ...asRoot]);
    this.maker = made;
    made.stdout.resume();
    await made.succeeded().catch((error: unknown) => {
      throw this.failure(`${maker} made no data directory: ${errorText(error)}`);
    });
    this.log.length = 0;
    this.server = this.run(serverFile, [
      ...scratchOptions(context, paths),
      ...dialect.scratch.options(paths),
      ...asRoot,
    ]);
    this.server.stdout.resume();
    const version = await this.answer();
    void this.server.exited.then(() => (this.died = this.closing === undefined));
    this.isUp = true;
    await this.prepare();
    return { serverVersion: version, server: this.address, credentials: this.credentials };
  }

  async check(): Promise<ScratchCheck> {
    const { cpus, manifest } = this.context;
    return this.alive(async () => {
      const sessions = await Promise.all(Array.from({ length: cpus }, () => this.sessions.begin()));
      const queries = sessions.map(
        (session): Query =>
          (sql, values) =>
            rowsOf(session, sql, values),
      );
      const check = await checkScratch(queries, manifest);
      for (const session of sessions) await this.sessions.end(session);
      return check;
    });
  }

  async ask(statement: string, database: string | undefined): Promise<string | null> {
    return this.alive(() =>
      askAsReader(this.address, this.context.manifest, this.dialect.scratch, statement, database),
    );
  }

  async ended(): Promise<BackupError | undefined> {
    if (!this.isUp || this.closing) return undefined;
    const answers = !this.died && (await this.with(() => Promise.resolve(true)).catch(() => false));
    if (answers) return undefined;
    await Promise.race([this.server?.exited, sleep(DYING_MS, undefined, { ref: false })]);
    return this.failure('it ended by itself');
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    await this.sessions.close();
    await Promise.all([this.maker?.stop(), this.server?.stop()]);
  }

  private run(command: string, args: readonly string[]): Tool {
    if (this.closing) throw new Error('the restore test is over');
    return new Tool({
      command,
      args: ['--no-defaults', ...args],
      talk: (line) => {
        if (line.trim() !== '' && this.log.push(line.trim()) > LOG_LINES) this.log.shift();
        return true;
      },
    });
  }

  /** Waits until it answers. Returns its version. */
  private async answer(): Promise<string> {
    let ended = false;
    void this.server!.exited.then(() => (ended = true));
    for (const limit = performance.now() + START_MS; performance.now() < limit && !ended; await sleep(LOOK_MS)) {
      const session = await this.sessions.begin().catch(() => undefined);
      if (!session) continue;
      const [row] = await rowsOf(session, 'SELECT VERSION() AS version');
      await this.sessions.end(session);
      return String(row?.version);
    }
    throw this.failure(ended ? 'it ended at its start' : `it does not answer after ${START_MS / 1000} seconds`);
  }

  /** What a restore into it needs. */
  private async prepare(): Promise<void> {
    const { manifest } = this.context;
    await this.with(async (query) => {
      for (const wish of this.dialect.scratch.wishes)
        await query(wish).catch((error: unknown) => {
          if (serverErrorCode(error) === undefined) throw error;
        });
      await createReader(query, manifest);
    });
    if ((manifest.notes ?? []).some(({ kind }) => kind === 'event-time-zones')) await this.loadTimeZones();
  }

  private async with<T>(action: (query: Query) => Promise<T>): Promise<T> {
    const session = await this.sessions.begin();
    try {
      return await action((sql, values) => rowsOf(session, sql, values));
    } finally {
      await this.sessions.end(session);
    }
  }

  /** Events in named time zones cannot be created without them. */
  private async loadTimeZones(): Promise<void> {
    const { scratch } = this.dialect;
    const program = findProgram(scratch.timeZones);
    if (!existsSync(ZONES))
      throw lacks(
        'tzdata',
        `events of the backup are in named time zones, which the image has not: install tzdata in it`,
      );
    const optionFile = writeOptionFile(
      { server: this.address, credentials: this.credentials, scratch: this.context.directory },
      ...([this.dialect, undefined, '0', []] as const),
    );
    const zones = new Tool({ command: program, args: [ZONES], talk: () => true });
    const load = new Tool(clientCommand(this.dialect, optionFile, ['mysql'], () => undefined));
    load.stdout.resume();
    await Promise.all([pipeline(zones.stdout, load.stdin!), zones.succeeded(), load.succeeded()]).catch(
      (error: unknown) => {
        throw this.failure(`it got no time zones: ${errorText(error)}`);
      },
    );
  }

  /** Lets what goes wrong since the server has died say so. */
  private async alive<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw this.died ? this.failure('it ended by itself') : error;
    }
  }

  private failure(what: string): BackupError {
    const said = this.log.join(' | ');
    const { title } = this.dialect.facts;
    return new BackupError(
      'notTested',
      `the throw-away server of ${title} failed: ${what}; the last lines of its log: ${said}`,
      { kind: 'scratch-server', object: this.dialect.scratch.server, said },
    );
  }
}
