import type { S3Client } from '@aws-sdk/client-s3';
import { GetObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import type { CatalogStore, ObjectSummary } from './read';

/** A bucket as the catalog reads it. Lists page after page, and reads nothing but what it is asked for. */
export class S3CatalogStore implements CatalogStore {
  constructor(
    private readonly client: S3Client,
    private readonly bucket: string,
  ) {}

  async *list(prefix: string, startAfter?: string): AsyncIterable<ObjectSummary> {
    const where = { Bucket: this.bucket, Prefix: prefix, ...(startAfter !== undefined && { StartAfter: startAfter }) };
    for await (const page of paginateListObjectsV2({ client: this.client }, where)) {
      for (const { Key, Size, LastModified, StorageClass } of page.Contents ?? []) {
        yield { key: Key!, bytes: Size!, lastModified: LastModified!, storageClass: StorageClass ?? 'STANDARD' };
      }
    }
  }

  async folders(): Promise<string[]> {
    const folders: string[] = [];
    for await (const page of paginateListObjectsV2({ client: this.client }, { Bucket: this.bucket, Delimiter: '/' })) {
      folders.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!.slice(0, -1)));
    }
    return folders;
  }

  async get(key: string): Promise<string> {
    const { Body } = await this.client.send(new GetObjectCommand({ Bucket: this.bucket, Key: key }));
    return Body!.transformToString('utf-8');
  }
}
