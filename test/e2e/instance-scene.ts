import * as path from 'node:path';
import { Emulator, type Outputs } from '../emulator/emulator';
import { SystemsManager } from '../emulator/systems-manager';
import { MysqlServer } from '../servers/mysql';
import { mysqlClients } from '../servers/mysql-clients';
import type { Version } from '../servers/versions';
import { Desk } from './desk';
import { deployDocuments, type Team } from './document-stacks';
import { Story } from './story';
import { TeamHost } from './team-host';

/** Of all users. */
export const PASSWORD = 'only the "server" knows';
export const RESTORER = 'restorer';

/** A team whose secret is called after its document. */
export const teamOf = (document: string, role: string, username: string, more: Partial<Team> = {}): Team => ({
  ...{ document, role, username, password: PASSWORD, secret: `${document}/backup` },
  ...more,
});

/** Whole numbers of steps. */
export const range = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);

const account = (name: string, grants: string, more = ''): string =>
  `CREATE USER ${name}@'%' IDENTIFIED BY '${PASSWORD}'; GRANT ${grants} TO ${name}@'%'${more};`;
/** Creates the user of a backup, as docs/privileges.md has it. */
export const backupUser = ({ username }: Team, what: string): string =>
  `${account(username, `SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON ${what}`)}
   GRANT SHOW_ROUTINE ON *.* TO ${username}@'%';`;
/** The beginning of a query that counts up to a number, in column `n` of `s`. */
export const upTo = (last: number): string =>
  `WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${last})`;

/** Examples that are deployed, and the server that the databases of all their teams are on. */
export class InstanceScene {
  private readonly stories: Story[] = [];
  private readonly manager: SystemsManager;
  readonly desk: Desk;

  private constructor(
    readonly emulator: Emulator,
    readonly server: MysqlServer,
    private readonly outputs: Outputs,
  ) {
    this.manager = new SystemsManager(emulator);
    const tools = mysqlClients(server.version, path.join(emulator.directory, 'tools'));
    this.desk = new Desk(emulator, tools, PASSWORD);
  }

  static async start(version: Version, teams: readonly Team[]): Promise<InstanceScene> {
    const [emulator, server] = await Promise.all([Emulator.start(), MysqlServer.start({ version })]);
    try {
      await server.exec(account(RESTORER, 'ALL PRIVILEGES ON *.*', ' WITH GRANT OPTION'));
      await emulator.bootstrap();
      return new InstanceScene(emulator, server, await deployDocuments(emulator, teams));
    } catch (error) {
      await Promise.all([emulator.stop(), server.stop()]);
      throw error;
    }
  }

  /** The story of a team begins. */
  async begin({ role }: Team, stack: string, address: string): Promise<Story> {
    const host = new TeamHost(this.emulator, this.manager, role, this.server.version, this.server.port);
    const story = new Story(this.emulator, this.outputs[stack]!, host, this.desk, address);
    this.stories.push(story);
    await story.begin();
    return story;
  }

  /** `restore`, on the machine of somebody who reaches the server. */
  restore(source: string, ...more: readonly string[]): string[] {
    const to = `mysql://${RESTORER}@127.0.0.1:${this.server.port}`;
    return ['restore', '--source', source, '--local', '--to', to, '--no-tls', ...more];
  }

  async stop(): Promise<void> {
    for (const one of [...this.stories.map(({ host }) => host), this.desk]) one.remove();
    await this.server.stop();
    await this.emulator.stop();
  }
}
