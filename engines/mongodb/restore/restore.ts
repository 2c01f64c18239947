import type { MongoClient } from 'mongodb';
import type { DataObject } from '../../../catalog/bucket/manifest';
import { noteOf } from '../../../catalog/contract/note';
import type { RestoreTarget, TargetState } from '../../../catalog/contract/restore';
import { writeTrust } from '../../../task/io/tls';
import { toolOutput } from '../../../task/io/tool';
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
import { compareVersions, majorVersion } from '../../shared/versions';
import { ArchiveError, ArchiveReader, type ArchiveContents } from '../archive/archive-reader';
import { collectionsIn, FUNCTIONS } from '../collections';
import { connectToMember, writeToolConfig } from '../connection';
import { MONGODB_FACTS } from '../facts';
import { requireRestorePrivileges } from '../privileges';
import { ArchiveFilter } from './archive-filter';
import { checkRestored } from './check';
import { readMongodbChoice, type MongodbChoice } from './choice';
import { findDatabases, requireOneSpelling } from './found';
import { Mongorestore } from './mongorestore';
import { restoreFailure } from './failures';

/** Restore of MongoDB by `mongorestore`. */
export class MongodbRestore implements EngineRestore {
  private readonly context: ServerRestoreContext;
  private readonly choice: MongodbChoice;
  private client: MongoClient | undefined;
  private config = '';
  private found: readonly RestoreTarget[] = [];
  private readonly archives: ArchiveContents[] = [];
  private tool: Mongorestore | undefined;
  private now: TargetState = 'unchanged';
  private closing: Promise<void> | undefined;

  constructor(context: RestoreContext) {
    this.context = serverRestoreContext(context);
    this.choice = readMongodbChoice(context.manifest, context.request);
  }

  async look(): Promise<RestoreLook> {
    return this.said(async () => {
      const { server, manifest, scratch, note, log } = this.context;
      const trust = writeTrust(server.tls, scratch);
      // What was written must be there when it is counted.
      const primary = { ...this.context, server: { ...server, readPreference: 'primary' as const } };
      const { client, access } = await firstConnection(() => connectToMember(primary, trust), this.context);
      this.client = client;
      const { version } = await client.db('admin').command({ buildInfo: 1 });
      const [have, need] = [String(version), manifest.serverVersion].map((one) =>
        majorVersion(one, MONGODB_FACTS.server.majorVersionParts),
      ) as [string, string];
      if (compareVersions(have, need) < 0) throw tooOld(have, need);
      if (have !== need) note({ kind: 'other-version', said: `${need} → ${have}` });
      log.info('client', await toolOutput('mongorestore', ['--version']));
      this.config = writeToolConfig(access, scratch, trust);
      for (const one of manifest.notes ?? []) note(one);
      const hasOplog = manifest.consistency.snapshot === 'oplog';
      await requireRestorePrivileges(client, server, [...this.choice.names.values()], hasOplog);
      await requireOneSpelling(client, this.choice);
      this.found = await findDatabases(client, this.choice);
      return { targetVersion: String(version), targets: this.found, objects: this.choice.objects, atomic: false };
    });
  }

  async load(): Promise<void> {
    return this.said(async () => {
      const { request } = this.context;
      // There is no way back once something is dropped.
      if (!request.stream) for (const object of this.choice.objects) await this.verify(object);
      await this.lookAgain();
      this.now = 'partial';
      for (const { name, state } of this.found) if (state === 'exists') await this.empty(name);
      for (const object of this.choice.objects) await this.loadObject(object, request.jobs ?? 1);
      this.now = 'complete-but-unchecked';
    });
  }

  async check(): Promise<RestoreCheck> {
    return this.said(async () => {
      const check = await checkRestored(this.connected, this.choice, this.archives);
      if (check.differences.length > 0) this.now = 'complete-but-different';
      return check;
    });
  }

