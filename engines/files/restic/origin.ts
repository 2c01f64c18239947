import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest, Repository } from '../../../catalog/bucket/manifest';
import type { Note } from '../../../catalog/contract/note';
import { Tool } from '../../../task/io/tool';
import { BackupError } from '../../../task/run/errors';
import type { RestoreContext } from '../../engine';
import type { Chosen } from '../chosen';
import { mtimeText } from '../entry';
import { isRoot, type Powers } from '../extract';
import type { FilesNote } from '../facts';
import { ancestorsOf, below, bytesOf, nameOfText, parentOf, textOf } from '../name';
import type { FilesOrigin } from '../origin';
import { within } from '../place';
import { damagedBackup, filledUp } from '../restore-errors';
import { Selection } from '../selection';
import { removeAll } from '../temporary';
import { walk } from '../walk';
import { Restic, resticVersion } from './restic';

/** More paths than that are not told to restic one by one: it compares each with each entry. */
const MAX_INCLUDED = 2000;

/** How restic is told what to restore. */
interface Selected {
  /** What only root can make. */
  readonly devices: readonly string[];
  /** Whether all of the backup is chosen. */
  readonly isAll: boolean;
  /** The paths that have what is chosen; all when left out. */
  readonly included?: readonly string[];
}

/** A snapshot of restic. */
export class SnapshotOrigin implements FilesOrigin {
  readonly objects = [];
  private readonly repository: Repository;
  private restic: Restic | undefined;
  private selection: Selected | undefined;

  /** @throws BackupError if the repository is not the one of this source */
  constructor(
    private readonly context: Pick<RestoreContext, 'access' | 'scratch' | 'signal' | 'loading' | 'note'>,
    manifest: Manifest,
  ) {
    this.repository = ownRepository(manifest);
  }

  async look(): Promise<string> {
    const { snapshot, tree } = this.repository;
    const version = await resticVersion();
    const restic = await this.open();
    const found = await this.treeOf(restic, snapshot);
    if (found !== tree) throw damagedBackup(snapshot, `its tree is ${found} instead of ${tree}`);
    return version;
  }

  async bytes(chosen: Chosen): Promise<number> {
    const { isAll, included } = await this.select(chosen);
    if (isAll) return chosen.bytes;
    const within = included && new Set(included);
    let bytes = 0;
    for await (const { path, size } of chosen.all())
      if (!within || [path, ...ancestorsOf(path)].some((one) => within.has(one))) bytes += size;
    return bytes;
  }

  async extract(directory: string, powers: Powers, chosen: Chosen): Promise<void> {
    const { scratch } = this.context;
    const { devices, isAll, included } = await this.select(chosen);
    const patterns = join(scratch, 'patterns');
    const [option, paths] = included ? ['--include-file', included] : ['--exclude-file', devices];
    await writeFile(patterns, paths.map((path) => `/${patternOf(path)}\n`).join(''));
    // Not even root may set labels of SELinux where it lacks powers, as in containers: restic would fail over each.
    const labels = ['--exclude-xattr', 'security.selinux'];
    const args = ['restore', '--no-lock', '--verify', '--sparse', ...labels, '--target', directory];
    await this.run([...args, ...(paths.length > 0 ? [option, patterns] : []), this.repository.snapshot], directory);
    if (!isAll) await removeOthers(nameOfText(directory), chosen);
    await restoreTop(directory, powers, chosen);
    const count = devices.filter((path) => chosen.has(path)).length;
    const note: Note<FilesNote> = { kind: 'devices-not-restored', count };
    if (count > 0) this.context.note(note);
  }

  async close(): Promise<void> {
    await this.restic?.close();
  }

  /** Once more if it fails: a maintenance may have moved what the index named when it was read. */
  private async run(args: readonly string[], directory: string, isSecond = false): Promise<void> {
    const { loading, signal } = this.context;
    const restic = await this.open();
    try {
      await restic.run(args, {}, (message) => loading([message.current_files].flat()[0] as string | undefined));
    } catch (error) {
      signal.throwIfAborted();
      const { kind, said = '' } = error instanceof BackupError ? error.reason : {};
      // What restic writes to is the target.
      if (kind === 'scratch-full') throw filledUp(directory, said);
      if (kind !== 'tool-failed' || isSecond) throw error;
      await removeAll(directory);
      await mkdir(directory, { mode: 0o700 });
      await this.run(args, directory, true);
    }
  }

