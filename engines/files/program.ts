import type { EngineProgram } from '../engine';
import { FilesDump } from './dump';
import { FILES_PROOF } from './proof';
import { RepositoryDump } from './restic/dump';
import { Listing } from './restic/listing';
import { FilesRestore } from './restore';

/** Files, archived by GNU tar, or in a repository of restic. */
export const FILES_PROGRAM: EngineProgram = {
  createDump: (context) => {
    if (context.listOnly) return new Listing(context);
    return context.repository ? new RepositoryDump(context) : new FilesDump(context);
  },
  createRestore: (context) => new FilesRestore(context),
  proof: FILES_PROOF,
};
