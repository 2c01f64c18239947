import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { DumpJob } from '../../catalog/contract/task';
import { document } from '../docs/markdown';
import type { Emulator } from '../emulator/emulator';
import { ROOT } from '../emulator/emulator';
import type { Server } from '../servers/start';
import { PostgresqlServer, postgresqlBinaries } from '../servers/postgresql';
import type { Version } from '../servers/versions';
import { engineOf, rootOf } from '../servers/versions';
import { TestBucket } from './bucket';
import { inRoot, quoted } from './in-root';
import { run, temporaryDirectory } from './processes';
import { Program } from './program';

/** Clients of an engine that the documents name. */
const CLIENTS = { mysql: ['mysql'], mariadb: ['mariadb'], postgresql: ['psql', 'pg_restore'] } as const;
/** Of the engines with a server, the heading in docs/restore-by-hand.md. */
const HEADINGS = { mysql: 'MySQL', mariadb: 'MariaDB', postgresql: 'PostgreSQL' } as const;
const NEW_PASSWORD = 'of the new server';

/** What the documents tell to have installed, as a folder for PATH: this package, and the clients of the server's version. */
function installPrograms(folder: string, version: Version | undefined): void {
  const install = (name: string, command: string): void =>
    fs.writeFileSync(path.join(folder, name), `#!/bin/sh\nexec ${command}\n`, { mode: 0o755 });
  fs.mkdirSync(folder);
  const cli = [process.execPath, path.join(ROOT, 'dist/bin/cli.js')].map(quoted).join(' ');
  fs.writeFileSync(path.join(folder, 'npx'), `#!/bin/sh\ntest "$1" = proven-backups && shift && exec ${cli} "$@"\n`, {
    mode: 0o755,
  });
  if (version === undefined) return;
  const engine = engineOf(version);
  const bin = engine === 'postgresql' ? postgresqlBinaries(version) : '/usr/bin';
  for (const client of CLIENTS[engine]) {
    // In a root, a program begins in its topmost folder.
    const inside = ['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', 'FOLDER', path.join(bin, client)];
    const root = rootOf(version);
    const [command, args] = root === '/' ? [path.join(bin, client), []] : inRoot(root, { uid: 0, gid: 0 }, inside);
    const words = [command, ...args].map((word) => (word === 'FOLDER' ? '"$PWD"' : quoted(word)));
    install(client, `${words.join(' ')} "$@"`);
  }
}

/**
 * A reader of docs/restore-by-hand.md, who types its commands into a shell as they stand there: source `shop`, of the time that
 * the page names, and for PostgreSQL the database `shop`.
 */
export class Reader {
  /** Where the reader is: at first in an empty folder, later in the one of the backup. */
  folder = temporaryDirectory('reader');
  /** Headings of docs/restore-by-hand.md whose commands were typed. */
  readonly typed: string[] = [];
  private readonly programs = path.join(this.folder, '.programs');

  /**
   * @param bucket with the backup
   * @param target the new server; none for SQLite
   */
  constructor(
    private readonly emulator: Emulator,
    private readonly bucket: TestBucket,
    private readonly target?: Server,
  ) {
    installPrograms(this.programs, target?.version);
  }

  /**
   * Backs up with the program, as source `shop`, at the time that the page names, into a bucket of its own.
   *
   * @param jobFor the job, given its destination
   */
  static async backUp(
    emulator: Emulator,
    bucketName: string,
    jobFor: (place: { source: string; bucket: string; scratchDirectory: string }) => DumpJob,
    how: { readonly username?: string; readonly password?: string; readonly image?: Version } = {},
  ): Promise<{ bucket: TestBucket; manifest: Manifest }> {
    const bucket = await TestBucket.create(emulator, bucketName);
    const scratchDirectory = temporaryDirectory('scratch');
    const job = jobFor({ source: 'shop', bucket: bucketName, scratchDirectory });
    const result = await Program.run({
      ...{ job, aws: emulator.environment, scheduledTime: '2026-11-20T02:00:00Z', ...how },
    });
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    fs.rmSync(scratchDirectory, { recursive: true, force: true });
    return { bucket, manifest: (await bucket.manifests('shop'))[0]! };
  }

  /**
   * Types commands and returns all that they printed. Rejects at the first command that fails, in a pipe too.
   *
   * @param set variables that the text tells the reader to set
   */
  async type(commands: string, set: Readonly<Record<string, string>> = {}): Promise<string> {
    const programs = [this.programs, path.join(ROOT, '.venv/bin'), process.env.PATH].join(path.delimiter);
    const own = { PATH: programs, HOME: this.folder, BUCKET: this.bucket.name, ...this.emulator.environment };
    const env = { ...own, ...this.account, ...set };
    const output = path.join(this.programs, 'output');
    const printed = (): string => fs.readFileSync(output, 'utf8');
    try {
      const args = ['--norc', '-euo', 'pipefail', '-c', `exec >${output} 2>&1\n${commands}`];
      await run('bash', args, { cwd: this.folder, env });
    } catch (error) {
      throw new Error(`${(error as Error).message}${printed()}`, { cause: error });
    }
    return printed();
  }

  /** Types the commands of docs/restore-by-hand.md below a heading. */
  typePage(heading: string, set: Readonly<Record<string, string>> = {}): Promise<string> {
    this.typed.push(heading);
    return this.type(document('docs/restore-by-hand.md').commands(heading), set);
  }

  /** Fetches the backup, checks it, and goes where it is. */
  async fetch(): Promise<string> {
    const output = await this.typePage('2. Fetch it and check every byte');
    this.folder = path.join(this.folder, 'restore');
    await this.logIn();
    return output;
  }

  /** Restores the backup by the commands for the engine of the new server. */
  restore(): Promise<string> {
    return this.typePage(HEADINGS[engineOf(this.target!.version)]);
  }

  /** Fetches the backup by `proven-backups fetch`, and types the commands that it prints. */
  async typeFetched(options = '', set: Readonly<Record<string, string>> = {}): Promise<string> {
    const fetched = await this.type(
      `npx proven-backups fetch --bucket "$BUCKET" --source shop --output restore --json ${options} 2>told || { cat told; exit 1; }`,
    );
    const { steps } = JSON.parse(fetched) as { steps: { run?: string }[] };
    this.folder = path.join(this.folder, 'restore');
    await this.logIn();
    const commands = steps.flatMap(({ run: command }) => (command?.startsWith('[client]') ? [] : [command]));
    return this.type(commands.join('\n'), set);
  }

  /** Gives the reader the account of the new server's administrator. */
  async logIn(): Promise<void> {
    if (this.target === undefined) return;
    if (this.target instanceof PostgresqlServer) {
      await this.target.exec(`ALTER ROLE postgres PASSWORD '${NEW_PASSWORD}'`);
      return;
    }
    const password = this.target.rootPassword.replaceAll(/["\\]/g, '\\$&');
    const lines = [`socket = ${this.target.socket}`, 'user = root', `password = "${password}"`];
    fs.writeFileSync(path.join(this.folder, 'admin.cnf'), ['[client]', ...lines, ''].join('\n'));
  }

  /** Removes what the reader has on the disk. */
  leave(): void {
    fs.rmSync(path.dirname(this.programs), { recursive: true, force: true });
  }

  private get account(): Readonly<Record<string, string>> {
    if (!(this.target instanceof PostgresqlServer)) return {};
    const { port } = this.target;
    return { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'postgres', PGPASSWORD: NEW_PASSWORD };
  }
}
