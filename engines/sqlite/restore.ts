import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  createWriteStream,
  existsSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  rmSync,
  statSync,
  type Stats,
} from 'node:fs';
import { access, chmod, chown, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { rowsOf, type DataObject, type TableCount } from '../../catalog/bucket/manifest';
import type { RestoreDifference, TargetState } from '../../catalog/contract/restore';
import { noteOf } from '../../catalog/contract/note';
import { formatBytes } from '../../catalog/units';
import { chosenDatabases, chosenTables } from '../../task/restore/selection';
import { differencesText } from '../../task/restore/words';
import { BackupError, RestoreDiffersError } from '../../task/run/errors';
import type { EngineRestore, RestoreCheck, RestoreContext, RestoreLook } from '../engine';
import { contentOf } from './content';
import type { Checked } from './check';
import { Helper } from './helper';
import type { PlaceResult, Placement, Preparation, PrepareResult } from './place';
import { full, notWritable, placeError, validName, writeError, type Place } from './restore-errors';

/** A file of a restore that was killed is removed by a later one. */
const ABANDONED_MS = 24 * 3600 * 1000;
const WAL_MODE = 2;
const CLIENT_FAILED = { exit: 'restoreFailed', kind: 'client-failed' } as const;

/** Restores a database file: a new one is written beside the target, checked, and gets the target's name in one step. */
export class SqliteRestore implements EngineRestore {
  private readonly target: string;
  private readonly file: string;
  private readonly object: DataObject;
  private readonly tables: readonly TableCount[];
  private placed: 'no' | 'perhaps' | 'yes' = 'no';
  private inode: number | undefined;
  private isReplaced = false;
  private helper: Helper | undefined;

  constructor(private readonly context: RestoreContext) {
    const { job, request, manifest } = context;
    if (job.file === undefined) throw new Error('job of engine sqlite without a file');
    // A link stays what it is, and its file is replaced.
    const original = existsSync(job.file) ? realpathSync(job.file) : job.file;
    this.target = request.as === undefined ? original : join(dirname(original), validName(request.as));
    this.file = join(dirname(this.target), `${this.prefix}${randomBytes(6).toString('hex')}`);
    chosenDatabases(manifest, request);
    this.tables = chosenTables(manifest, request) ?? manifest.tables;
    const object = manifest.objects.find(({ format }) => format === 'sqlite');
    if (!object)
      throw new BackupError(
        'downloadFailed',
        `backup ${manifest.backupId} has no database file of SQLite: restore another backup`,
        { kind: 'manifest-damaged', object: manifest.backupId },
      );
    this.object = object;
  }

  private get place(): Place {
    return { target: this.target, object: this.object };
  }

  private get prefix(): string {
    return `.${basename(this.target)}.restoring-`;
  }

  async look(): Promise<RestoreLook> {
    const { manifest, request, note } = this.context;
    const directory = dirname(this.target);
    await access(directory, constants.W_OK).catch((error: Error) => {
      throw notWritable(this.place, 'targetRefused', error);
    });
    if (statOf(this.target)?.isFile() === false)
      throw new BackupError('targetRefused', `${this.target} is no file: give the path of the database file`, {
        kind: 'target-exists',
        object: this.target,
      });
    const { bavail, bsize } = await statfs(directory);
    // Of single tables nobody knows the size.
    if (!request.tables && bavail * bsize < this.object.uncompressedBytes)
      throw full(this.place, 'targetRefused', formatBytes(bavail * bsize));
    for (const one of manifest.notes ?? []) note(one);
    const holds = contentOf(this.target);
    this.isReplaced = holds.length > 0;
    const state = this.isReplaced ? 'exists' : existsSync(this.target) ? 'empty' : 'new';
    return {
      targetVersion: process.versions.sqlite ?? '',
      targets: [
        {
          ...{ database: this.object.databases[0] ?? '', name: basename(this.target), state },
          ...(state === 'exists' ? { holds: [...holds] } : {}),
          ...{ tables: this.tables.length, rows: rowsOf({ tables: this.tables }) },
        },
      ],
      objects: [this.object],
      atomic: true,
    };
  }

  async load(): Promise<void> {
    this.removeAbandoned();
    const checked = await this.prepare();
    this.compare(checked);
    await this.keepOwner();
    this.inode = statOf(this.file)?.ino;
    this.placed = 'perhaps';
    const placement: Placement = { file: this.file, target: this.target, overwrite: this.isReplaced };
    const result = await this.ask<PlaceResult>('place', placement);
    if ('failure' in result) throw placeError(this.place, result.failure);
    this.placed = 'yes';
  }

  /** All of it was done before the new database got its name. */
  check(): Promise<RestoreCheck> {
    const uncompared = this.tables.filter(({ rows }) => rows === undefined).map(({ name }) => name);
    const rows = rowsOf({ tables: this.tables });
    return Promise.resolve({ differences: [], tables: this.tables.length, rows, uncompared });
  }

  state(): TargetState {
    return { no: 'unchanged', perhaps: 'unknown', yes: 'complete-but-unchecked' }[this.placed] as TargetState;
  }

  async close(): Promise<void> {
    await this.helper?.stop();
    // The name is given in one step: either the target is the new file, or it is what it was.
    if (this.placed === 'perhaps') this.placed = statOf(this.target)?.ino === this.inode ? 'yes' : 'no';
    removeFiles(this.file);
  }

  /** Writes the new database and checks it. */
  private async prepare(): Promise<Checked> {
    const { objects, request, signal } = this.context;
    const preparation = { file: this.file, wal: isWal(this.target) };
    let result: PrepareResult;
    if (request.tables) {
      const from = await objects.spool(this.object);
      const cut = { from, tables: this.tables.map(({ name }) => name) };
      result = await this.ask<PrepareResult>('prepare', { ...preparation, cut } satisfies Preparation);
    } else {
      await pipeline(objects.open(this.object), createWriteStream(this.file, { flags: 'wx', mode: 0o600 }), {
        signal,
      }).catch((error: unknown) => {
        signal.throwIfAborted();
        throw writeError(this.place, error);
      });
      result = await this.ask<PrepareResult>('prepare', preparation satisfies Preparation);
    }
    if ('failure' in result) throw placeError(this.place, result.failure);
    return result.report;
  }

  private async ask<T>(step: string, argument: Preparation | Placement): Promise<T> {
    const { signal } = this.context;
    signal.throwIfAborted();
    this.helper = new Helper([step, JSON.stringify(argument)], CLIENT_FAILED);
    const result = await this.helper.result<T>().catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
    signal.throwIfAborted();
    return result;
  }

  /** @throws BackupError if the new database is not as the manifest says */
  private compare({ tables, notes }: Checked): void {
    const { manifest, note } = this.context;
    const differences = this.tables.flatMap(({ name, rows }): RestoreDifference[] => {
      const found = tables.find((table) => table.name === name);
      if (!found) return [{ object: name, kind: 'missing' }];
      return rows === undefined || rows === found.rows
        ? []
        : [{ object: name, kind: 'rows', expected: rows, found: found.rows }];
    });
    if (differences.length > 0)
      throw new RestoreDiffersError(
        `the restored database is not as the backup: ${differencesText(differences)}: it was removed; restore another backup`,
        differences,
      );
    if (this.context.request.tables) return;
    const [database] = this.object.databases;
    const known = new Set((manifest.notes ?? []).map(({ kind }) => kind));
    for (const { kind, objects, said } of notes)
      if (!known.has(kind)) note({ ...noteOf(kind, objects, database), ...(said === undefined ? {} : { said }) });
  }

  /** The application must be able to use the new file as it used the old one. */
  private async keepOwner(): Promise<void> {
    const { job } = this.context;
    const model = statOf(this.target) ?? statOf(job.file!);
    const { uid, gid } = model ?? statSync(dirname(this.target));
    const own = statSync(this.file);
    if (own.uid !== uid || own.gid !== gid)
      await chown(this.file, uid, gid).catch((error: Error) => {
        throw new BackupError(
          'targetRefused',
          `could not give the new file to the owner of ${this.target}, ${uid}:${gid}: ${error.message}: restore as that user, or as root`,
          { kind: 'target-lacks', object: this.target, said: error.message },
        );
      });
    await chmod(this.file, model ? model.mode & 0o777 : 0o600);
  }

  private removeAbandoned(): void {
    const directory = dirname(this.target);
    for (const name of readdirSync(directory).filter((one) => one.startsWith(this.prefix))) {
      const path = join(directory, name);
      if (Date.now() - (statOf(path)?.mtimeMs ?? Infinity) > ABANDONED_MS) removeFiles(path);
    }
  }
}

const statOf = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });

function removeFiles(path: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
}

/** Whether a database is in WAL mode. https://www.sqlite.org/fileformat.html#file_format_version_numbers */
function isWal(file: string): boolean {
  if (!existsSync(file)) return false;
  const version = Buffer.alloc(1);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, version, 0, 1, 18);
  closeSync(descriptor);
  return version[0] === WAL_MODE;
}
