import type { Manifest } from '../../catalog/bucket/manifest';
import type { DumpJob, RestoreRequest, ServerJob } from '../../catalog/contract/task';
import { PostgresqlServer } from '../servers/postgresql';
import type { Version } from '../servers/versions';
import { serverJob } from '../support/job';
import type { Program } from '../support/program';
import type { RestoreResult, Surroundings } from './support';
import { RestoreScene } from './support';

const ADMIN_PASSWORD = 'of the administrator';

/** A server that is backed up and restored into, with a bucket. */
export class PostgresqlScene {
  private constructor(
    readonly scene: RestoreScene,
    readonly server: PostgresqlServer,
  ) {}

  static async start(version: Version, settings: Readonly<Record<string, string>> = {}): Promise<PostgresqlScene> {
    const [scene, server] = await Promise.all([RestoreScene.start(), PostgresqlServer.start({ version, settings })]);
    await server.exec(`CREATE ROLE admin LOGIN CREATEDB CREATEROLE PASSWORD '${ADMIN_PASSWORD}'`);
    return new PostgresqlScene(scene, server);
  }

  async stop(): Promise<void> {
    await Promise.all([this.server?.stop(), this.scene?.stop()]);
  }

  /** Makes a database, and runs a script in it. */
  async database(name: string, sql: string): Promise<void> {
    await this.server.exec(`CREATE DATABASE ${name}`);
    await this.server.exec(sql, name);
  }

  job(source: string, overrides: Partial<ServerJob> = {}): DumpJob {
    return serverJob(this.server, this.scene.place(source), { databases: [source], ...overrides });
  }

  /** Backs up databases, as a source of the first one's name. */
  backUp(...databases: readonly string[]): Promise<Manifest> {
    return this.scene.backUp(this.job(databases[0]!, { databases }), this.as('postgres'));
  }

  as(username: 'postgres' | 'admin'): Surroundings {
    const password = username === 'admin' ? ADMIN_PASSWORD : this.server.rootPassword;
    return { username, password, image: this.server.version };
  }

  /** Starts a restore, for tests that stop it. */
  start(
    { source, backupId }: Manifest,
    request: Omit<RestoreRequest, 'backupId'> = {},
    surroundings: Surroundings = this.as('postgres'),
  ): Program {
    return this.scene.start(this.scene.jobOf(this.job(source)), { backupId, ...request }, surroundings);
  }

  /** Restores to the end. */
  restore(
    { source, backupId }: Manifest,
    request: Omit<RestoreRequest, 'backupId'> = {},
    surroundings: Surroundings = this.as('postgres'),
  ): Promise<RestoreResult> {
    return this.scene.restore(this.scene.jobOf(this.job(source)), { backupId, ...request }, surroundings);
  }

  /** Restores, which must succeed. */
  async restored(
    manifest: Manifest,
    request: Omit<RestoreRequest, 'backupId'> = {},
    surroundings?: Surroundings,
  ): Promise<RestoreResult> {
    const result = await this.restore(manifest, request, surroundings);
    expect({ exit: result.exit, failure: result.failure }).toEqual({ exit: 'success', failure: '' });
    return result;
  }

  /** All that an independent dump says of a database, whatever its name. */
  async dumpOf(name: string): Promise<string> {
    const dump = await this.server.tool('pg_dump', ['--create', name]);
    return dump
      .replaceAll(new RegExp(`\\b${name}\\b`, 'g'), 'NAME')
      .replaceAll(/^\\(un)?restrict .*$/gm, '')
      .replaceAll(/^-- (Dumped|Started|Completed).*$/gm, '');
  }

  /** Databases of the server, and what a restore leaves of its own. */
  async names(): Promise<string[]> {
    const rows = await this.server.exec(
      `SELECT datname FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1') ORDER BY 1`,
    );
    return rows.trim().split('\n').filter(Boolean);
  }
}
