import { join } from 'node:path';
import { BackupError, errorText } from '../../task/run/errors';
import type { EngineProof, ScratchCheck, ScratchContext, ScratchServer, ScratchTarget } from '../engine';
import { CONTENTS_KIND } from '../../catalog/bucket/contents';
import { isRoot } from './extract';
import { nameOfText } from './name';
import { checkRepository } from './restic/check';
import { resticVersion } from './restic/restic';
import { ContentsSections } from './restic/sections';
import { FilesSections, NO_SECTIONS } from './sections';
import { Selection } from './selection';
import { tarVersion } from './tar-version';
import { removeAll } from './temporary';
import { walk } from './walk';

/** Restore tests of files, whose server is an empty directory. */
export const FILES_PROOF: EngineProof = {
  createScratchServer: (context) => new ScratchDirectory(context),
  sections:
    ({ repository }) =>
    ({ kind }) => {
      if (repository && kind === CONTENTS_KIND) return new ContentsSections(isRoot());
      return !repository && kind === 'files' ? new FilesSections(isRoot()) : NO_SECTIONS;
    },
};

class ScratchDirectory implements ScratchServer {
  private readonly directory: string;

  constructor(private readonly context: ScratchContext) {
    this.directory = join(context.directory, 'files');
  }

  /** Nobody writes to it: databases are read as any file, so that both dumps have the same bytes. */
  async start(): Promise<ScratchTarget> {
    const serverVersion = await (this.context.manifest.repository ? resticVersion() : tarVersion());
    return { serverVersion, file: this.directory, files: { sqlite: [] } };
  }

  /** The restore itself has compared each file with the list of contents; restic checks its repository. */
  async check(): Promise<ScratchCheck> {
    const objects = ['owners', 'devices', 'attributes of the system'];
    const left = isRoot() ? [] : [{ why: 'needs-root', objects }];
    if (!this.context.manifest.repository) return { differences: [], compared: 0, left };
    return { ...(await checkRepository(this.context)), left };
  }

  /** The number of files that a glob matches. */
  async ask(glob: string): Promise<string> {
    let files = 0;
    const failed = (path: string, error?: unknown): never => {
      throw new BackupError('notProven', `could not count the files of ${glob}: ${path}: ${errorText(error)}`, {
        ...{ kind: 'not-proven', object: path },
      });
    };
    const listener = { missed: failed, otherFileSystem: failed };
    for await (const { stat } of walk(nameOfText(this.directory), new Selection([glob]), listener))
      if (!stat.isDirectory()) files++;
    return String(files);
  }

  async close(): Promise<void> {
    await removeAll(this.directory);
  }
}
