import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { FilesJob, RepositoryJob } from '../../../catalog/contract/task';
import { uploadError } from '../../../task/io/s3';
import type { DumpFacts, DumpStream, EngineContext, EngineDump, RepositoryAccess } from '../../engine';
import { ContentsSpool } from '../contents';
import { requireReadable } from '../dump-errors';
import { nameOfText, textOf } from '../name';
import { CONTENTS, streamOf } from '../stream';
import { tell } from '../troubles';
import { RESTORING } from '../walk';
import { RESTIC_EXITS, resticError } from './errors';
import { incomplete, SnapshotList } from './list';
import { Restic, resticVersion, type ResticEnd } from './restic';
import { Scan } from './scan';
import { tagsOf } from './tags';
import { RETRY_LOCK, unlocked } from './unlocked';

/** How often restic reads what changes. */
const ATTEMPTS = 3;
const PAUSE_MS = 1000;

/** Dump of a directory into a repository of restic: a snapshot, and the list of what is in it. */
export class RepositoryDump implements EngineDump {
  /** As bytes. */
  private readonly root: string;
  private readonly directory: string;
  private readonly job: FilesJob;
  private readonly place: RepositoryJob;
  private readonly access: RepositoryAccess;
  private restic: Restic | undefined;
  private contents: ContentsSpool | undefined;
  private list: SnapshotList | undefined;
  private version = '';
  private addedBytes = 0;
  private current: string | undefined;
  private bytes: Readable | undefined;

  constructor(private readonly context: EngineContext) {
    const { file, files = {}, repository } = context.run.job;
    if (file === undefined || !repository || !context.repository) throw new Error('job without a repository');
    this.directory = file;
    this.root = nameOfText(file);
    [this.job, this.place, this.access] = [files, repository, context.repository.access];
  }

  async preflight(): Promise<void> {
    const { signal, scratch } = this.context;
    this.version = await resticVersion();
    await requireReadable(this.directory);
    const { bucket } = this.place;
    const place = { ...this.access, bucket, prefix: this.source, directory: join(scratch, 'restic'), signal };
    this.restic = await Restic.open({ ...place, exit: 'dumpFailed' });
    // Removes locks of runs that were killed only: whoever lives renews his own.
    const { code } = await this.restic.run(['unlock'], { accepts: [0, RESTIC_EXITS.noRepository] });
    if (code === 0) return;
    await this.requireEmpty();
    await this.restic.run(['init']);
    this.context.log.info(
      'repository-made',
      `made the repository ${bucket}/${this.source}: keep a copy of its key, without which nobody reads it`,
    );
  }

  async *streams(): AsyncIterable<DumpStream> {
    const content = { ...CONTENTS, source: this.source, blocks: this.lines() };
    yield await Promise.resolve(
      streamOf(content, {
        table: () => this.current,
        begins: (bytes) => (this.bytes = bytes),
        stop: () => this.close(),
      }),
    );
  }

  facts(): Promise<DumpFacts> {
    const { bucket, secret } = this.place;
    const { head, listed } = this.list!;
    return Promise.resolve({
      ...{ serverVersion: this.version, toolVersion: this.version },
      consistency: { snapshot: 'per-file', rowCounts: 'archive' },
      tables: this.contents!.tables(this.source),
      repository: {
        ...{ format: 'restic', bucket, prefix: this.source, snapshot: head!.id, tree: head!.tree },
        ...{ ...listed, addedBytes: this.addedBytes, ...(secret !== undefined && { secret }) },
      },
    });
  }

  async close(): Promise<void> {
    this.bytes?.destroy();
    await Promise.all([this.restic?.close(), this.contents?.close()]);
  }

  private get source(): string {
    return this.context.run.job.source;
  }