  private async select(chosen: Chosen): Promise<Selected> {
    if (this.selection) return this.selection;
    const devices = isRoot() ? [] : await devicesOf(chosen);
    const isAll = (await chosen.cover()).includes('.');
    const included = isAll ? undefined : await includedPaths(chosen, devices);
    return (this.selection = { devices, isAll, ...(included && { included }) });
  }

  /** By the head of its list: unlike others, this command fails over a snapshot that it cannot read. */
  private async treeOf(restic: Restic, snapshot: string): Promise<string> {
    try {
      for await (const { struct_type: kind, tree } of restic.messages(['ls', '--no-lock', snapshot]))
        if (kind === 'snapshot') return String(tree);
    } catch (error) {
      const { kind, said = '' } = error instanceof BackupError ? error.reason : {};
      if (kind !== 'tool-failed' || !/does not exist/.test(said)) throw error;
    }
    throw snapshotMissing(this.repository);
  }

  private async open(): Promise<Restic> {
    const { access, scratch, signal } = this.context;
    const { bucket, prefix } = this.repository;
    const directory = join(scratch, 'restic');
    return (this.restic ??= await Restic.open({
      ...access,
      bucket,
      prefix,
      directory,
      signal,
      exit: 'downloadFailed',
    }));
  }
}

/**
 * The repository of a backup.
 *
 * @throws BackupError if it is of a newer version, or that of another source
 */
export function ownRepository({ repository, source, backupId }: Manifest): Repository {
  const { format, prefix } = repository!;
  if (format !== 'restic')
    throw new BackupError(
      'configuration',
      `backup ${backupId} is in a repository of ${format}, which this version cannot read: update cdk-proven-backups`,
      { kind: 'version-mismatch', object: format },
    );
  if (prefix !== source) throw damagedBackup(backupId, `its repository is that of ${prefix}`);
  return repository!;
}

const snapshotMissing = ({ snapshot, bucket, prefix }: Repository): BackupError =>
  new BackupError(
    'downloadFailed',
    `the snapshot ${snapshot} is not in the repository ${bucket}/${prefix}: bring back its deleted objects while the bucket still has their versions, or restore another backup`,
    { kind: 'object-missing', object: snapshot },
  );

/** The fewest paths that have all that is chosen, and none of the devices; nothing if only all of the backup does, but for those. */
async function includedPaths(chosen: Chosen, devices: readonly string[]): Promise<readonly string[] | undefined> {
  let paths = await chosen.cover(devices);
  // restic takes patterns that include, or some that exclude.
  if (devices.length > 0 && (paths.length === 0 || paths.length > MAX_INCLUDED)) return undefined;
  while (paths.length > MAX_INCLUDED) paths = [...new Set(paths.map(parentOf))];
  return paths.includes('.') ? undefined : paths;
}

/** All devices of the backup. */
async function devicesOf(chosen: Chosen): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const { path, type } of chosen.all()) if (type.endsWith('-device')) paths.push(path);
  return paths;
}

/** A pattern of restic that matches a path: what it would read as its own becomes any character, what is no text any characters. */
const patternOf = (path: string): string =>
  textOf(path)
    .replace(/[*?[\]\\$#!\s\p{Cc}]/gu, '?')
    .replaceAll('\uFFFD', '*');

/** What patterns match besides, and what leads to nothing that is chosen. */
async function removeOthers(root: string, chosen: Chosen): Promise<void> {
  const failed = (path: string, error?: unknown): never => {
    throw error instanceof Error ? error : new Error(`${path} is another file system`);
  };
  const others: string[] = [];
  const listener = { missed: failed, otherFileSystem: failed };
  for await (const { path } of walk(root, new Selection(undefined), listener)) {
    const isWithin = others.length > 0 && path.startsWith(`${others.at(-1)!}/`);
    if (!isWithin && path !== '.' && !chosen.needs(path)) others.push(path);
  }
  for (const path of others)
    await within(below(root, parentOf(path)), () => rm(bytesOf(below(root, path)), { recursive: true, force: true }));
}

/** restic keeps nothing of the directory itself; the list of contents does. */
async function restoreTop(directory: string, { owners }: Powers, chosen: Chosen): Promise<void> {
  for await (const { path, uid, gid, mode, mtime } of chosen.entries()) {
    if (path !== '.') return;
    if (owners) await chown(directory, uid, gid);
    await chmod(directory, mode);
    const touched = new Tool({
      command: 'touch',
      args: [`--date=@${mtimeText(mtime)}`, directory],
      failure: { exit: 'restoreFailed', kind: 'client-failed' },
    });
    touched.stdout.resume();
    await touched.succeeded();
    return;
  }
}
