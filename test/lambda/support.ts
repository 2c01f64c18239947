import * as path from 'node:path';
import {
  CreateBucketCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { BucketSettings, PruneReport, PruneRequest } from '../../catalog/contract/handlers';
import { HANDLER_ENV, settingsPath } from '../../catalog/contract/handlers';
import type { Manifest } from '../../catalog/bucket/manifest';
import { manifestText } from '../../catalog/bucket/manifest';
import { backupId, manifestKey, objectKey, VERDICT_FILE } from '../../catalog/bucket/names';
import type { RetentionPolicy } from '../../catalog/retention/retention-policy';
import { prune } from '../../lambda/prune/prune';
import { exampleManifest } from '../catalog/bucket/example-manifest';
import type { Emulator } from '../emulator/emulator';
import { ROOT } from '../emulator/emulator';
import { run } from '../support/processes';

export const DAY_SECONDS = 86_400;

/** Keeps the newest two, and those of the last 60 hours: nightly ones of three days, whatever the second. */
export const SIXTY_HOURS: RetentionPolicy = {
  keepLast: 2,
  keepForSeconds: 2.5 * DAY_SECONDS,
  timeZone: 'UTC',
  weekStart: 'monday',
};

/** Settings with one retention for all sources. */
export const settingsOf = (
  bucket: string,
  sources: readonly string[],
  changes: Partial<BucketSettings> = {},
): BucketSettings => ({
  formatVersion: 1,
  bucket,
  retentions: [SIXTY_HOURS],
  maxDeleteShare: 1,
  sources: Object.fromEntries(sources.map((name) => [name, { retention: 0, allowedAgeSeconds: 2 * DAY_SECONDS }])),
  ...changes,
});

/** Id of a backup of some days ago. */
export const daysAgo = (days: number): string => backupId(new Date(Date.now() - days * DAY_SECONDS * 1000));

/** A versioned bucket of the emulated S3 with settings, as pruning meets it. */
export class PruneScene {
  private constructor(
    readonly emulator: Emulator,
    readonly bucket: string,
    readonly s3: S3Client,
    readonly ssm: SSMClient,
  ) {}

  static async create(emulator: Emulator, bucket: string, sources: readonly string[] = ['shop']): Promise<PruneScene> {
    const s3 = new S3Client({ ...emulator.client, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
    const scene = new PruneScene(emulator, bucket, s3, new SSMClient(emulator.client));
    await scene.configure(JSON.stringify(settingsOf(bucket, sources)));
    return scene;
  }

  /** Name of the function's own parameter, or of another one. */
  parameter(name = 'own'): string {
    return `${settingsPath(this.bucket)}${name}`;
  }

  async configure(text: string, name?: string): Promise<void> {
    const [Type, Overwrite] = ['String', true] as const;
    await this.ssm.send(new PutParameterCommand({ Name: this.parameter(name), Value: text, Type, Overwrite }));
  }

  async put(key: string, body = 'ten bytes!'): Promise<void> {
    await this.s3.send(new PutObjectCommand({ Bucket: this.bucket, Key: key, Body: Buffer.from(body) }));
  }

  /** A whole backup, written in the order of the program. */
  async backup(id: string, source = 'shop', changes: Partial<Manifest> = {}): Promise<string> {
    const [object] = exampleManifest().objects;
    const key = objectKey(source, id, 'shop.sql.zst');
    await this.put(key);
    const manifest = exampleManifest({ source, backupId: id, objects: [{ ...object!, key }], ...changes });
    await this.put(manifestKey(source, id), manifestText(manifest));
    return id;
  }

  /** Backups of today back to so many days ago, newest first. */
  async nightly(days: number, source = 'shop'): Promise<string[]> {
    const ids = Array.from({ length: days }, (_, day) => daysAgo(day));
    for (const id of ids) await this.backup(id, source);
    return ids;
  }

  async verdict(id: string, verdict: 'passed' | 'failed', source = 'shop'): Promise<void> {
    const text = JSON.stringify({ formatVersion: 1, verdict, testedAt: new Date().toISOString() });
    await this.put(objectKey(source, id, VERDICT_FILE), text);
  }

  /** Prunes in this process. */
  async prune(
    request: PruneRequest = { explain: true },
    over: { endpoint?: string; hasTime?: () => boolean } = {},
  ): Promise<PruneReport> {
    const endpoint = over.endpoint ?? this.emulator.endpoint;
    const s3 = new S3Client({ ...this.emulator.client, endpoint, forcePathStyle: true, maxAttempts: 3 });
    const { ssm, bucket } = this;
    return prune(request, { s3, ssm, bucket, settings: this.parameter(), hasTime: over.hasTime ?? (() => true) });
  }

  /** Every key that a plain listing shows. */
  async keys(): Promise<string[]> {
    const { Contents = [] } = await this.s3.send(new ListObjectsV2Command({ Bucket: this.bucket }));
    return Contents.map(({ Key }) => Key!);
  }

  /** Ids of the backups of a source that a plain listing shows, newest first. */
  async ids(source = 'shop'): Promise<string[]> {
    const manifests = (await this.keys()).filter(
      (key) => key.startsWith(`${source}/`) && key.endsWith('/manifest.json'),
    );
    return manifests.map((key) => key.split('/')[1]!).reverse();
  }

  /** All versions and delete markers: what changes if anything at all does. */
  async versions(): Promise<unknown[]> {
    const { Versions = [], DeleteMarkers = [] } = await this.s3.send(
      new ListObjectVersionsCommand({ Bucket: this.bucket }),
    );
    return [...Versions, ...DeleteMarkers].map(({ Key, VersionId, IsLatest }) => ({ Key, VersionId, IsLatest }));
  }

  /** What the functions have in their environment. */
  get environment(): Record<string, string> {
    const own = { [HANDLER_ENV.bucket]: this.bucket, [HANDLER_ENV.settings]: this.parameter() };
    return { ...this.emulator.environment, ...own };
  }
}

/** What a run of a bundle wrote: lines of its log, and the last line, which is the answer or the failure. */
export interface Invocation {
  readonly log: readonly Record<string, unknown>[];
  readonly answer?: unknown;
  readonly failure?: string;
}

/** Runs the bundle of a handler as Lambda does: in a process of its own, with nothing but its environment. */
export async function invoke(
  folder: 'before-deployment' | 'measure' | 'notify' | 'prune' | 'restore-tests' | 'undelete',
  event: unknown,
  env: Record<string, string>,
  preload = '',
): Promise<Invocation> {
  const program = `${preload};
    const { handler } = require(${JSON.stringify(path.join(ROOT, 'dist/lambda', folder, 'index.js'))});
    const remaining = (process.env.REMAINING ?? '900000').split(',').map(Number);
    const context = { getRemainingTimeInMillis: () => (remaining.length > 1 ? remaining.shift() : remaining[0]) };
    handler(${JSON.stringify(event)}, context).then(
      (answer) => console.log(JSON.stringify({ answer })),
      ({ message }) => console.log(JSON.stringify({ failure: message })),
    );`;
  const written = await run(process.execPath, ['--eval', program], { env: { PATH: process.env.PATH, ...env } });
  const lines = written
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { log: lines.slice(0, -1), ...lines.at(-1) };
}
