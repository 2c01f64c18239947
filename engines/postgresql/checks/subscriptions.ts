import { BackupError } from '../../../task/run/errors';
import type { PostgresqlLook } from './check';

/**
 * pg_dump skips subscriptions with a warning unless its user is a superuser, which RDS does not offer.
 *
 * @throws BackupError `privileges`
 */
export async function checkSubscriptions({ client, database, server }: PostgresqlLook): Promise<void> {
  if (server.schemas || server.extraDumpArguments?.includes('--no-subscriptions')) return;
  const { rows } = await client.query<{ n: string }>(
    `SELECT count(*) AS n FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
     WHERE d.datname = current_database() AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)`,
  );
  if (Number(rows[0]?.n) > 0)
    throw new BackupError(
      'privileges',
      `database ${database} has subscriptions, which only a superuser can dump: add --no-subscriptions to extraDumpArguments, and note down how they were made`,
      { kind: 'subscriptions', database },
    );
}
