import type { ListObjectVersionsCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { isDataFile, MANIFEST_FILE, parseBackupKey, sourceNameFault, VERDICT_FILE } from '../../catalog/bucket/names';

/** A version of an object, or a delete marker. */
interface Version {
  readonly key: string;
  readonly versionId: string;
  readonly time: Date;
  /** Size; a delete marker has none. */
  readonly bytes?: number;
  readonly isLatest: boolean;
}

/** An object with all its versions that are still there, in the order of S3: the newest first. */
export class ObjectVersions {
  readonly versions: Version[] = [];
  readonly markers: Version[] = [];

  /** The version that a reader would get if nothing had been deleted. */
  get newest(): (Version & { readonly bytes: number }) | undefined {
    return this.versions[0] as (Version & { readonly bytes: number }) | undefined;
  }

  get isDeleted(): boolean {
    return this.markers.some(({ isLatest }) => isLatest);
  }

  /** The delete markers that hide the newest version: several, if it was deleted several times. */
  get hiding(): readonly Version[] {
    if (!this.isDeleted) return [];
    const since = this.newest?.time.getTime() ?? 0;
    return this.markers.filter(({ time }) => time.getTime() >= since);
  }
}

/** A backup's folder with all versions of what is ours in it. */
export interface FolderVersions {
  readonly id: string;
  readonly manifest?: ObjectVersions;
  /** Data objects and verdict, by key. */
  readonly others: ReadonlyMap<string, ObjectVersions>;
}

/** The folders of backups under a prefix, oldest first, each as soon as all of it was listed. */
export async function* folderVersions(client: S3Client, bucket: string, prefix: string): AsyncIterable<FolderVersions> {
  let [current, objects]: [string | undefined, Map<string, ObjectVersions>] = [undefined, new Map()];
  for await (const version of listVersions(client, bucket, prefix)) {
    const parsed = parseBackupKey(version.key);
    if (!parsed || !isOurs(parsed.file)) continue;
    if (parsed.id !== current) {
      if (current !== undefined) yield folder(current, objects);
      [current, objects] = [parsed.id, new Map()];
    }
    const object = objects.get(version.key) ?? new ObjectVersions();
    objects.set(version.key, object);
    (version.bytes === undefined ? object.markers : object.versions).push(version);
  }
  if (current !== undefined) yield folder(current, objects);
}

const isOurs = (file: string): boolean => file === MANIFEST_FILE || file === VERDICT_FILE || isDataFile(file);

function folder(id: string, objects: Map<string, ObjectVersions>): FolderVersions {
  const key = [...objects.keys()].find((name) => name.endsWith(`/${MANIFEST_FILE}`));
  const manifest = key === undefined ? undefined : objects.get(key);
  return { id, manifest, others: new Map([...objects].filter(([name]) => name !== key)) };
}

/** Sources of which a bucket holds anything, deleted or not, sorted. */
export async function sourcesIn(client: S3Client, Bucket: string): Promise<string[]> {
  const folders: string[] = [];
  let KeyMarker: string | undefined;
  do {
    const page: ListObjectVersionsCommandOutput = await client.send(
      new ListObjectVersionsCommand({ Bucket, Delimiter: '/', KeyMarker }),
    );
    folders.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!.slice(0, -1)));
    KeyMarker = page.IsTruncated ? page.NextKeyMarker : undefined;
  } while (KeyMarker !== undefined);
  return folders.filter((folder) => sourceNameFault(folder) === undefined).sort();
}

/** All versions under a prefix, in the order of their keys. */
async function* listVersions(client: S3Client, Bucket: string, Prefix: string): AsyncIterable<Version> {
  let from: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
  while (from) {
    const page: Awaited<ReturnType<typeof send>> = await send(from);
    const listed = [
      ...(page.Versions ?? []).map((version) => ({ ...version, bytes: version.Size! })),
      ...(page.DeleteMarkers ?? []).map((marker) => ({ ...marker, bytes: undefined })),
    ];
    // S3 mixes both in one order, the client parts them.
    listed.sort((a, b) => Buffer.compare(Buffer.from(a.Key!), Buffer.from(b.Key!)));
    for (const { Key, VersionId, LastModified, IsLatest, bytes } of listed) {
      yield { key: Key!, versionId: VersionId!, time: LastModified!, isLatest: IsLatest === true, bytes };
    }
    const { IsTruncated, NextKeyMarker, NextVersionIdMarker } = page;
    from = IsTruncated ? { KeyMarker: NextKeyMarker, VersionIdMarker: NextVersionIdMarker } : undefined;
  }

  function send(markers: { KeyMarker?: string; VersionIdMarker?: string }) {
    return client.send(new ListObjectVersionsCommand({ Bucket, Prefix, ...markers }));
  }
}
