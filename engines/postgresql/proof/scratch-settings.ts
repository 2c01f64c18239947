import { ownName } from '../restore/databases';

/** What a server needs to know of the extensions of a backup, by database. */
export type NeededExtensions = ReadonlyMap<string, readonly string[]>;

/** What a throw-away server needs to know of a backup. */
export interface ScratchNeeds {
  /** Its major version. */
  readonly version: number;
  readonly extensions: NeededExtensions;
  /** Locks that one transaction may need. */
  readonly locks: number;
}

/**
 * Libraries that must be there when the server starts, or their extensions cannot be created. In this order: the first two
 * insist on it.
 */
const PRELOADED = [
  ...['citus', 'timescaledb', 'pg_cron', 'pgaudit', 'pg_net', 'pg_search', 'pg_squeeze', 'pg_stat_monitor', 'pg_tle'],
  ...['pg_wait_sampling', 'set_user'],
];

/** PostgreSQL's own defaults. */
const [CONNECTIONS, LOCKS] = [100, 64];
const MEBIBYTE = 2 ** 20;
const MAX_MAINTENANCE_BYTES = 1024 * MEBIBYTE;
/** Port in the name of the socket; there is no other one. */
export const PORT = 5432;

/** Settings of a throw-away server, as arguments of `postgres`: they beat its files, and what ALTER SYSTEM writes. */
export function scratchSettings(
  directory: string,
  { memoryBytes, cpus }: { readonly memoryBytes: number; readonly cpus: number },
  { version, extensions: needed, locks }: ScratchNeeds,
): string[] {
  const all = new Set([...needed.values()].flat());
  const libraries = PRELOADED.filter((library) => all.has(library));
  const megabytes = (bytes: number) => `${Math.max(1, Math.floor(bytes / MEBIBYTE))}MB`;
  // Jobs of pg_cron are allowed in one database. A restore loads it under another name.
  const scheduling = [...needed].find(([, extensions]) => extensions.includes('pg_cron'))?.[0];
  // What a library wants to do by itself, it does in such a process: jobs, policies, requests to other servers.
  const workers = libraries.length > 0 ? 0 : Math.max(1, Math.round(cpus));
  const settings: Readonly<Record<string, string | number>> = {
    listen_addresses: '',
    unix_socket_directories: directory,
    unix_socket_permissions: '0700',
    port: PORT,
    // Nothing outlives the test.
    ...{ fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', wal_level: 'minimal', max_wal_senders: 0 },
    ...{ archive_mode: 'off', autovacuum: 'off', max_wal_size: '512MB', checkpoint_timeout: '1h' },
    // A process that died takes all others with it, and the test can tell.
    restart_after_crash: 'off',
    shared_buffers: megabytes(memoryBytes / 4),
    maintenance_work_mem: megabytes(Math.min(memoryBytes / 4 / Math.max(1, cpus), MAX_MAINTENANCE_BYTES)),
    // In containers /dev/shm holds 64 MiB, whatever the task has.
    dynamic_shared_memory_type: 'mmap',
    huge_pages: 'off',
    // The server has room for so many locks in all, whoever holds them.
    max_connections: CONNECTIONS,
    max_locks_per_transaction: LOCKS + Math.ceil(locks / CONNECTIONS),
    // A dump has them all the same.
    ...(version >= 17 && { event_triggers: 'off' }),
    max_worker_processes: workers,
    max_parallel_maintenance_workers: workers,
    max_logical_replication_workers: 0,
    shared_preload_libraries: libraries.join(','),
    ...(scheduling === undefined ? {} : { 'cron.database_name': ownName('restoring', scheduling) }),
    jit: 'off',
    timezone: 'UTC',
    // Statements may hold passwords.
    ...{ logging_collector: 'off', log_destination: 'stderr', log_min_error_statement: 'panic' },
    ...{ log_min_messages: 'fatal', log_checkpoints: 'off' },
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
