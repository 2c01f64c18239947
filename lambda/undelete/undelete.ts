import type { S3Client } from '@aws-sdk/client-s3';
import { DeleteObjectCommand, GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';
import type { DeletedBackup, DeletedReport, UndeleteReport, UndeleteRequest } from '../../catalog/contract/handlers';
import { backupBytes } from '../../catalog/bucket/inventory';
import { keepNoteText, parseKeepNote } from '../../catalog/bucket/keep-note';
import type { Manifest } from '../../catalog/bucket/manifest';
import { ManifestError, parseManifest } from '../../catalog/bucket/manifest';
import {
  backupIdTime,
  isDataKey,
  KEEP_FILE,
  manifestKey,
  objectKey,
  sourceNameFault,
  sourcePrefix,
} from '../../catalog/bucket/names';
import { ServerClock } from '../../catalog/bucket/server-clock';
import { errorText, HandlerError } from '../shared/errors';
import type { FolderVersions, ObjectVersions } from './folder-versions';
import { folderVersions, sourcesIn } from './folder-versions';

/** Time for which a backup is kept after it was brought back, whatever the retention says. */
const KEEP_SECONDS = 14 * 86_400;
/** A note that cannot be read keeps its backup. */
const FOR_EVER = '9999-12-31T23:59:59.000Z';

/** A request to bring back a backup. */
export type UndeleteOne = UndeleteRequest & Required<Pick<UndeleteRequest, 'source' | 'id'>>;

/**
 * Lists the backups that can be brought back.
 *
 * @param source only this one; all of the bucket if left out
 */
export async function listDeleted(client: S3Client, bucket: string, source?: string): Promise<DeletedReport> {
  if (source !== undefined) requireName(source);
  const sources = await sourcesIn(client, bucket);
  const deleted: DeletedBackup[] = [];
  for (const one of source === undefined ? sources : [source]) {
    deleted.push(...(await deletedBackups(client, bucket, one)));
  }
  return { deleted, sources };
}

/**
 * Brings back a backup.
 *
 * @throws HandlerError if it cannot be brought back, or not as a whole
 */
export async function undelete(request: UndeleteOne, client: S3Client, bucket: string): Promise<UndeleteReport> {
  const { source, id } = request;
  requireName(source);
  if (!backupIdTime(id)) {
    throw new HandlerError(`id must be that of a backup, such as 2026-11-20T02-00-00Z, got: ${JSON.stringify(id)}`);
  }
  return new Undeletion(client, bucket, source, id).run(request);
}

function requireName(source: string): void {
  const fault = sourceNameFault(source);
  if (fault !== undefined) throw new HandlerError(fault);
}

async function deletedBackups(client: S3Client, bucket: string, source: string): Promise<DeletedBackup[]> {
  const found: DeletedBackup[] = [];
  for await (const { id, manifest, others } of folderVersions(client, bucket, sourcePrefix(source))) {
    if (!manifest?.newest) continue;
    const data = dataOf(others);
    const hiding = [...data, manifest].flatMap((object) => object.hiding);
    if (hiding.length === 0 || !data.some(({ newest }) => newest)) continue;
    const deletedAt = new Date(Math.min(...hiding.map(({ time }) => time.getTime()))).toISOString();
    found.push({ source, id, deletedAt, bytes: bytesOf(data) });
  }
  return found.reverse();
}

const dataOf = (others: FolderVersions['others']): ObjectVersions[] =>
  [...others].filter(([key]) => isDataKey(key)).map(([, object]) => object);
const bytesOf = (data: readonly ObjectVersions[]): number =>
  backupBytes({ data: data.flatMap(({ newest }) => newest ?? []) });

class Undeletion {
  private readonly clock: ServerClock;
  private readonly name: string;

  constructor(
    private readonly client: S3Client,
    private readonly bucket: string,
    private readonly source: string,
    private readonly id: string,
  ) {
    this.clock = new ServerClock(client);
    this.name = `${source}/${id}`;
  }

  async run({ keepForSeconds = KEEP_SECONDS, dryRun }: UndeleteOne): Promise<UndeleteReport> {
    const { manifest, others } = await this.look();
    const content = await this.readManifest(manifest);
    const hidden = content.objects.some(({ key }) => others.get(key)?.isDeleted);
    if (!manifest.isDeleted && !hidden) throw new HandlerError(`${this.name} is not deleted: nothing was changed`);
    const problem = missing(content, others);
    if (problem !== undefined) {
      throw new HandlerError(`${this.name} cannot be brought back whole: ${problem}: nothing was changed`);
    }
    const asked = new Date(this.clock.now().getTime() + keepForSeconds * 1000).toISOString();
    const noted = await this.noted();
    const until = noted !== undefined && new Date(noted) > new Date(asked) ? noted : asked;
    const objects = [...others.values()].filter(({ newest }) => newest);
    if (!dryRun) {
      // The note first: from then on no pruning takes the data without a manifest for what a dead run left.
      if (until !== noted) await this.attempt('put its note', () => this.putNote(until));
      for (const object of objects) await this.attempt('bring back its data', () => this.uncover(object));
      await this.attempt('bring back its manifest', () => this.uncover(manifest));
      await this.verify(content);
    }
    const { source, id } = this;
    const bytes = bytesOf(dataOf(others));
    return { restored: { source, id, objects: objects.length + 1, bytes, keptUntil: until } };
  }

  /** The folder, if there is a manifest to go by. */
  private async look(): Promise<FolderVersions & { readonly manifest: ObjectVersions }> {
    const { manifest, others } = (await this.folder()) ?? {};
    if (!manifest?.newest || !others) {
      throw new HandlerError(
        `${this.name} cannot be brought back: no version of its manifest is there; it never existed, or the undo window of the bucket is over`,
      );
    }
    return { id: this.id, manifest, others };
  }

  private async folder(): Promise<FolderVersions | undefined> {
    for await (const folder of folderVersions(this.client, this.bucket, objectKey(this.source, this.id, '')))
      return folder;
    return undefined;
  }

  private async readManifest({ newest }: ObjectVersions): Promise<Manifest> {
    const { key: Key, versionId: VersionId } = newest!;
    const { Body } = await this.client.send(new GetObjectCommand({ Bucket: this.bucket, Key, VersionId }));
    try {
      return parseManifest(await Body!.transformToString('utf-8'), Key);
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      throw new HandlerError(`${this.name} cannot be brought back: ${error.message}: nothing was changed`);
    }
  }

  /** Until when a note keeps it already; somebody may have put it for years. */
  private async noted(): Promise<string | undefined> {
    const Key = objectKey(this.source, this.id, KEEP_FILE);
    try {
      const { Body } = await this.client.send(new GetObjectCommand({ Bucket: this.bucket, Key }));
      return parseKeepNote(await Body!.transformToString('utf-8'))?.until ?? FOR_EVER;
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  private async putNote(until: string): Promise<void> {
    const Body = keepNoteText({ formatVersion: 1, until, reason: 'it was brought back by undelete' });
    const Key = objectKey(this.source, this.id, KEEP_FILE);
    await this.client.send(new PutObjectCommand({ Bucket: this.bucket, Key, Body, ContentType: 'application/json' }));
  }

  /** Removes all delete markers that hide an object: one may have been put for each deletion. */
  private async uncover({ hiding }: ObjectVersions): Promise<void> {
    for (const { key: Key, versionId: VersionId } of hiding) {
      await this.client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key, VersionId }));
    }
  }

  private async verify(content: Manifest): Promise<void> {
    const { manifest, others } = (await this.folder()) ?? {};
    const hidden = content.objects.filter(({ key }) => others?.get(key)?.isDeleted !== false);
    if (manifest?.isDeleted === false && hidden.length === 0) return;
    const key = hidden[0]?.key ?? manifestKey(this.source, this.id);
    throw new HandlerError(`${this.name} was brought back, but ${key} was deleted again meanwhile: run undelete again`);
  }

  private async attempt(what: string, step: () => Promise<void>): Promise<void> {
    await step().catch((error: unknown) => {
      throw new HandlerError(`could not ${what}, of ${this.name}: ${errorText(error)}: run undelete again`, {
        cause: error,
      });
    });
  }
}

/** Objects that a manifest names and of which no version is left. */
function missing({ objects }: Manifest, others: ReadonlyMap<string, ObjectVersions>): string | undefined {
  for (const { key, bytes } of objects) {
    const newest = others.get(key)?.newest;
    if (!newest) return `${key} is gone, because the undo window of the bucket is over`;
    if (newest.bytes !== bytes) return `${key} has ${newest.bytes} bytes, and its manifest says ${bytes}`;
  }
  return undefined;
}
