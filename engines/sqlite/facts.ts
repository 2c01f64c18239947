import type { EngineFacts } from '../engine-facts';

/** Reasons of failures that SQLite has besides the common ones. */
export const SQLITE_REASONS = [
  /** The file does not exist, or may not be read. */
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
export type SqliteReason = (typeof SQLITE_REASONS)[number];

/** Notes on backups of SQLite. */
export const SQLITE_NOTES = [] as const;
export type SqliteNote = (typeof SQLITE_NOTES)[number];

/** Facts of SQLite, which is part of Node.js: its image holds nothing of it. */
export const SQLITE_FACTS: EngineFacts<SqliteReason, SqliteNote> = {
  title: 'SQLite',
  versions: [],
  image: () => 'debian:bookworm-slim',
  reasons: SQLITE_REASONS,
  notes: SQLITE_NOTES,
};
