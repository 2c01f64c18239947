import type { S3Client } from '@aws-sdk/client-s3';
import { GetObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import type { CatalogStore } from '../catalog/read';

/** A bucket as the catalog reads it. Lists page after page, and reads nothing but what it is asked for. */
export class S3CatalogStore implements CatalogStore {
  constructor(
    private readonly client: S3Client,
    private readonly bucket: string,
  ) {}

  async *list(prefix: string): AsyncIterable<string> {
    for await (const page of paginateListObjectsV2({ client: this.client }, { Bucket: this.bucket, Prefix: prefix })) {
      for (const { Key } of page.Contents ?? []) yield Key!;
    }
  }

  async get(key: string): Promise<string> {
    const { Body } = await this.client.send(new GetObjectCommand({ Bucket: this.bucket, Key: key }));
    return Body!.transformToString('utf-8');
  }
}
