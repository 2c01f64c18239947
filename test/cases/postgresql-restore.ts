import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { Note } from '../../catalog/contract/note';
import type { ServerJob } from '../../catalog/contract/task';
import { document } from '../docs/markdown';
import { PostgresqlServer } from '../servers/postgresql';
import type { Version } from '../servers/versions';
import type { ProgramResult } from '../support/program';
import { Program } from '../support/program';
import { PostgresqlCase } from './postgresql-support';

/** The settings of docs/restore-by-hand.md, which a database's own must not overrule while it is loaded. */
const [, RESTORE_OPTIONS] = /PGOPTIONS='(.+)'/.exec(document('docs/restore-by-hand.md').commands('PostgreSQL'))!;

/** A run, and its backup if it made one. */
export interface CaseBackup extends ProgramResult {
  readonly manifest: Manifest | undefined;
  readonly notes: readonly Note[];
}

/** Two servers of one version: databases are backed up from the first, and restored to the second. */
export class PostgresqlRestore {
  private runs = 0;

  private constructor(
    private readonly from: PostgresqlCase,
    readonly target: PostgresqlServer,
  ) {}

  static async start(version: Version): Promise<PostgresqlRestore> {
    return new PostgresqlRestore(await PostgresqlCase.start(version), await PostgresqlServer.start({ version }));
  }

  async stop(): Promise<void> {
    await Promise.all([this.target.stop(), this.from.stop()]);
  }

  get source(): PostgresqlServer {
    return this.from.server;
  }

  /** Makes a database on the source, and runs a script in it. */
  async database(name: string, script: string): Promise<void> {
    await this.source.exec(`CREATE DATABASE ${name}`);
    await this.source.exec(script, name);
  }

  /** Runs the program by the documented role, as its image would. */
  async backup(server: Partial<ServerJob>, toolsDirectory?: string): Promise<CaseBackup> {
    const source = `run-${++this.runs}`;
    const result = await Program.run({ ...this.from.run(source, { databases: undefined, ...server }), toolsDirectory });
    const [manifest] = await this.from.fixture.bucket.manifests(source);
    // The test server is made for speed, which each backup of it notes.
    const notes = (manifest?.notes ?? []).filter(({ kind }) => kind !== 'damage-unnoticed');
    return { ...result, manifest, notes };
  }

  /**
   * Restores a backup as docs/restore-by-hand.md says: the roles by psql, each database by pg_restore.
   *
   * @param options more settings of its sessions
   * @param args more arguments of pg_restore
   * @throws Error with the words of the tool
   */
  async restore({ manifest }: CaseBackup, options = '', args: readonly string[] = []): Promise<void> {
    if (!manifest) throw new Error('there is no backup');
    for (const object of manifest.objects.filter(({ kind }) => kind !== 'evidence')) {
      const content = await this.from.fixture.bucket.download(object);
      if (object.kind === 'globals') {
        // A new server has its administrator already; here, also the roles of the restore before.
        const roles = (await this.target.exec('SELECT rolname FROM pg_roles')).trim().split('\n');
        const known = new RegExp(`^(CREATE|ALTER) ROLE (${roles.join('|')})\\b.*$`, 'gm');
        await this.target.exec(content.toString('utf8').replaceAll(known, ''));
      } else {
        const file = path.join(this.target.directory, 'archive');
        fs.writeFileSync(file, content);
        const own = { PGOPTIONS: `${RESTORE_OPTIONS} ${options}` };
        const given = ['--exit-on-error', '--create', ...args, '--dbname=postgres', file];
        await this.target.tool('pg_restore', given, undefined, own);
      }
    }
  }

  /** Backs up one database, which must succeed. */
  async backupOf(database: string): Promise<CaseBackup> {
    const backup = await this.backup({ databases: [database] });
    expect({ exit: backup.exit, failure: backup.failure }).toEqual({ exit: 'success', failure: '' });
    return backup;
  }
}
