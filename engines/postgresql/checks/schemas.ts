import { BackupError } from '../../../task/run/errors';
import type { PostgresqlLook } from './check';

/**
 * Schemas that the settings name exist.
 *
 * @throws BackupError `configuration`
 */
export async function checkSchemas({ client, database, server: { schemas } }: PostgresqlLook): Promise<void> {
  if (!schemas) return;
  const { rows } = await client.query<{ name: string }>(
    'SELECT unnest($1::text[]) AS name EXCEPT SELECT nspname FROM pg_catalog.pg_namespace ORDER BY 1',
    [schemas],
  );
  if (rows.length > 0)
    throw new BackupError(
      'configuration',
      `schema ${rows.map(({ name }) => JSON.stringify(name)).join(', ')} does not exist in database ${database}: correct schemas`,
      { kind: 'schema-missing', database, object: rows.map(({ name }) => name).join(', ') },
    );
}
