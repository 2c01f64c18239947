import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { Note } from '../../catalog/contract/note';
import type { DumpJob, ServerJob } from '../../catalog/contract/task';
import { Emulator } from '../emulator/emulator';
import { PostgresqlServer } from '../servers/postgresql';
import type { Version } from '../servers/versions';
import { TestBucket } from '../support/bucket';
import { serverJob } from '../support/job';
import { temporaryDirectory } from '../support/processes';
import type { ProgramResult } from '../support/program';
import { Program } from '../support/program';

const PASSWORD = 'backup of cases';
/** The statements of docs/privileges.md. */
const ACCOUNT = `CREATE ROLE backup LOGIN PASSWORD '${PASSWORD}' BYPASSRLS; GRANT pg_read_all_data TO backup;
  ALTER ROLE backup SET default_transaction_read_only = on;`;
/** The settings of docs/restoring.md, which a database's own must not overrule while it is loaded. */
const RESTORE_OPTIONS = '-c default_transaction_read_only=off -c array_nulls=on';

/** A run, and its backup if it made one. */
export interface CaseBackup extends ProgramResult {
  readonly manifest: Manifest | undefined;
  readonly notes: readonly Note[];
}

/** Two servers of one version: databases are backed up from the first by the documented role, and restored to the second. */
export class PostgresqlCases {
  private runs = 0;

  private constructor(
    private readonly emulator: Emulator,
    private readonly bucket: TestBucket,
    readonly source: PostgresqlServer,
    readonly target: PostgresqlServer,
    private readonly scratchDirectory: string,
  ) {}

  static async start(
    version: Version,
    { settings }: { settings?: Readonly<Record<string, string>> } = {},
  ): Promise<PostgresqlCases> {
    const emulator = await Emulator.start();
    const bucket = await TestBucket.create(emulator, 'backups');
    const source = await PostgresqlServer.start({ version, settings });
    const target = await PostgresqlServer.start({ version, settings });
    await source.exec(ACCOUNT);
    return new PostgresqlCases(emulator, bucket, source, target, temporaryDirectory('scratch'));
  }

  async stop(): Promise<void> {
    await Promise.allSettled([this.source.stop(), this.target.stop(), this.emulator.stop()]);
    fs.rmSync(this.scratchDirectory, { recursive: true, force: true });
  }

  /** Makes a database on the source, and runs a script in it. */
  async database(name: string, script: string): Promise<void> {
    await this.source.exec(`CREATE DATABASE "${name}"`);
    await this.source.exec(script, name);
  }

  /** Runs the program as its image would. */
  async backup(
    server: Partial<ServerJob>,
    {
      username = 'backup',
      toolsDirectory,
      job,
    }: { username?: string; toolsDirectory?: string; job?: Partial<DumpJob> } = {},
  ): Promise<CaseBackup> {
    const source = `run-${++this.runs}`;
    const place = { source, bucket: this.bucket.name, scratchDirectory: this.scratchDirectory };
    const result = await Program.run({
      job: { ...serverJob(this.source, place, server), ...job },
      ...{ aws: this.emulator.environment, image: this.source.version, username, password: PASSWORD, toolsDirectory },
    });
    const [manifest] = await this.bucket.manifests(source);
    return { ...result, manifest, notes: manifest?.notes ?? [] };
  }

  /**
   * Restores a backup as docs/restoring.md says: the roles by psql, each database by pg_restore.
   *
   * @param args more arguments of pg_restore
   * @throws Error with the words of the tool
   */
  async restore({ manifest }: CaseBackup, args: readonly string[] = []): Promise<void> {
    if (!manifest) throw new Error('there is no backup');
    for (const object of manifest.objects) {
      const content = await this.bucket.download(object);
      if (object.kind === 'globals') {
        // A new server has its administrator already, and a role of an earlier restore too.
        const roles = await this.target.exec('SELECT rolname FROM pg_roles');
        const known = new RegExp(`^(CREATE|ALTER) ROLE (${roles.trim().split('\n').join('|')})\\b.*$`, 'gm');
        await this.target.exec(content.toString('utf8').replaceAll(known, ''));
      } else {
        const file = path.join(this.target.directory, 'archive');
        fs.writeFileSync(file, content);
        const options = ['--exit-on-error', '--create', ...args, '--dbname=postgres', file];
        await this.target.tool('pg_restore', options, undefined, { PGOPTIONS: RESTORE_OPTIONS });
      }
    }
  }

  /** Backs one database up, which must succeed, restores it, and returns its notes. */
  async roundTrip(database: string, args: readonly string[] = []): Promise<readonly Note[]> {
    const backup = await this.backup({ databases: [database] });
    expect({ exit: backup.exit, failure: backup.failure }).toEqual({ exit: 'success', failure: '' });
    await this.restore(backup, args);
    return backup.notes;
  }
}