  state(): TargetState {
    return this.now;
  }

  close(): Promise<void> {
    this.closing ??= (async () => {
      await this.tool?.stop();
      await this.client?.close();
    })();
    return this.closing;
  }

  /** @throws BackupError `downloadFailed` if an object is not as the manifest says, or no complete archive */
  private async verify(object: DataObject): Promise<void> {
    const reader = new ArchiveReader();
    await this.context.objects.verify(object, (chunk) => reader.see(chunk));
    contentsOf(reader, object.key);
  }

  private async loadObject(object: DataObject, jobs: number): Promise<void> {
    const { objects, manifest, loading, note, thrownAway = false } = this.context;
    const { places } = this.choice;
    const { key } = object;
    const reader = new ArchiveReader();
    const oplog = manifest.consistency.snapshot === 'oplog';
    const archive = objects.open(object);
    async function* seen(): AsyncGenerator<Buffer> {
      for await (const chunk of archive as AsyncIterable<Buffer>) {
        reader.see(chunk);
        yield chunk;
      }
      contentsOf(reader, key);
    }
    if (this.closing) throw new Error('the restore is over');
    this.tool = new Mongorestore({
      ...{ config: this.config, jobs, oplog, loading, thrownAway },
      archive: new ArchiveFilter(places, oplog).filter(seen()),
    });
    const documents = () =>
      contentsOf(reader, key).namespaces.reduce(
        (sum, one) => sum + (places(one.database, one.collection) === undefined ? 0 : one.documents),
        0,
      );
    await this.tool.succeeded(documents);
    const contents = contentsOf(reader, key);
    this.archives.push(contents);
    const users = contents.namespaces.filter(
      ({ database, collection, documents: count }) =>
        database === 'admin' && ['system.users', 'system.roles'].includes(collection) && count > 0,
    );
    if (users.length > 0)
      note(
        noteOf(
          'users-not-restored',
          users.map(({ collection }) => `admin.${collection}`),
        ),
      );
  }

  /**
   * Looks once more, since the verification may have taken hours.
   *
   * @throws BackupError `targetRefused` if the target was filled meanwhile
   */
  private async lookAgain(): Promise<void> {
    const before = new Map(this.found.map(({ name, state }) => [name, state]));
    this.found = await findDatabases(this.connected, this.choice);
    const filled = this.found.find(({ name, state }) => state === 'exists' && before.get(name) !== 'exists');
    if (!filled) return;
    throw new BackupError(
      'targetRefused',
      `${filled.name} was filled by somebody else (${filled.holds?.join(', ')}) while the backup was verified; nothing was changed: restore beside it with --as, or replace it with --overwrite`,
      { kind: 'target-in-use', database: filled.name },
    );
  }

  /** Drops all collections of a database: the role `restore` may not drop the database itself, and nobody its functions. */
  private async empty(name: string): Promise<void> {
    const database = this.connected.db(name);
    for (const { name: collection } of await collectionsIn(this.connected, name))
      if (collection === FUNCTIONS) await database.collection(collection).deleteMany();
      else await database.dropCollection(collection);
  }

  private get connected(): MongoClient {
    if (!this.client || this.closing) throw new Error('not connected');
    return this.client;
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

/** @throws BackupError `downloadFailed` if the archive is not complete */
function contentsOf(reader: ArchiveReader, key: string): ArchiveContents {
  try {
    return reader.end();
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    throw new BackupError(
      'downloadFailed',
      `${key} is no complete archive of mongodump: ${error.message}: restore another backup`,
      { kind: 'object-changed', object: key, said: error.message },
      { cause: error },
    );
  }
}

const tooOld = (have: string, need: string): BackupError =>
  new BackupError(
    'targetRefused',
    `the target is MongoDB ${have}, older than the ${need} of the backup, whose archives it cannot load: restore into MongoDB ${need}, or newer`,
    { kind: 'target-too-old', object: have },
  );
