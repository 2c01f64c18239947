import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MongoClient } from 'mongodb';
import { databasesOf } from '../../../catalog/bucket/manifest';
import type { ServerAddress } from '../../../catalog/contract/task';
import { Tool, toolOutput } from '../../../task/io/tool';
import { BackupError, errorText } from '../../../task/run/errors';
import type { ScratchCheck, ScratchContext, ScratchServer, ScratchTarget } from '../../engine';
import { findProgram, lacks } from '../../shared/programs';
import { majorVersion } from '../../shared/versions';
import { connectToMember } from '../connection';
import { MONGODB_FACTS } from '../facts';
import { ask } from './ask';
import { checkScratch } from './check';

const PROGRAM = 'mongod';
const PORT = 27_017;
/** The longest path of a socket, on Linux. */
const SOCKET_PATH = 107;
const START_MS = 120_000;
const LOOK_MS = 50;
/** The kernel takes back the memory of a server that it killed before its end is seen. */
const DYING_MS = 10_000;
const LOG_LINES = 8;
/** What the storage engine's cache takes of the memory: indexes, sessions and the allocator take some, too. */
const CACHE_SHARE = 0.4;
const LEAST_CACHE_GB = 0.25;

/** A throw-away `mongod`: on a socket only, which this account of the system alone reaches. Nobody logs in. */
export class MongodbScratchServer implements ScratchServer {
  private readonly credentials = { username: '', password: '' };
  /** The last lines of its log. */
  private readonly log: string[] = [];
  private server: Tool | undefined;
  private client: MongoClient | undefined;
  private isUp = false;
  private hasEnded = false;
  private closing: Promise<void> | undefined;

  constructor(private readonly context: ScratchContext) {}

  async start(): Promise<ScratchTarget> {
    const { directory, manifest, signal } = this.context;
    const program = findProgram(PROGRAM);
    await requireVersion(program, manifest.serverVersion);
    signal.addEventListener('abort', () => void this.close(), { once: true });
    const data = join(directory, 'data');
    mkdirSync(data, { mode: 0o700 });
    const socket = socketIn(directory);
    const address: ServerAddress = { host: socket, port: PORT, tls: { mode: 'off', reason: 'there is no network' } };
    this.server = this.run(program, [
      ...['--dbpath', data, '--port', String(PORT), '--bind_ip', socket, '--unixSocketPrefix', directory],
      ...['--wiredTigerCacheSizeGB', cacheSize(this.context.memoryBytes).toFixed(2)],
      // Documents that expire would be missed.
      ...['--setParameter', 'ttlMonitorEnabled=false', '--setParameter', 'diagnosticDataCollectionEnabled=false'],
    ]);
    this.client = await this.answer(address);
    const { version } = await this.client.db('admin').command({ buildInfo: 1 });
    this.isUp = true;
    return { serverVersion: String(version), server: address, credentials: this.credentials };
  }

  async check(): Promise<ScratchCheck> {
    return checkScratch(this.connected, databasesOf(this.context.manifest));
  }

  async ask(statement: string, database: string | undefined): Promise<string | null> {
    const databases = databasesOf(this.context.manifest);
    const name = database ?? (databases.length === 1 ? databases[0] : undefined);
    if (name !== undefined && databases.includes(name)) return ask(this.connected, statement, name);
    throw new BackupError(
      'notProven',
      `an expectation asks database ${database ?? '(none given)'}: name one of those of the backup: ${databases.join(', ')}`,
      { kind: 'not-proven', object: statement, said: 'no such database in the backup' },
    );
  }

  async ended(): Promise<BackupError | undefined> {
    if (!this.isUp || this.closing) return undefined;
    const ping = this.connected.db('admin').command({ ping: 1 });
    const answers = !this.hasEnded && (await ping.then(() => true).catch(() => false));
    if (answers) return undefined;
    await Promise.race([this.server?.exited, sleep(DYING_MS, undefined, { ref: false })]);
    return this.failure('it ended by itself');
  }

  close(): Promise<void> {
    this.closing ??= (async () => {
      // Its connections end with it: the client would wait for the answers of a server that is gone.
      await this.server?.stop();
      await this.client?.close(true).catch(() => undefined);
    })();
    return this.closing;
  }

  private get connected(): MongoClient {
    if (!this.client) throw new Error('the throw-away server was not started');
    return this.client;
  }

  private run(command: string, args: readonly string[]): Tool {
    if (this.closing) throw new Error('the restore test is over');
    const hear = (line: string): void => {
      if (line.trim() !== '' && this.log.push(line.trim()) > LOG_LINES) this.log.shift();
    };
    const server = new Tool({
      ...{ command, args },
      // Its output is not the program's.
      env: { LD_PRELOAD: '', _STDBUF_O: '' },
      talk: (line) => {
        hear(line);
        return true;
      },
    });
    createInterface({ input: server.stdout }).on('line', hear);
    void server.exited.then(() => (this.hasEnded = true));
    return server;
  }

  /** Waits until it answers. */
  private async answer(server: ServerAddress): Promise<MongoClient> {
    const access = { server, credentials: this.credentials };
    for (const limit = performance.now() + START_MS; performance.now() < limit && !this.hasEnded;) {
      const connected = await connectToMember(access, undefined).catch(() => undefined);
      if (connected) return connected.client;
      await sleep(LOOK_MS);
    }
    throw this.failure(this.hasEnded ? 'it ended at its start' : `it does not answer after ${START_MS / 1000} seconds`);
  }

  private failure(what: string): BackupError {
    const said = this.log.join(' | ');
    return new BackupError(
      'notTested',
      `the throw-away server of MongoDB failed: ${what}; the last lines of its log: ${said}`,
      { kind: 'scratch-server', object: PROGRAM, said },
    );
  }
}

/**
 * The path of the socket. The driver of MongoDB's tools looks for it in small letters:
 * https://github.com/mongodb/mongo-go-driver/blob/v1.17.4/mongo/address/addr.go
 *
 * @throws BackupError `configuration` if they cannot find it
 */
function socketIn(directory: string): string {
  const socket = join(directory, 's.sock');
  if (socket === socket.toLowerCase() && Buffer.byteLength(socket) <= SOCKET_PATH) return socket;
  throw new BackupError(
    'configuration',
    `the tools of MongoDB find no socket at ${socket}: give a scratch directory whose path is short and has small letters only`,
    { kind: 'scratch-not-writable', object: directory },
  );
}

const cacheSize = (memoryBytes: number): number => Math.max((memoryBytes * CACHE_SHARE) / 1024 ** 3, LEAST_CACHE_GB);

/** @throws BackupError `notTested`, `image-lacks` if the server of the image is not of the backup's version */
async function requireVersion(program: string, ofBackup: string): Promise<void> {
  const said = await toolOutput(program, ['--version']).catch((error: unknown) => {
    throw lacks('MongoDB', `the server of the image does not run: ${errorText(error)}: use the official image`);
  });
  const version = /^db version v(\S+)/m.exec(said)?.[1] ?? said;
  const { image, server } = MONGODB_FACTS;
  const [have, need] = [version, ofBackup].map((one) => majorVersion(one, server.majorVersionParts)) as [
    string,
    string,
  ];
  if (have === need) return;
  throw lacks(
    `MongoDB ${need}`,
    `the backup is of MongoDB ${ofBackup}, but the image has ${version}: a backup is tested in the version that it is of: use the image ${image(need)}`,
  );
}
