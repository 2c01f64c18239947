import type { Manifest } from '../../catalog/bucket/manifest';
import type { RestoreJob, RestoreRequest, ServerJob } from '../../catalog/contract/task';
import { MariadbServer } from '../servers/mariadb';
import { MysqlServer } from '../servers/mysql';
import type { MysqlFamilyOptions } from '../servers/mysql-family';
import type { Version } from '../servers/versions';
import { engineOf, rootOf } from '../servers/versions';
import { inRoot } from '../support/in-root';
import { serverJob } from '../support/job';
import { run, unprivileged } from '../support/processes';
import type { Program } from '../support/program';
import type { RestoreResult, Surroundings } from './support';
import { RestoreScene, factsOf } from './support';

const PASSWORD = 'not-so-secret';
/** What an administrator of RDS holds, as far as it matters here: no SUPER. */
const GRANTS =
  'SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EXECUTE, TRIGGER, EVENT, LOCK TABLES, CREATE USER, PROCESS';
const DEFINERS = { mysql: 'SET_ANY_DEFINER, ALLOW_NONEXISTENT_DEFINER, SYSTEM_USER', mariadb: 'SET USER' };

/** A server that is backed up and restored into, and its bucket. */
export class MysqlScene {
  private sources = 0;

  private constructor(
    readonly version: Version,
    readonly server: MysqlServer | MariadbServer,
    readonly scene: RestoreScene,
  ) {}

  static async start(version: Version, options: MysqlFamilyOptions = {}): Promise<MysqlScene> {
    const engine = engineOf(version) === 'mysql' ? MysqlServer : MariadbServer;
    const [server, scene] = await Promise.all([engine.start({ ...options, version }), RestoreScene.start()]);
    const definers = engineOf(version) === 'mysql' ? DEFINERS.mysql : DEFINERS.mariadb;
    await server.exec(
      `CREATE USER admin@'%' IDENTIFIED BY '${PASSWORD}'; GRANT ${GRANTS} ON *.* TO admin@'%'; GRANT ${definers} ON *.* TO admin@'%'`,
    );
    return new MysqlScene(version, server, scene);
  }

  async stop(): Promise<void> {
    await Promise.all([this.server.stop(), this.scene.stop()]);
  }

  exec(sql: string): Promise<string> {
    return this.server.exec(sql);
  }

  /** Backs databases up, as a source of its own. */
  backUp(databases: readonly string[], overrides: Partial<ServerJob> = {}): Promise<Manifest> {
    const place = this.scene.place(`source-${++this.sources}`);
    return this.scene.backUp(serverJob(this.server, place, { databases: [...databases], ...overrides }), this.admin);
  }

  /** Starts a restore of a backup into the same server, or another one. */
  start(
    manifest: Manifest,
    request: Partial<RestoreRequest> = {},
    how: { readonly server?: MysqlServer | MariadbServer; readonly surroundings?: Surroundings } = {},
  ): Program {
    const { server = this.server, surroundings = {} } = how;
    const { source, engine } = manifest;
    const job: RestoreJob = { ...this.scene.jobOf(serverJob(server, this.scene.place(source))), engine };
    const program = { ...this.admin, image: server.version, ...surroundings };
    return this.scene.start(job, { backupId: manifest.backupId, ...request }, program);
  }

  /** Restores a backup. */
  async restore(...[manifest, request, how]: Parameters<MysqlScene['start']>): Promise<RestoreResult> {
    return factsOf(await this.start(manifest, request, how).result());
  }

  /** Changes the SQL of a backup, which is valid afterwards: what other servers write. */
  edit(manifest: Manifest, change: (sql: string) => string): void {
    this.scene.edit(manifest, (sql) => Buffer.from(change(sql.toString('latin1')), 'latin1'));
  }

  /** An independent dump of a database, by root. */
  async dump(database: string): Promise<string> {
    const isMysql = engineOf(this.version) === 'mysql';
    const [tool, own] = isMysql
      ? ['/usr/bin/mysqldump', ['--set-gtid-purged=OFF']]
      : ['/usr/bin/mariadb-dump', ['--skip-ssl']];
    const command = [
      ...[tool, '--no-defaults', `--socket=${this.server.socket}`, '--user=root', ...own],
      ...['--routines', '--triggers', '--events', '--hex-blob', '--skip-dump-date', '--no-tablespaces'],
      ...['--databases', database],
    ];
    const root = rootOf(this.version);
    return run(...inRoot(root, unprivileged('mysql', root), command), {
      env: { ...process.env, MYSQL_PWD: this.server.rootPassword },
    });
  }

  /** Who backs up and restores. */
  get admin(): Surroundings {
    return { username: 'admin', password: PASSWORD, image: this.version };
  }
}
