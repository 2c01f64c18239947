/** Reasons of failures that SQLite has beside the common ones. */
export const SQLITE_REASONS = [
  /** The file is not there, or may not be read. */
  'file-unreadable',
  /** The file is empty, or no SQLite database. */
  'not-a-database',
  /** WAL mode on a network file system. */
  'wal-on-network',
  /** Another process holds an exclusive lock. */
  'locked',
  /** The scratch volume has no room for the snapshot. */
  'scratch-full',
  /** `integrity_check` found damage. */
  'damaged',
] as const;
