import type { EngineFacts } from '../engine-facts';

/** Reasons of failures that SQLite has besides the common ones. */
export const SQLITE_REASONS = [
  /** The file does not exist, or may not be read. */
  'file-unreadable',
  /** The file is empty, or no SQLite database. */
  'not-a-database',
  /** The bytes of the file are random: only the application can read it. */
  'encrypted',
  /** WAL mode on a network file system. */
  'wal-on-network',
  /** WAL mode in a folder where SQLite cannot keep the files that this mode needs. */
  'folder-not-writable',
  /** An application died within a transaction that has to be rolled back. */
  'hot-journal',
  /** Another process holds an exclusive lock. */
  'locked',
  /** The scratch volume has no room for the snapshot. */
  'scratch-full',
  /** `integrity_check` found damage. */
  'damaged',
] as const;
export type SqliteReason = (typeof SQLITE_REASONS)[number];

/** Notes on backups of SQLite. */
export const SQLITE_NOTES = [
  /** Tables that need what only the application has: its collations, functions, tokenizers, modules. */
  'not-checked',
  /** Indexes in another order than SQLite's, as an application decides that replaces a collation or a function of SQLite. */
  'index-differs',
  /** Rows that the schema forbids: foreign keys that point nowhere, NULL where none may be, failed checks. */
  'constraint-violations',
  /** Commits in the write-ahead log behind damage, which SQLite ignores. */
  'lost-commits',
] as const;
export type SqliteNote = (typeof SQLITE_NOTES)[number];

/** Facts of SQLite, which is part of Node.js: its image holds nothing of it. */
export const SQLITE_FACTS: EngineFacts<SqliteReason, SqliteNote> = {
  title: 'SQLite',
  versions: [],
  image: () => 'debian:bookworm-slim',
  reasons: SQLITE_REASONS,
  notes: SQLITE_NOTES,
  // The restored file, and the snapshot of it.
  proof: { diskPerByte: 2, diskBytes: 16 * 1024 * 1024, memoryMiB: 512, tools: [] },
};
