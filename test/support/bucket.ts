import { createHash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import type { DataObject, Manifest } from '../../catalog/bucket/manifest';
import { parseManifest } from '../../catalog/bucket/manifest';
import { lockKey, parseManifestKey, sourcePrefix } from '../../catalog/bucket/names';
import { backupStatements } from '../../lib/bucket/private/bucket-policy';
import type { Emulator } from '../emulator/emulator';
import type { Statement } from '../emulator/iam/policy';
import { KEY_ARN } from './job';

/** A bucket of the emulated S3, as a person who restores would look at it. */
export class TestBucket {
  private constructor(
    readonly name: string,
    private readonly s3: S3Client,
    private readonly emulator: Emulator,
  ) {}

  /** Makes the bucket. */
  static async create(emulator: Emulator, name: string): Promise<TestBucket> {
    const bucket = TestBucket.of(emulator, name);
    await bucket.s3.send(new CreateBucketCommand({ Bucket: name }));
    return bucket;
  }

  /** One that is there, for example of a deployment. */
  static of(emulator: Emulator, name: string): TestBucket {
    return new TestBucket(name, new S3Client({ ...emulator.client, forcePathStyle: true }), emulator);
  }

  /** Environment of a task that may do what a bucket grants to a source, and nothing else. */
  taskOf(source: string): Record<string, string> {
    const statements = backupStatements(`arn:aws:s3:::${this.name}`, KEY_ARN, source);
    const task = `task-of-${source}`;
    this.emulator.guard.addPerson(task, { Statement: statements.map((one) => one.toStatementJson() as Statement) });
    return this.emulator.environmentOf(task);
  }

  /** Keys of a source, without its lock. */
  async keys(source: string): Promise<string[]> {
    const { Contents = [] } = await this.s3.send(
      new ListObjectsV2Command({ Bucket: this.name, Prefix: sourcePrefix(source) }),
    );
    return Contents.flatMap(({ Key }) => Key ?? []).filter((key) => key !== lockKey(source));
  }

  /** The backups of a source, oldest first. */
  async manifests(source: string): Promise<Manifest[]> {
    const keys = (await this.keys(source)).filter((key) => parseManifestKey(key) !== undefined);
    return Promise.all(keys.map(async (key) => parseManifest((await this.get(key)).toString('utf8'), key)));
  }

  /** Keys of multipart uploads that were neither completed nor aborted. */
  async unfinishedUploads(): Promise<string[]> {
    const { Uploads = [] } = await this.s3.send(new ListMultipartUploadsCommand({ Bucket: this.name }));
    return Uploads.flatMap(({ Key }) => Key ?? []);
  }

  /** The content of an object. */
  async get(key: string): Promise<Buffer> {
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: this.name, Key: key }));
    return Buffer.from(await Body!.transformToByteArray());
  }

  /** Downloads a data object, checks it against its entry in the manifest, and decompresses it. */
  async download(object: DataObject): Promise<Buffer> {
    const stored = await this.get(object.key);
    expect({ bytes: stored.length, sha256: createHash('sha256').update(stored).digest('hex') }).toEqual({
      bytes: object.bytes,
      sha256: object.sha256,
    });
    const content = zstdDecompressSync(stored);
    expect(content.length).toBe(object.uncompressedBytes);
    return content;
  }
}
