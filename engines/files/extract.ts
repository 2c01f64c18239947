import { chown, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tool } from '../../task/io/tool';
import { BackupError } from '../../task/run/errors';
import { Devices } from './devices';
import type { Entry } from './entry';
import { ancestorsOf } from './name';
import { filledUp } from './restore-errors';
import { END_OF_ARCHIVE, TarError } from './tar-header';
import { TarReader } from './tar-reader';
import { ToolInput } from './tool-input';

/** What this user can give files back in a directory. */
export interface Powers {
  /** Owners, other than this user. */
  readonly owners: boolean;
  /** Devices, and attributes that are not the user's own. */
  readonly root: boolean;
}

/** Whether this user is root. */
export const isRoot = (): boolean => process.geteuid?.() === 0;

/** Some user that owns nothing here. */
const NOBODY = 65_534;

/** Finds out what this user can: the owner of a network's file system decides on owners, whoever runs this. */
export async function powersIn(directory: string): Promise<Powers> {
  const probe = join(directory, '.owner');
  await writeFile(probe, '');
  const owners = await chown(probe, NOBODY, NOBODY).then(
    () => true,
    () => false,
  );
  await rm(probe);
  return { owners, root: isRoot() };
}

/** What is extracted, and where. */
export interface Extraction {
  /** An archive that this engine has made. */
  readonly archive: AsyncIterable<Buffer>;
  readonly wants: (path: string) => boolean;
  /** An empty directory, which nobody else uses. */
  readonly directory: string;
  readonly powers: Powers;
  readonly begins: (entry: Entry) => void;
  /** A device cannot be made. */
  readonly skipsDevice: () => void;
  /** Hears of a tar before it begins: whoever stops the restore must end it. */
  readonly started: (tar: Tool) => void;
}

/**
 * Extracts an archive by tar. What would not stay below the directory never reaches it.
 *
 * @returns what tar complained of, without a failure
 * @throws BackupError `restoreFailed`; TarError
 */
export async function extract(extraction: Extraction): Promise<readonly string[]> {
  const { directory, powers, wants, begins, skipsDevice } = extraction;
  const complaints: string[] = [];
  const tar = new Tool({
    command: 'tar',
    args: argumentsOf(directory, powers),
    takesInput: true,
    talk: (line) => complaints.push(line) > 0,
  });
  extraction.started(tar);
  const input = new ToolInput(tar);
  tar.stdout.resume();
  let blocks: Buffer[] = [];
  let isWanted = false;
  const symlinks = new Set<string>();
  const devices = new Devices();
  const reader = new TarReader({
    begin: (entry, head) => {
      const isDevice = devices.has(entry);
      isWanted = wants(entry.path);
      if (isWanted && isDevice && !powers.root) {
        skipsDevice();
        isWanted = false;
      }
      if (!isWanted) return;
      for (const parent of ancestorsOf(entry.path))
        if (symlinks.has(parent))
          throw new TarError(`an entry has the path ${JSON.stringify(entry.path)}, through a link`);
      if (entry.type === 'symlink') symlinks.add(entry.path);
      else symlinks.delete(entry.path);
      begins(entry);
      blocks.push(head);
    },
    data: (bytes) => {
      if (isWanted) blocks.push(bytes);
    },
  });
  try {
    for await (const chunk of extraction.archive) {
      // A tar that has ended says why.
      if (input.isClosed) break;
      reader.see(chunk);
      await input.write(Buffer.concat(blocks));
      blocks = [];
    }
    if (!input.isClosed) reader.end();
    await input.write(END_OF_ARCHIVE);
    input.end();
    await ended(tar, complaints, directory);
    return complaints;
  } finally {
    await tar.stop();
  }
}

/** Owners by their numbers: the names of this system are not those of the one that was backed up. */
const argumentsOf = (directory: string, { owners, root }: Powers): string[] => [
  ...['--extract', '--file=-', `--directory=${directory}`, '--preserve-permissions', '--delay-directory-restore'],
  ...['--numeric-owner', '--warning=no-timestamp', owners ? '--same-owner' : '--no-same-owner'],
  ...['--acls', '--xattrs', root ? '--xattrs-include=*' : '--xattrs-include=user.*'],
];

/** Less than that is none. */
const FULL_BYTES = 1024 * 1024;

async function ended(tar: Tool, complaints: readonly string[], directory: string): Promise<void> {
  const code = await tar.exited;
  if (code === 0) return tar.succeeded();
  await tar.succeeded().catch(() => undefined);
  const said = complaints.slice(0, 20).join(' | ');
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < FULL_BYTES) throw filledUp(directory, said);
  throw new BackupError(
    'restoreFailed',
    `tar could not restore all files: ${said}: repair that, and run the same command again`,
    {
      ...{ kind: 'client-failed', object: 'tar', said },
    },
  );
}
