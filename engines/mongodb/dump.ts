import type { MongoClient } from 'mongodb';
import type { TableCount } from '../../catalog/bucket/manifest';
import { noteOf } from '../../catalog/contract/note';
import { BackupError, errorText } from '../../task/run/errors';
import { Tool, toolOutput } from '../../task/io/tool';
import { writeTrust } from '../../task/io/tls';
import {
  serverContext,
  type DumpFacts,
  type DumpStream,
  type EngineContext,
  type EngineDump,
  type ServerContext,
} from '../engine';
import { firstConnection } from '../shared/first-connection';
import { checkVersions } from '../shared/versions';
import { ArchiveError, ArchiveReader, type ArchiveContents } from './archive/archive-reader';
import { nameOf } from './archive/names';
import {
  chooseMongodbDatabases,
  excludedOf,
  isOwn,
  isSystemDatabase,
  isWhole,
  listCollections,
  refuseEncrypted,
  type Collection,
} from './collections';
import { connectToMember, questionFailure, writeToolConfig } from './connection';
import { MongodbEvidence } from './evidence/evidence';
import { MONGODB_FACTS } from './facts';
import { editComplaint, toolFailure } from './failures';
import { requirePrivileges } from './privileges';
import { countsOf } from './row-counts';
import { awaitOplog, checkServer, hasOplog } from './server-checks';
import { mongodumpTalk } from './talk';

const TOOL = 'mongodump';
/** Of the archive of a whole server. A database of this name is never dumped beside it. */
const WHOLE = 'all';

/** Dump of MongoDB by `mongodump`: a whole server in one archive, or an archive for each database that was chosen. */
export class MongodbDump implements EngineDump {
  private readonly context: ServerContext;
  private client: MongoClient | undefined;
  private config = '';
  /** Of a whole server, those that the archive has, once it has come to its end: some may be made meanwhile. */
  private databases: readonly string[] = [];
  private hasOplog = false;
  private serverVersion = '';
  private toolVersion = '';
  private readonly tables: TableCount[] = [];
  private readonly tools = new Set<Tool>();
  private closed = false;

  constructor(context: EngineContext) {
    this.context = serverContext(context);
  }

  async preflight(): Promise<void> {
    await this.prepare().catch((error: unknown) => this.failed(error));
  }

  private async prepare(): Promise<void> {
    const { context } = this;
    const { server, scratch, job } = context;
    const trust = writeTrust(server.tls, scratch);
    const member = await firstConnection(() => connectToMember(context, trust), context);
    const { client, only, access } = member;
    this.client = client;
    const { version } = await client.db('admin').command({ buildInfo: 1 });
    this.serverVersion = String(version);
    this.toolVersion = /\d[\w.]*/.exec(await toolOutput(TOOL, ['--version']))?.[0] ?? '';
    checkVersions(job, MONGODB_FACTS, this.serverVersion, this.toolVersion);
    await checkServer(context, member, this.serverVersion);
    this.hasOplog = await hasOplog(context, member);
    const needs = { isWhole: isWhole(server), hasOplog: this.hasOplog };
    // A user who may see some databases only is shown these as all.
    if (needs.isWhole) await requirePrivileges(client, { ...needs, databases: [] });
    this.databases = await chooseMongodbDatabases(client, context);
    if (!needs.isWhole) await requirePrivileges(client, { ...needs, databases: this.databases });
    refuseEncrypted(await listCollections(client, this.databases, server));
    if (!this.hasOplog) context.note({ kind: 'no-snapshot' });
    this.config = writeToolConfig(access, scratch, trust, only);
  }

  async *streams(): AsyncIterable<DumpStream> {
    const client = this.requireClient();
    const evidence = new MongodbEvidence(this.context, client);
    await evidence.begin(this.databases);
    const { server } = this.context;
    if (this.hasOplog) await awaitOplog(client, this.context.signal).catch((error: unknown) => this.failed(error));
    if (isWhole(server)) yield await this.archive(client, WHOLE, this.databases, this.hasOplog ? ['--oplog'] : []);
    else
      for (const database of this.databases) {
        const without = excludedOf(server, database).map((name) => `--excludeCollection=${name}`);
        // Percent-encoded, for a database may be called almost anything.
        yield await this.archive(client, encodeURIComponent(database), [database], [`--db=${database}`, ...without]);
      }
    const stream = await evidence.stream(this.databases);
    if (stream) yield stream;
  }

