import type { ServerJob } from '../../catalog/contract/task';
import { Fixture } from '../faults/fixture';
import { MariadbServer } from '../servers/mariadb';
import { MysqlServer } from '../servers/mysql';
import type { MysqlFamilyOptions } from '../servers/mysql-family';
import type { Version } from '../servers/versions';
import { engineOf } from '../servers/versions';
import { serverJob } from '../support/job';
import type { ProgramOptions, ProgramResult } from '../support/program';
import { Program } from '../support/program';

export const PASSWORD = 'not-so-secret';

/** A server of a version, and backups of its databases by users with the documented grants. */
export class MysqlSource {
  private users = 0;

  private constructor(
    readonly version: Version,
    readonly fixture: Fixture,
    readonly server: MysqlServer | MariadbServer,
  ) {}

  static async start(version: Version, options: MysqlFamilyOptions = {}): Promise<MysqlSource> {
    const server = engineOf(version) === 'mysql' ? MysqlServer : MariadbServer;
    return new MysqlSource(version, await Fixture.start(), await server.start({ ...options, version }));
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.fixture.stop();
  }

  get isMysql(): boolean {
    return engineOf(this.version) === 'mysql';
  }

  /** As docs/privileges.md has it. */
  grants(database: string, user: string): string {
    const name = database.replaceAll('_', '\\_');
    const routines = this.isMysql ? 'SHOW_ROUTINE ON *.*' : 'SELECT ON mysql.proc';
    return `GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON \`${name}\`.* TO ${user}@'%'; GRANT ${routines} TO ${user}@'%';`;
  }

  /** A run for a database by a new user, with the documented grants unless others are given. */
  async given(
    database: string,
    overrides: Partial<ServerJob> = {},
    grants: (user: string) => string = (user) => this.grants(database, user),
  ): Promise<ProgramOptions> {
    const user = `backup${++this.users}`;
    await this.server.exec(`CREATE USER ${user}@'%' IDENTIFIED BY '${PASSWORD}'; ${grants(user)}`);
    return {
      job: serverJob(this.server, this.fixture.place(user), { databases: [database], ...overrides }),
      ...{ aws: this.fixture.emulator.environment, username: user, password: PASSWORD, image: this.version },
    };
  }

  /** A run that must succeed: its result, and the text of its dump. */
  async dump(options: ProgramOptions): Promise<{ readonly result: ProgramResult; readonly text: string }> {
    const result = await Program.run(options);
    expect({ exit: result.exit, failure: result.failure }).toEqual({ exit: 'success', failure: '' });
    const [manifest] = await this.fixture.bucket.manifests(options.job.source);
    return { result, text: (await this.fixture.bucket.download(manifest!.objects[0]!)).toString('utf8') };
  }

  /** Drops the database, and loads a dump as docs/restore-by-hand.md has it. */
  async restore(database: string, text: string): Promise<void> {
    await this.server.exec(`DROP DATABASE \`${database}\``);
    await this.server.exec(text);
  }
}
