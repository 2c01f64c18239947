import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { databasesOf } from '../../../catalog/bucket/manifest';
import { BackupError } from '../../../task/run/errors';
import type { ScratchCheck, ScratchContext, ScratchServer, ScratchTarget } from '../../engine';
import { majorVersion } from '../../shared/versions';
import { DATABASE_TO_ASK } from '../connection';
import { optionsOf } from '../settings';
import { locksOf, readArchive } from '../restore/archive-contents';
import { checkDatabase } from './check';
import { applyGlobals, bootstrapRole } from './globals';
import { PROVER } from './prover';
import { ask, createReader } from './reader';
import { requireServer } from './requirements';
import { PORT, scratchSettings, type ScratchNeeds } from './scratch-settings';
import { ServerProcess } from './server-process';

const FAREWELL_MS = 1000;
/** What the owner of a database can set, and what would be in the way of a look at it. */
const SESSION = optionsOf({
  ...{ search_path: 'pg_catalog', session_preload_libraries: '', local_preload_libraries: '' },
  ...{
    role: 'none',
    default_transaction_read_only: 'off',
    statement_timeout: '0',
    lock_timeout: '0',
    row_security: 'off',
  },
});

/** A throw-away PostgreSQL in a directory: reached by a socket in it, and by this account of the system alone. */
export class PostgresqlScratchServer implements ScratchServer {
  private readonly server = new ServerProcess();
  private readonly clients = new Set<Client>();
  private hasReader = false;
  private isUp = false;

  constructor(private readonly context: ScratchContext) {}

  async start(): Promise<ScratchTarget> {
    const { directory, manifest, objects, signal } = this.context;
    const needs = await this.needs();
    const { bin } = await requireServer(majorVersion(manifest.serverVersion, 1), needs.extensions);
    const globals = manifest.objects.find(({ kind }) => kind === 'globals');
    const roles = globals ? (await buffer(objects.open(globals))).toString('utf8') : '';
    const initial = bootstrapRole(roles);
    const settings = scratchSettings(directory, this.context, needs);
    await this.server.start(bin, join(directory, 'data'), initial, settings, signal);
    return this.within(DATABASE_TO_ASK, initial, async (client) => {
      await client.query(`CREATE ROLE ${PROVER} SUPERUSER LOGIN`);
      await applyGlobals(client, roles, join(directory, 'spaces'));
      this.isUp = true;
      const { rows } = await client.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
      return {
        serverVersion: rows[0]?.version ?? '',
        server: { host: directory, port: PORT, tls: { mode: 'off', reason: 'a socket: there is no network' } },
        credentials: { username: PROVER, password: 'none' },
      };
    });
  }

  async check(): Promise<ScratchCheck> {
    const checks: ScratchCheck[] = [];
    for (const database of this.databases)
      checks.push(await this.within(database, PROVER, (client) => checkDatabase(client, database)));
    return {
      differences: checks.flatMap(({ differences }) => differences),
      compared: checks.reduce((sum, { compared }) => sum + compared, 0),
      left: checks.flatMap(({ left }) => left),
    };
  }

  async ask(statement: string, database: string | undefined): Promise<string | null> {
    const { databases } = this;
    const name = database ?? (databases.length === 1 ? databases[0] : undefined);
    if (name === undefined || !databases.includes(name))
      throw new BackupError(
        'notProven',
        `an expectation asks database ${database ?? '(none given)'}: name one of those of the backup: ${databases.join(', ')}`,
        { kind: 'not-proven', object: statement, said: 'no such database in the backup' },
      );
    if (!this.hasReader) await this.within(name, PROVER, createReader);
    this.hasReader = true;
    return ask(this.context.directory, name, statement, (client) => this.clients.add(client));
  }

  async ended(): Promise<BackupError | undefined> {
    const { server } = this;
    if (server.ended || !this.isUp) return server.ended;
    const look = this.within(DATABASE_TO_ASK, PROVER, (client) => client.query('SELECT 1'));
    const answers = await look.then(
      () => true,
      () => false,
    );
    return answers ? undefined : server.whenEnded();
  }

  async close(): Promise<void> {
    await this.server.stop();
    await Promise.all([...this.clients].map((client) => this.leave(client)));
  }

  private get databases(): string[] {
    return databasesOf(this.context.manifest);
  }

  /** From the heads of the archives. */
  private async needs(): Promise<ScratchNeeds> {
    const { manifest, objects, directory } = this.context;
    const extensions = new Map<string, readonly string[]>();
    let locks = 0;
    for (const object of manifest.objects.filter(({ kind }) => kind === 'dump')) {
      const archive = await readArchive(objects.open(object), object.key, join(directory, 'head'));
      for (const database of object.databases) extensions.set(database, archive.extensions);
      locks = Math.max(locks, locksOf(archive));
    }
    return { version: Number(majorVersion(manifest.serverVersion, 1)), extensions, locks };
  }

  /** Does something in a session of its own. */
  private async within<T>(database: string, user: string, action: (client: Client) => Promise<T>): Promise<T> {
    const host = this.context.directory;
    const client = new Client({ host, port: PORT, database, user, options: SESSION });
    client.on('error', () => undefined);
    this.clients.add(client);
    try {
      await client.connect();
      return await action(client);
    } finally {
      await this.leave(client);
    }
  }

  private async leave(client: Client): Promise<void> {
    this.clients.delete(client);
    await Promise.race([client.end().catch(() => undefined), sleep(FAREWELL_MS, undefined, { ref: false })]);
  }
}
