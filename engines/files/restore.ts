import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, rename, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CONTENTS_KIND, ContentsError } from '../../catalog/bucket/contents';
import type { DataObject } from '../../catalog/bucket/manifest';
import { objectsOf, type Note } from '../../catalog/contract/note';
import type { RestoreDifference, TargetState } from '../../catalog/contract/restore';
import { DATA_DIRECTORY } from '../../catalog/contract/task';
import { formatBytes } from '../../catalog/units';
import { differencesText } from '../../task/restore/words';
import { BackupError, errorCode, errorText, RestoreDiffersError } from '../../task/run/errors';
import type { EngineRestore, RestoreCheck, RestoreContext, RestoreLook } from '../engine';
import { ArchiveOrigin } from './archive-origin';
import { Chosen } from './chosen';
import { compare } from './compare';
import { powersIn, type Powers } from './extract';
import type { FilesNote } from './facts';
import { nameOfText, textOf } from './name';
import type { FilesOrigin } from './origin';
import { merge, requireFitting } from './place';
import { attributesNote, damagedBackup, notPlaced, notWritable, targetFull, validName } from './restore-errors';
import { SnapshotOrigin } from './restic/origin';
import { TarError } from './tar-header';
import { flush, removeAbandoned, removeAll } from './temporary';
import { RESTORING } from './walk';

const SHOWN = 5;
/** What a file takes beside its bytes. */
const FILE_BYTES = 4096;

/** Restores files: all of them are extracted and compared beside the target before the first gets its place. */
export class FilesRestore implements EngineRestore {
  private readonly target: string;
  /** What people call it. */
  private readonly name: string;
  private readonly origin: FilesOrigin;
  private readonly contents: DataObject;
  private temporary: string | undefined;
  private chosen: Chosen | undefined;
  private isThere = false;
  private placed: 'no' | 'partly' | 'yes' = 'no';

  constructor(private readonly context: RestoreContext) {
    const { job, request, manifest } = context;
    if (job.file === undefined) throw new Error(`job of engine ${job.engine} without a directory`);
    this.target = request.as === undefined ? job.file : join(placeBeside(job.file), validName(request.as));
    // All of what is mounted has a name of the container's only.
    this.name = this.target === DATA_DIRECTORY ? manifest.source : basename(this.target);
    const objectOf = (kind: string): DataObject => {
      const object = manifest.objects.find((one) => one.kind === kind);
      if (object) return object;
      throw damagedBackup(manifest.backupId, `it has no object of the kind ${kind}`);
    };
    this.contents = objectOf(CONTENTS_KIND);
    this.origin = manifest.repository
      ? new SnapshotOrigin(context, manifest)
      : new ArchiveOrigin(context, objectOf('files'));
    if (request.tables)
      throw new BackupError('configuration', 'files have no tables: choose some by --paths', {
        ...{ kind: 'table-unknown', object: request.tables.join(', ') },
      });
  }

  async look(): Promise<RestoreLook> {
    const { manifest, request, note, objects } = this.context;
    const targetVersion = await this.origin.look();
    const found = await this.lookAtTarget();
    for (const one of manifest.notes ?? []) note(one);
    const contents = await objects.spool(this.contents);
    const chosen = await this.readable(Chosen.read(contents, request.paths));
    this.chosen = chosen;
    const directory = await this.place();
    const { bavail, bsize } = await statfs(directory);
    const needed = (await this.origin.bytes(chosen)) + chosen.files * FILE_BYTES;
    if (bavail * bsize < needed) throw targetFull(directory, formatBytes(needed), formatBytes(bavail * bsize));
    const holds = found.slice(0, SHOWN).map(textOf);
    return {
      targetVersion,
      targets: [
        {
          ...{ database: manifest.source, name: this.name },
          ...{
            state: holds.length > 0 ? 'exists' : this.isThere ? 'empty' : 'new',
            ...(holds.length > 0 && { holds }),
          },
          ...{ tables: chosen.folders.size, rows: chosen.files },
        },
      ],
      objects: [...this.origin.objects, this.contents],
      ...(manifest.repository && { repositoryBytes: chosen.bytes }),
      atomic: holds.length === 0,
    };
  }

