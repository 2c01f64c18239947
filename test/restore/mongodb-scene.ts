import type { MongoClient } from 'mongodb';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { DumpJob, RestoreRequest, ServerJob } from '../../catalog/contract/task';
import type { Fingerprint } from '../compare/fingerprint';
import { fingerprintMongodb } from '../compare/mongodb';
import { MongodbServer } from '../servers/mongodb';
import { MONGODB } from '../servers/versions';
import { mongodbJob } from '../support/job';
import type { Program } from '../support/program';
import { RestoreScene, factsOf, type RestoreResult, type Surroundings } from './support';

const PASSWORD = 'not-so-secret';

/** A server that is backed up and restored into, and its bucket. */
export class MongodbScene {
  private sources = 0;

  private constructor(
    readonly scene: RestoreScene,
    readonly server: MongodbServer,
    readonly client: MongoClient,
  ) {}

  static async start(): Promise<MongodbScene> {
    const users = [{ username: 'admin', password: PASSWORD }];
    const [scene, server] = await Promise.all([RestoreScene.start(), MongodbServer.start({ tls: true, users })]);
    return new MongodbScene(scene, server, await server.connect());
  }

  async stop(): Promise<void> {
    await this.client.close();
    await Promise.all([this.server.stop(), this.scene.stop()]);
  }

  /** Who backs up and restores. */
  readonly admin: Surroundings = { username: 'admin', password: PASSWORD, image: MONGODB };

  job(source: string, overrides: Partial<ServerJob> = {}): DumpJob {
    const tls = { mode: 'certificate-authority', pem: this.server.authority.pem } as const;
    return mongodbJob(this.server, this.scene.place(source), { tls, ...overrides });
  }

  /** Backs up, as a source of its own: all databases if none are named. */
  backUp(overrides: Partial<ServerJob> = {}, more: Partial<DumpJob> = {}): Promise<Manifest> {
    return this.scene.backUp({ ...this.job(`source-${++this.sources}`, overrides), ...more }, this.admin);
  }

  /** Starts a restore of a backup into the same server. */
  start(
    { source, backupId }: Manifest,
    request: Partial<RestoreRequest> = {},
    surroundings: Surroundings = {},
    overrides: Partial<ServerJob> = {},
  ): Program {
    const job = this.scene.jobOf(this.job(source, overrides));
    return this.scene.start(job, { backupId, ...request }, { ...this.admin, ...surroundings });
  }

  /** Restores to the end. */
  async restore(...args: Parameters<MongodbScene['start']>): Promise<RestoreResult> {
    return factsOf(await this.start(...args).result());
  }

  /** Restores, which must succeed. */
  async restored(...args: Parameters<MongodbScene['start']>): Promise<RestoreResult> {
    const result = await this.restore(...args);
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    return result;
  }

  /** All that an independent client sees of a database. */
  fingerprint(database: string): Promise<Fingerprint> {
    return fingerprintMongodb(this.client, database);
  }

  /** Databases of the server. */
  async databases(): Promise<string[]> {
    const { databases } = await this.client.db('admin').admin().listDatabases({ nameOnly: true });
    return databases.map(({ name }) => name).sort();
  }
}
