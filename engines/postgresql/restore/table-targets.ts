import type { Client } from 'pg';
import type { TableCount } from '../../../catalog/bucket/manifest';
import type { RestoreDifference, RestoreTarget } from '../../../catalog/contract/restore';
import { BackupError } from '../../../task/run/errors';
import type { RestoreCheck, ServerRestoreContext } from '../../engine';
import { quoteName } from '../names';
import { keyOfTable } from './archive-contents';
import { contentOf, dropLeftover, findDatabases, ownName } from './databases';
import { loadDatabase, type LoadContext } from './load';
import { lacksDatabaseRight, refuseName } from './preflight';
import { refuse, type Administrator } from './roles';
import type { Targets } from './targets';
import {
  compareTables,
  copyTables,
  dropOwnSchema,
  ownSchema,
  publishSchema,
  schemaExists,
  type TablesCopy,
} from './copy-tables';
import { countsOf, type FoundArchive } from './database-targets';

interface Beside extends FoundArchive, TablesCopy {}

/** Tables beside their originals, in a new schema of the same database. They come by a database that lives as long as the restore. */
export class TableTargets implements Targets {
  readonly owners: readonly string[] = [];
  readonly showsDifferences = true;
  readonly temporary: readonly string[];
  private readonly all: readonly Beside[];

  constructor(
    private readonly context: ServerRestoreContext & Pick<LoadContext, 'sessions'>,
    found: readonly FoundArchive[],
    tables: readonly TableCount[],
    administrator: Administrator,
  ) {
    refuse(administrator, lacksDatabaseRight(administrator));
    const { as } = context.request;
    if (as === undefined)
      throw new BackupError('configuration', 'tables need a name for the new schema: give one with --as', {
        kind: 'name-invalid',
      });
    refuseName(as, 'schema');
    this.all = found.map((one) => {
      const chosen = tables.filter(({ database }) => database === one.database);
      const from = ownName('restoring', `tables of ${one.database} ${as}`);
      return { ...one, from, schema: as, tables: chosen };
    });
    this.temporary = this.all.map(({ from }) => from);
    for (const { tables: chosen } of this.all) refuseTwins(chosen);
  }

  async look(client: Client): Promise<RestoreTarget[]> {
    const targets: RestoreTarget[] = [];
    for (const { database, schema, tables } of this.all) {
      if (!(await findDatabases(client, [database])).has(database))
        throw new BackupError(
          'targetRefused',
          `the target has no database ${database}, beside whose tables the others could come: restore it whole with --databases`,
          { kind: 'target-lacks', object: database, database },
        );
      const state = await this.inside(database, async (own) => {
        const { rows } = await own.query<{ may: boolean; exists: boolean }>(
          `SELECT has_database_privilege(current_database(), 'CREATE') AS may, to_regnamespace($1) IS NOT NULL AS exists`,
          [quoteName(schema)],
        );
        if (!rows[0]?.may) throw mayNotCreate(this.context.credentials.username, database);
        if ((await contentOf(own, schema)).length > 0) throw schemaExists({ database, schema });
        return rows[0].exists ? 'empty' : 'new';
      });
      const { tables: count, rows } = countsOf(tables);
      targets.push({ database, name: `${database}.${schema}`, state, tables: count, rows });
    }
    return targets;
  }

  async load(context: LoadContext): Promise<void> {
    for (const beside of this.all) {
      const { database, schema, from, archive } = beside;
      const content = (name: string): Promise<string[]> => this.inside(name, contentOf);
      await dropLeftover(context.client, 'restoring', `tables of ${database} ${schema}`, content);
      const keys = new Set(beside.tables.map((table) => keyOfTable(table.schema ?? 'public', table.name)));
      const only = archive.data.flatMap((data) => (keys.has(keyOfTable(data.schema, data.name)) ? data.id : []));
      await loadDatabase(context, { ...beside, temporary: from, tablespaces: false, only });
      const source = await context.sessions.connect(from);
      await this.inside(database, async (client) => {
        await dropOwnSchema(client, ownSchema(beside));
        await copyTables(context, client, source, beside);
      });
      await context.sessions.disconnect(source);
    }
  }

  async compare(): Promise<RestoreCheck> {
    const differences: RestoreDifference[] = [];
    for (const beside of this.all)
      differences.push(...(await this.inside(beside.database, (client) => compareTables(client, beside))));
    return { differences, ...countsOf(this.all.flatMap(({ tables }) => tables)) };
  }

  async publish(): Promise<void> {
    for (const beside of this.all) await this.inside(beside.database, (client) => publishSchema(client, beside));
  }

  async discard(): Promise<void> {
    for (const beside of this.all)
      await this.inside(beside.database, (client) => dropOwnSchema(client, ownSchema(beside)));
  }

  private async inside<T>(database: string, action: (client: Client) => Promise<T>): Promise<T> {
    const client = await this.context.sessions.connect(database);
    try {
      return await action(client);
    } finally {
      await this.context.sessions.disconnect(client);
    }
  }
}

/** @throws BackupError `configuration` if two of them would have the same name in one schema */
function refuseTwins(tables: readonly TableCount[]): void {
  const twin = tables.find(({ name }, index) => tables.findIndex((other) => other.name === name) !== index);
  if (!twin) return;
  throw new BackupError(
    'configuration',
    `two of the tables are called ${twin.name}, and one schema cannot have both: restore them one after the other`,
    { kind: 'name-invalid', object: twin.name },
  );
}

function mayNotCreate(account: string, database: string): BackupError {
  const statements = [`GRANT CREATE ON DATABASE ${quoteName(database)} TO ${quoteName(account)};`];
  return new BackupError(
    'privileges',
    `role ${account} may not make a schema in database ${database}. Run as an administrator: ${statements.join(' ')}`,
    { kind: 'privileges-missing', account, database, privileges: [`CREATE on ${database}`], statements },
  );
}
