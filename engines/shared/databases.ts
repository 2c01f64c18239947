import type { ServerJob } from '../../catalog/contract/task';
import { BackupError } from '../../task/run/errors';

/**
 * Chooses the databases to dump.
 *
 * @param existing databases of the server, without its own
 * @throws BackupError `configuration` if a database that was asked for does not exist, or none is left
 */
export function chooseDatabases(existing: readonly string[], server: ServerJob): string[] {
  const { host, port } = server;
  const known = existing.length > 0 ? existing.join(', ') : 'none';
  const missing = (server.databases ?? []).filter((name) => !existing.includes(name));
  if (missing.length > 0)
    throw new BackupError(
      'configuration',
      `database ${missing.map((name) => JSON.stringify(name)).join(', ')} does not exist on ${host}, or the user may not see it; it shows: ${known}`,
      { kind: 'database-unknown', host, port, database: missing.join(', ') },
    );
  const chosen = server.databases ?? existing.filter((name) => !(server.excludeDatabases ?? []).includes(name));
  if (chosen.length === 0)
    throw new BackupError(
      'configuration',
      `there is no database to back up on ${host}; it shows: ${known}: name the databases, or grant the user access to them`,
      { kind: 'no-database', host, port },
    );
  return [...chosen];
}
