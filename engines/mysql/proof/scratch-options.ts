import type { ScratchContext } from '../../engine';

const MIB = 1024 ** 2;
/** What a server takes besides its buffer pool: measured, with 16 sessions. */
const BESIDES_BYTES = 256 * MIB;
const SMALLEST_POOL = 64 * MIB;
/** More than the longest statement that a dump may have. */
const PACKET = '1G';
/** Settings that are chosen when a data directory is made; the notes of a backup have them as `name=value`. */
const MADE_WITH = ['innodb_page_size', 'lower_case_table_names'];

/** Paths of a throw-away server. */
export interface ScratchPaths {
  readonly data: string;
  readonly temporary: string;
  readonly socket: string;
  /** An empty directory that nobody may write to: all that statements may read and write of files. */
  readonly files: string;
}

/** Options with which the data directory is made, and the server started: what a server can only be once. */
export const makingOptions = ({ manifest }: Pick<ScratchContext, 'manifest'>): string[] =>
  (manifest.notes ?? [])
    .filter(({ kind }) => kind === 'server-settings')
    .flatMap(({ objects = [] }) => objects)
    .filter((setting) => MADE_WITH.includes(setting.split('=')[0]!))
    .map((setting) => `--${setting.replaceAll('_', '-')}`);

/**
 * Options of every throw-away server: no network, nothing durable, no clock, and no files of others.
 * `loose-`: not all versions know it.
 */
export function scratchOptions(
  { manifest, memoryBytes }: Pick<ScratchContext, 'manifest' | 'memoryBytes'>,
  { data, temporary, socket }: ScratchPaths,
): string[] {
  const pool = Math.max(SMALLEST_POOL, Math.floor((memoryBytes - BESIDES_BYTES) * 0.8));
  // The dump counts rows in its own snapshot only if the server keeps all tables open.
  const tables = Math.max(2000, manifest.tables.length + 400);
  return [
    ...[`--datadir=${data}`, `--tmpdir=${temporary}`, `--socket=${socket}`, `--pid-file=${data}/pid`],
    ...['--skip-networking', '--skip-name-resolve', '--local-infile=OFF', '--loose-symbolic-links=OFF'],
    ...['--skip-log-bin', '--loose-sync-frm=OFF', '--loose-debug-no-sync', '--event-scheduler=OFF'],
    ...['--innodb-flush-log-at-trx-commit=0', '--innodb-flush-method=nosync', '--innodb-doublewrite=0'],
    ...['--innodb-fast-shutdown=2', '--innodb-buffer-pool-dump-at-shutdown=OFF', '--innodb-stats-auto-recalc=OFF'],
    ...[`--innodb-buffer-pool-size=${pool}`, '--loose-innodb-redo-log-capacity=1G'],
    '--loose-innodb-log-file-size=512M',
    // Keys are added when all rows are there.
    ...['--loose-innodb-sort-buffer-size=16M', '--loose-innodb-ddl-buffer-size=32M'],
    ...[`--max-allowed-packet=${PACKET}`, '--max-connections=100', '--max-heap-table-size=16G'],
    ...[
      `--table-open-cache=${tables}`,
      `--table-definition-cache=${tables}`,
      `--open-files-limit=${2 * tables + 1000}`,
    ],
    ...['--character-set-server=utf8mb4', '--explicit-defaults-for-timestamp=ON'],
    ...makingOptions({ manifest }),
  ];
}