  async load(): Promise<void> {
    const directory = await this.place();
    await removeAbandoned(directory);
    this.temporary = join(directory, `${RESTORING}${randomBytes(6).toString('hex')}`);
    const { temporary } = this;
    await mkdir(temporary, { mode: 0o700 }).catch((error: Error) => {
      throw notWritable(directory, error);
    });
    const powers = await powersIn(temporary);
    const note: Note<FilesNote> = { kind: 'owners-not-restored' };
    if (!powers.owners) this.context.note(note);
    await this.readable(this.origin.extract(temporary, powers, this.chosen!));
    await this.compare(temporary, powers);
    await this.chosen!.removeExtra(nameOfText(temporary));
    await flush(temporary);
    this.context.signal.throwIfAborted();
    await this.give(temporary, powers);
  }

  /** All of it was compared before it got its place. */
  check(): Promise<RestoreCheck> {
    const { folders, files } = this.chosen!;
    return Promise.resolve({ differences: [], tables: folders.size, rows: files, uncompared: [] });
  }

  state(): TargetState {
    return { no: 'unchanged', partly: 'partial', yes: 'complete-but-unchecked' }[this.placed] as TargetState;
  }

  async close(): Promise<void> {
    await this.origin.close();
    if (this.temporary !== undefined) await removeAll(this.temporary);
  }

  /** @returns the names in the target, or the first of them */
  private async lookAtTarget(): Promise<readonly string[]> {
    const { target } = this;
    const there = await stat(target).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw notWritable(target, error as Error);
    });
    if (!there) return [];
    if (!there.isDirectory())
      throw new BackupError('targetRefused', `${target} is no directory: give the path of a directory, new or empty`, {
        ...{ kind: 'target-exists', object: target },
      });
    this.isThere = true;
    const names = await readdir(target, 'latin1').catch((error: Error) => {
      throw notWritable(target, error);
    });
    return names.filter((name) => !name.startsWith(RESTORING)).sort();
  }

  /** A directory of the target's file system for what is not finished: beside the target, or within one that is mounted. */
  private async place(): Promise<string> {
    const { target } = this;
    const parent = placeBeside(target);
    const refused = await access(parent, constants.W_OK).catch((error: Error) => error);
    if (this.isThere && (refused || (await stat(target)).dev !== (await stat(parent)).dev)) return target;
    if (refused) throw notWritable(parent, refused);
    return parent;
  }

  /** @throws RestoreDiffersError if what was extracted is not as the list of contents says */
  private async compare(temporary: string, powers: Powers): Promise<void> {
    const { signal } = this.context;
    const differences: readonly RestoreDifference[] = await compare(
      nameOfText(temporary),
      this.chosen!.entries(),
      powers,
      signal,
    );
    if (differences.length === 0) return;
    throw new RestoreDiffersError(
      `the restored files are not as in the backup: ${differencesText(differences)}: they were removed; restore another backup`,
      differences,
    );
  }

  private async give(temporary: string, { owners }: Powers): Promise<void> {
    const { target } = this;
    const names = await this.lookAtTarget();
    const mayReplace = this.context.request.overwrite?.includes(this.name) === true;
    if (names.length > 0 && !mayReplace)
      throw new BackupError(
        'targetRefused',
        `${target} was filled while the backup was read: it has ${objectsOf({ objects: names.map(textOf) })}: look at it, then restore beside it with --as, or into it with --overwrite`,
        { kind: 'target-exists', object: target },
      );
    if (names.length === 0 && dirname(temporary) === dirname(target)) {
      await rename(temporary, target);
    } else {
      const [from, to] = [nameOfText(temporary), nameOfText(target)];
      await requireFitting(from, to);
      this.placed = 'partly';
      const kept: string[] = [];
      await merge(from, to, { owners, kept: (said) => kept.push(said) }).catch((error: unknown) => {
        throw notPlaced(target, errorText(error));
      });
      if (kept.length > 0) this.context.note(attributesNote(kept));
    }
    this.placed = 'yes';
  }

  /** What is wrong with the form of the archive is wrong with the backup. */
  private async readable<T>(reading: Promise<T>): Promise<T> {
    return reading.catch((error: unknown) => {
      if (error instanceof ContentsError)
        throw new BackupError('configuration', error.message, { kind: 'version-mismatch', object: this.contents.key });
      if (error instanceof TarError)
        throw damagedBackup((this.origin.objects[0] ?? this.contents).key, errorText(error));
      throw error;
    });
  }
}

/** Beside a directory; within one that is all of an access point, which has no beside. */
const placeBeside = (directory: string): string => (directory === DATA_DIRECTORY ? directory : dirname(directory));
