import type { EngineFacts } from '../engine-facts';
import { SQLITE_NOTES, SQLITE_REASONS } from '../sqlite/facts';

/** Reasons of failures that files have besides the common ones, and those of the SQLite databases among them. */
export const FILES_REASONS = [
  /** The directory does not exist, is none, or may not be listed. */
  'directory-unreadable',
  /** Files that may not be read. */
  'files-unreadable',
  /** Nothing is there, or the patterns choose nothing. */
  'nothing-found',
  /** A directory became another one, or something else, while it was read. */
  'replaced',
  /** Databases of SQLite among files that restic is to read, which cannot copy them. */
  'databases-among-files',
  /** The run has no key for its repository. */
  'repository-key-missing',
  /** The key does not open the repository. */
  'repository-key-wrong',
  /** The repository is gone, or a part of it without which it is none. */
  'repository-missing',
  /** Somebody else has it: maintenance, or a run that was killed. */
  'repository-locked',
  ...SQLITE_REASONS,
] as const;
export type FilesReason = (typeof FILES_REASONS)[number];

/** Notes on backups of files, and on the SQLite databases among them. */
export const FILES_NOTES = [
  /** Files that changed each time they were read. */
  'would-not-hold-still',
  /** Files that were gone before they could be read. */
  'vanished',
  /** Files that may not be read, as the configuration allows. */
  'unreadable',
  /** Sockets, which no archive holds. */
  'sockets',
  /** Directories of other file systems, which are not entered. */
  'other-file-systems',
  /** Restored: owners that only root can give back. */
  'owners-not-restored',
  /** Restored: devices that only root can make. */
  'devices-not-restored',
  /** Restored: what tar complained of, without a failure: attributes that the file system does not take. */
  'attributes-not-restored',
  ...SQLITE_NOTES,
] as const;
export type FilesNote = (typeof FILES_NOTES)[number];

/** Facts of files. GNU tar is in each image of Debian. */
export const FILES_FACTS: EngineFacts<FilesReason, FilesNote> = {
  title: 'Files',
  versions: [],
  image: () => 'debian:bookworm-slim',
  reasons: FILES_REASONS,
  notes: FILES_NOTES,
  restoreTools: ['tar'],
  hasPaths: true,
  words: { whole: 'directory', table: 'folder', row: 'file' },
  // A small file takes a block of the file system, and one of its inodes.
  proof: {
    ...{ diskPerByte: 1, diskPerRow: 4096 + 512, diskBytes: 16 * 1024 * 1024, tools: ['tar'] },
    // Both dumps are compared path by path: 0.85 KiB of heap for each of 45 characters.
    ...{ memoryMiB: 512, memoryPerRow: 2048 },
  },
};