  /** The list of contents, once the snapshot is complete. */
  private async *lines(): AsyncGenerator<Buffer> {
    const { scratch, signal, note } = this.context;
    const scan = new Scan(this.root, this.job, this.context);
    const targets = join(scratch, 'targets');
    await scan.run(targets);
    for (let attempt = 1; ; attempt++) {
      const contents = (this.contents = new ContentsSpool(join(scratch, `contents-${attempt}.jsonl`)));
      const list = (this.list = new SnapshotList({ root: this.root, job: this.job, scan }, contents));
      await this.backUp(targets, list);
      if (list.again.size === 0 || attempt === ATTEMPTS) break;
      await contents.close();
      await sleep(PAUSE_MS, undefined, { signal });
    }
    const { troubles, again, passedOver } = this.list;
    const [left] = passedOver;
    if (left !== undefined) throw incomplete(textOf(left));
    for (const path of again) troubles.restless.add(path);
    tell(troubles, this.job, note);
    yield* this.contents.bytes();
  }

  /** One snapshot, compared with what was found. */
  private async backUp(targets: string, list: SnapshotList): Promise<void> {
    let summary: Readonly<Record<string, unknown>> = {};
    const end = await unlocked(this.restic!, this.context.log, () =>
      this.restic!.run(
        [
          ...['backup', '--host', this.source, '--one-file-system'],
          ...tagsOf(this.context.run.job.bucket, this.context.repository!.backupId).flatMap((tag) => ['--tag', tag]),
          // The snapshot before has the same paths only where all is backed up.
          ...['--group-by', 'host', '--no-scan', '--exclude', `${RESTORING}*`, ...RETRY_LOCK],
          ...['--files-from-raw', targets],
        ],
        { directory: this.directory, accepts: [0, RESTIC_EXITS.incomplete] },
        (message) => {
          if (message.message_type === 'summary') summary = message;
          else [this.current] = (message.current_files as string[] | undefined) ?? [];
        },
      ),
    );
    this.current = undefined;
    this.addedBytes += Number(summary.data_added_packed);
    await list.read(this.restic!, String(summary.snapshot_id));
    this.requireExplained(end, list);
    const { files, bytes } = list.counted;
    const said = [Number(summary.total_files_processed), Number(summary.total_bytes_processed)];
    if (files !== said[0] || bytes !== said[1])
      throw incomplete(
        `files: it speaks of ${said[0]} with ${said[1]} bytes, and its snapshot has ${files} with ${bytes}`,
      );
  }

  /** Whatever restic could not read must be something that we cannot read either, or that is gone or new. Some of its paths are relative. */
  private requireExplained({ code, failures, troubles }: ResticEnd, list: SnapshotList): void {
    const { unreadable, vanished } = list.troubles;
    const known = [...unreadable.keys(), ...vanished, ...list.again].map((path) => `/${textOf(path)}`);
    const unexplained = troubles.filter(
      ({ item, said }) => !/no such file or directory/.test(said) && !known.some((path) => `/${item}`.endsWith(path)),
    );
    if (unexplained.length === 0 && (code === 0 || troubles.length > 0)) return;
    throw resticError({ code, failures, troubles: unexplained, exit: 'dumpFailed', source: this.source });
  }

  /** A repository that lost its configuration must not become another one, which could not read the backups of the first. */
  private async requireEmpty(): Promise<void> {
    const { bucket } = this.place;
    const Prefix = `${this.source}/data/`;
    const { KeyCount } = await this.access.s3
      .send(new ListObjectsV2Command({ Bucket: bucket, Prefix, MaxKeys: 1 }), { abortSignal: this.context.signal })
      .catch((error: unknown) => {
        throw uploadError(`list ${Prefix}* in bucket ${bucket}`, error);
      });
    if ((KeyCount ?? 0) === 0) return;
    const code = RESTIC_EXITS.noRepository;
    const failures = [{ code, said: `${this.source}/config is missing, and ${Prefix} has data` }];
    throw resticError({ code, failures, troubles: [], exit: 'dumpFailed', source: this.source });
  }
}
