import * as fs from 'node:fs';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { ServerJob } from '../../catalog/contract/task';
import { Emulator } from '../emulator/emulator';
import { MariadbServer } from '../servers/mariadb';
import type { MysqlFamilyOptions } from '../servers/mysql-family';
import { MysqlServer } from '../servers/mysql';
import type { Version } from '../servers/versions';
import { engineOf, rootOf } from '../servers/versions';
import { TestBucket } from '../support/bucket';
import { inRoot } from '../support/in-root';
import { serverJob } from '../support/job';
import { run, temporaryDirectory, unprivileged } from '../support/processes';
import { Program } from '../support/program';

const PASSWORD = 'not-so-secret';
/** As docs/privileges.md has it. */
const GRANTS = 'SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES';

/**
 * The client that loads a dump of MySQL or MariaDB, with its options, as docs/restore-by-hand.md has it.
 *
 * @param settings of its session, beside those of the documentation
 */
export function restoreCommand(version: Version, settings: readonly string[] = []): string[] {
  const [client, own] =
    engineOf(version) === 'mysql'
      ? ['/usr/bin/mysql', []]
      : ['/usr/bin/mariadb', ['innodb_strict_mode=OFF', 'check_constraint_checks=OFF']];
  const session = [...own, ...settings];
  const init = session.length > 0 ? [`--init-command=SET SESSION ${session.join(', ')}`] : [];
  return [client, '--comments', '--binary-mode', '--max-allowed-packet=1G', ...init];
}

/** A server to back up, one to restore to, and a bucket between them. */
export class Trip {
  private constructor(
    readonly version: Version,
    readonly source: MysqlServer | MariadbServer,
    readonly target: MysqlServer | MariadbServer,
    private readonly emulator: Emulator,
    readonly bucket: TestBucket,
    private readonly scratchDirectory: string,
    /** A directory of the servers' account, outside of their data. */
    readonly outside: string,
  ) {}

  static async start(
    version: Version,
    options: { readonly source?: MysqlFamilyOptions; readonly target?: MysqlFamilyOptions } = {},
  ): Promise<Trip> {
    const server = engineOf(version) === 'mysql' ? MysqlServer : MariadbServer;
    const [emulator, source, target] = await Promise.all([
      Emulator.start(),
      server.start({ ...options.source, version }),
      server.start({ ...options.target, version }),
    ]);
    await source.exec(`CREATE USER backup@'%' IDENTIFIED BY '${PASSWORD}'; GRANT ${GRANTS} ON *.* TO backup@'%'`);
    const bucket = await TestBucket.create(emulator, 'backups');
    const outside = temporaryDirectory('outside', unprivileged('mysql', rootOf(version)));
    return new Trip(version, source, target, emulator, bucket, temporaryDirectory('scratch'), outside);
  }

  async stop(): Promise<void> {
    await Promise.allSettled([this.source.stop(), this.target.stop(), this.emulator.stop()]);
    for (const directory of [this.scratchDirectory, this.outside])
      fs.rmSync(directory, { recursive: true, force: true });
  }

  /** Runs the program by the documented user. */
  run(source: string, overrides: Partial<ServerJob> = {}, environment: Readonly<Record<string, string>> = {}) {
    return Program.run({
      job: serverJob(
        this.source,
        { source, bucket: this.bucket.name, scratchDirectory: this.scratchDirectory },
        overrides,
      ),
      ...{ aws: this.emulator.environment, username: 'backup', password: PASSWORD, image: this.version, environment },
    });
  }

  /** Makes a backup and returns its manifest. */
  async backUp(source: string, overrides: Partial<ServerJob> = {}): Promise<Manifest> {
    expect(await this.run(source, overrides)).toMatchObject({ exit: 'success', failure: '' });
    return (await this.bucket.manifests(source)).at(-1)!;
  }

  /** The SQL of a backup. */
  async sql(manifest: Manifest): Promise<string> {
    return (await this.bucket.download(manifest.objects[0]!)).toString('latin1');
  }

  /** Loads SQL into the target by the documented command. Rejects with the words of the client. */
  async load(sql: string, settings: readonly string[] = []): Promise<void> {
    const root = rootOf(this.version);
    const [client = '', ...args] = restoreCommand(this.version, settings);
    const { socket, rootUser, rootPassword } = this.target;
    const command = [client, '--no-defaults', `--socket=${socket}`, `--user=${rootUser}`, ...args];
    const file = `${this.scratchDirectory}/load.sql`;
    fs.writeFileSync(file, sql, 'latin1');
    await run(...inRoot(root, unprivileged('mysql', root), command), {
      env: { ...process.env, MYSQL_PWD: rootPassword },
      input: fs.createReadStream(file),
    });
  }

  /** Removes databases of the target. */
  async clear(databases: readonly string[]): Promise<void> {
    const drops = databases.map((name) => `DROP DATABASE IF EXISTS \`${name}\`;`);
    await this.target.exec(`SET foreign_key_checks = 0; ${drops.join(' ')}`);
  }
}
