import type { Client } from 'pg';
import type { TableCount } from '../../../catalog/bucket/manifest';
import type { RestoreTarget } from '../../../catalog/contract/restore';
import { restoredContent } from '../../../task/restore/content';
import { BackupError } from '../../../task/run/errors';
import type { RestoreCheck, ServerRestoreContext } from '../../engine';
import { quoteName } from '../names';
import { keyOfTable } from './archive-contents';
import {
  compareTables,
  copyTables,
  dropOwnSchema,
  ownSchema,
  publishSchema,
  schemaExists,
  type TablesCopy,
} from './copy-tables';
import type { FoundArchive } from './database-targets';
import { dropLeftover, findDatabases, ownName } from './databases';
import { loadDatabase, type LoadContext } from './load';
import { lacksDatabaseRight, refuseName } from './preflight';
import { refuse, type Administrator } from './roles';
import type { Targets } from './targets';

/**
 * Tables beside their originals, in a new schema of the same database. They come by a database that lives as long as the restore. Nothing of
 * the backup's code gets into the existing database: no default, no trigger, no check.
 */
export class TableTargets implements Targets {
  readonly owners: readonly string[] = [];
  readonly showsDifferences = true;
  readonly temporary: readonly string[];
  private readonly copy: FoundArchive & TablesCopy;

  constructor(
    private readonly context: ServerRestoreContext & Pick<LoadContext, 'sessions'>,
    found: readonly FoundArchive[],
    tables: readonly TableCount[],
    administrator: Administrator,
  ) {
    refuse(administrator, lacksDatabaseRight(administrator));
    refuseSeveral(found, tables);
    const one = found[0]!;
    const schema = context.request.as ?? '';
    refuseName(schema, 'schema');
    this.copy = { ...one, from: ownName('restoring', leftoverOf(one.database, schema)), schema, tables };
    this.temporary = [this.copy.from];
  }

  async look(client: Client): Promise<RestoreTarget[]> {
    const { database, schema, tables } = this.copy;
    if (!(await findDatabases(client, [database])).has(database))
      throw new BackupError(
        'targetRefused',
        `the target has no database ${database}, beside whose tables the others could come: restore it whole with --databases`,
        { kind: 'target-lacks', object: database, database },
      );
    await this.inside(async (own) => {
      const { rows } = await own.query<{ may: boolean; exists: boolean }>(
        `SELECT has_database_privilege(current_database(), 'CREATE') AS may, to_regnamespace($1) IS NOT NULL AS exists`,
        [quoteName(schema)],
      );
      if (!rows[0]?.may) throw mayNotCreate(this.context.credentials.username, database);
      if (rows[0].exists) throw schemaExists(this.copy);
    });
    const counts = restoredContent(tables);
    return [{ database, name: `${database}.${schema}`, state: 'new', tables: counts.tables, rows: counts.rows }];
  }

  async load(context: LoadContext): Promise<void> {
    const { copy } = this;
    await dropLeftover(context.client, 'restoring', leftoverOf(copy.database, copy.schema), context.sessions);
    const keys = new Set(copy.tables.map((table) => keyOfTable(table.schema ?? 'public', table.name)));
    const only = copy.archive.data.flatMap(({ id, schema, name }) => (keys.has(keyOfTable(schema, name)) ? id : []));
    await loadDatabase(context, { ...copy, temporary: copy.from, tablespaces: false, only });
    const source = await context.sessions.connect(copy.from);
    await this.inside(async (client) => {
      await dropOwnSchema(client, ownSchema(copy));
      await copyTables(context, client, source, copy);
    });
    await context.sessions.disconnect(source);
  }

  async compare(): Promise<RestoreCheck> {
    const differences = await this.inside((client) => compareTables(client, this.copy));
    return { differences, ...restoredContent(this.copy.tables) };
  }

  publish(): Promise<void> {
    return this.inside((client) => publishSchema(client, this.copy));
  }

  discard(): Promise<void> {
    return this.inside((client) => dropOwnSchema(client, ownSchema(this.copy)));
  }

  private async inside<T>(action: (client: Client) => Promise<T>): Promise<T> {
    const client = await this.context.sessions.connect(this.copy.database);
    try {
      return await action(client);
    } finally {
      await this.context.sessions.disconnect(client);
    }
  }
}

const leftoverOf = (database: string, schema: string): string => `tables of ${database} ${schema}`;

/** @throws BackupError `configuration` if they are of several databases, or two would have the same name in one schema */
function refuseSeveral(found: readonly FoundArchive[], tables: readonly TableCount[]): void {
  if (found.length > 1)
    throw new BackupError(
      'configuration',
      `tables come beside those of one database, got tables of ${found.map(({ database }) => database).join(', ')}: restore them one database after the other`,
      { kind: 'name-invalid' },
    );
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
