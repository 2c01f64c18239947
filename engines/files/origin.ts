import type { DataObject } from '../../catalog/bucket/manifest';
import type { Chosen } from './chosen';
import type { Powers } from './extract';

/** Where the files of a backup come from. */
export interface FilesOrigin {
  /** Objects of the backup that it reads. */
  readonly objects: readonly DataObject[];
  /**
   * Looks whether the tool is there, and the files.
   *
   * @returns the version of the tool
   * @throws BackupError
   */
  look(): Promise<string>;
  /** Bytes of files that {@link extract} writes: of all that is chosen, and of what comes with it and is removed again. */
  bytes(chosen: Chosen): Promise<number>;
  /**
   * Brings back all that is chosen.
   *
   * @param directory an empty one, which nobody else uses
   * @throws BackupError
   */
  extract(directory: string, powers: Powers, chosen: Chosen): Promise<void>;
  /** Ends what runs. Safe at any moment. */
  close(): Promise<void>;
}
