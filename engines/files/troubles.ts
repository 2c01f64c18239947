import type { FilesJob } from '../../catalog/contract/task';
import { noteOf, type Note } from '../../catalog/contract/note';
import { BackupError, errorCode, errorText } from '../../task/run/errors';
import { unreadableFiles } from './dump-errors';
import type { FilesNote } from './facts';
import { textOf } from './name';
import { matcher } from './selection';
import type { WalkListener } from './walk';

/** What was found out while files were read. */
export class Troubles implements WalkListener {
  /** Paths of files that were gone. */
  readonly vanished = new Set<string>();
  /** What cannot be read, with the words of the system. */
  readonly unreadable = new Map<string, string>();
  /** Changed each time they were read: the backup has what was read last. */
  readonly restless = new Set<string>();
  readonly sockets = new Set<string>();
  /** Directories of other file systems, which are not entered. */
  readonly otherFileSystems = new Set<string>();

  /**
   * Takes in why something could not be read.
   *
   * @throws BackupError if it is one
   */
  missed(path: string, error: unknown): void {
    if (error instanceof BackupError) throw error;
    if (errorCode(error) === 'ENOENT') this.vanished.add(path);
    else this.unreadable.set(path, errorText(error));
  }

  otherFileSystem(path: string): void {
    this.otherFileSystems.add(path);
  }
}

/**
 * Tells what a person must know of a backup.
 *
 * @throws BackupError `files-unreadable` if anything is that the configuration does not allow
 */
export function tell(troubles: Troubles, { allowUnreadable = [] }: FilesJob, note: (note: Note) => void): void {
  const { vanished, unreadable, restless, sockets, otherFileSystems } = troubles;
  const isAllowed = matcher(allowUnreadable);
  const refused = [...unreadable].filter(([path]) => !isAllowed(path));
  if (refused.length > 0) throw unreadableFiles(refused);
  const told = (kind: FilesNote, paths: Iterable<string>): void => {
    const names = [...paths].map(textOf);
    if (names.length > 0) note(noteOf(kind, names));
  };
  told('would-not-hold-still', restless);
  told('vanished', vanished);
  told('unreadable', unreadable.keys());
  told('sockets', sockets);
  told('other-file-systems', otherFileSystems);
}
