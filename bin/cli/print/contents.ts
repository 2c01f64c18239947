/** Lists the files of a backup. */
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { CONTENTS_KIND, ContentsError, readContents, type ContentsLine } from '../../../catalog/bucket/contents';
import type { Manifest } from '../../../catalog/bucket/manifest';
import { fileName } from '../../../catalog/bucket/names';
import { canDecompress, download, open, openedName } from '../aws/download';
import { CommandError, UsageError } from '../errors';
import { requireIdentity, type GivenIdentity } from '../restore/identity-file';
import type { Output } from './output';
import { printable } from './table';

/** Where the list is, and how it is shown. */
interface Shown {
  readonly client: S3Client;
  readonly bucket: string;
  readonly manifest: Manifest;
  /** For a list that is encrypted. */
  readonly identity: GivenIdentity | undefined;
  readonly json: boolean | undefined;
}

/**
 * Prints the files of a backup, one a line.
 *
 * @throws CommandError if it has no list of them
 */
export async function printContents(
  output: Output,
  { client, bucket, manifest, identity, json }: Shown,
): Promise<void> {
  const object = manifest.objects.find(({ kind }) => kind === CONTENTS_KIND);
  if (!object)
    throw new CommandError(
      `backup ${manifest.backupId} of ${manifest.source} is of a database, which has no files: leave --contents out`,
    );
  requireIdentity(manifest, identity);
  if (!canDecompress())
    throw new UsageError(`--contents needs Node.js 22.15 or newer, got: ${process.version}: use a newer Node.js`);
  const folder = mkdtempSync(path.join(tmpdir(), 'proven-backups-'));
  try {
    const stored = path.join(folder, fileName(object.key));
    await download({ client, bucket, object, file: stored, onBytes: () => undefined });
    const opening = { identities: identity?.identities, decompress: true };
    await open(object, stored, opening);
    const list = openedName(stored, opening);
    for await (const { line, entry } of readContents(createReadStream(list) as AsyncIterable<Buffer>))
      output.print(json ? line : textOf(entry));
  } catch (error) {
    throw error instanceof ContentsError ? new CommandError(error.message) : error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `file 0644 1000:1000 1234 2026-11-30T00:12:24.000Z conf/a.conf` */
function textOf({ path: name, type, size, mode, uid, gid, mtime, link }: ContentsLine): string {
  const target = link === undefined ? '' : ` -> ${link}`;
  const modified = new Date(Number(mtime) * 1000).toISOString();
  return printable(`${type} ${mode} ${uid}:${gid} ${size} ${modified} ${name}${target}`);
}