  facts(): Promise<DumpFacts> {
    return Promise.resolve({
      serverVersion: this.serverVersion,
      toolVersion: this.toolVersion,
      consistency: { snapshot: this.hasOplog ? 'oplog' : 'none', rowCounts: 'archive' },
      tables: this.tables,
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.tools].map((tool) => tool.stop()));
    await this.client?.close();
  }

  private async archive(
    client: MongoClient,
    name: string,
    databases: readonly string[],
    chosen: readonly string[],
  ): Promise<DumpStream> {
    const { server } = this.context;
    const expected = await listCollections(client, databases, server).catch((error: unknown) => this.failed(error));
    const tool = this.start(chosen);
    const reader = new ArchiveReader();
    const whole = isWhole(server);
    const dumped = (): readonly string[] => (whole ? this.databases : databases);
    return {
      get databases() {
        return dumped();
      },
      file: `${name}.archive.zst`,
      kind: 'dump',
      format: 'mongodb-archive',
      bytes: tool.stdout,
      inspect: (chunk) => reader.see(chunk),
      table: () => reader.passing ?? tool.table,
      succeeded: async () => {
        await tool.succeeded();
        const contents = contentsOf(reader);
        const archived = new Set(contents.namespaces.map(nameOf));
        const missing = expected.map(collectionName).filter((one) => !archived.has(one));
        if (missing.length > 0) await this.requireGone(client, databases, missing, contents);
        for (const count of countsOf(contents)) this.tables.push(count);
        if (whole) this.databases = databasesIn(contents);
        this.tell(contents);
      },
      stop: () => tool.stop(),
    };
  }

  private start(chosen: readonly string[]): Tool {
    const tool = new Tool({
      command: TOOL,
      args: [`--config=${this.config}`, '--archive', ...chosen, ...(this.context.server.extraDumpArguments ?? [])],
      talk: mongodumpTalk,
      edit: editComplaint,
      classify: toolFailure,
    }).holdOutput();
    this.tools.add(tool);
    if (this.closed) void tool.stop();
    return tool;
  }

  /** What of an archive no restore brings back, or not every one. */
  private tell({ namespaces, changes }: ArchiveContents): void {
    const { note } = this.context;
    const ofAdmin = namespaces.filter(({ database, collection }) => database === 'admin' && !isOwn(collection));
    if (ofAdmin.length > 0) note(noteOf('admin-collections', ofAdmin.map(nameOf)));
    const beyond = changes?.beyond(this.toolVersion);
    if (beyond) note({ ...noteOf('oplog-needs-tools', beyond.collections), said: beyond.tools });
  }

  /** What was there before the dump and is not in it must have been dropped; what is there again, its oplog must create. */
  private async requireGone(
    client: MongoClient,
    databases: readonly string[],
    missing: readonly string[],
    { changes }: ArchiveContents,
  ): Promise<void> {
    const found = await listCollections(client, databases, this.context.server).catch((error: unknown) =>
      this.failed(error),
    );
    const there = found.filter(({ database, name }) => !changes?.of(database, name)?.isCreated).map(collectionName);
    const lacks = missing.filter((one) => there.includes(one)).join(', ');
    if (lacks === '') return;
    throw new BackupError(
      'dumpFailed',
      `${TOOL} exited with 0, but its archive lacks ${lacks}: the dump was discarded`,
      { kind: 'dump-incomplete', object: lacks },
      // It may have been dropped and made again.
      { passing: true },
    );
  }

  private requireClient(): MongoClient {
    if (!this.client) throw new Error('a dump without its preflight');
    return this.client;
  }

  private failed(error: unknown): never {
    throw questionFailure(this.context.server, error);
  }
}

const collectionName = ({ database, name }: Collection): string => `${database}.${name}`;

/** The databases of an archive that are not the server's own, with those that its oplog makes. */
const databasesIn = ({ namespaces, changes }: ArchiveContents): string[] => {
  const names = [...namespaces.map(({ database }) => database), ...(changes?.databases ?? [])];
  return [...new Set(names)].filter((name) => name !== '' && !isSystemDatabase(name)).sort();
};

/** What is in an archive, once its tool has ended well. */
function contentsOf(reader: ArchiveReader): ArchiveContents {
  try {
    return reader.end();
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    throw new BackupError(
      'dumpFailed',
      `${TOOL} exited with 0, but its archive is not whole: ${errorText(error)}; the dump was discarded`,
      { kind: 'dump-incomplete', object: TOOL },
      { cause: error },
    );
  }
}
