import { CopyObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { DataObject, Manifest } from '../catalog/bucket/manifest';
import { backupId, fileName, manifestKey, objectKey } from '../catalog/bucket/names';
import { colors } from '../bin/cli/print/colors';
import { commandLine } from './command-line';
import type { DemoDatabase } from './deeds';
import { say, step } from './print';
import type { Deployed } from './runs';
import { backUp } from './runs';

const HOUR_MS = 3_600_000;
const SOURCE = 'bookshop';

/** Proves the backup that was made. */
export async function showProof(here: Deployed): Promise<void> {
  console.log(`\n${colors.bold('Does it restore?')}`);
  const args = ['prove', '--source', SOURCE];
  await commandLine(here, { doing: 'restoring it into a throw-away server, to compare', args });
}

/**
 * Makes a backup with all the right checksums and counts of rows, whose dump lost one change of the database, and shows that
 * a restore test sees it.
 */
export async function showDamage(here: Deployed, shop: DemoDatabase, good: Manifest): Promise<void> {
  console.log(`\n${colors.bold('And if a dump tool loses something')}`);
  await step(shop.change, () => shop.changeIt());
  const time = new Date(Date.now() - 2 * HOUR_MS);
  if ((await backUp(here, 'backing up again', time)) !== 0) throw new Error('the backup failed');
  const [from, id] = [backupId(time), backupId(new Date(time.getTime() + HOUR_MS))];
  await step(`making backup ${id}, whose dump lacks that change`, () => forge(here, good, from, id));
  say('Its checksums are right. It has as many rows as the shop. Nobody would notice.', { indent: '  ' });
  const args = ['prove', '--source', SOURCE, '--backup', id];
  await commandLine(here, { doing: 'testing it', args, exitCode: 1 });
}

/** Puts a backup: what the server said of itself is from one, and what its tool dumped from an older one. */
async function forge({ emulator, outputs }: Deployed, older: Manifest, from: string, id: string): Promise<void> {
  const s3 = new S3Client(emulator.client);
  const Bucket = outputs.Bucket!;
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: manifestKey(SOURCE, from) }));
  const manifest = JSON.parse(await Body!.transformToString()) as Manifest;
  const objects: DataObject[] = [];
  for (const own of manifest.objects) {
    const taken = own.kind === 'evidence' ? own : older.objects.find(({ key }) => fileName(key) === fileName(own.key))!;
    const Key = objectKey(SOURCE, id, fileName(taken.key));
    await s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${taken.key}` }));
    objects.push({ ...taken, key: Key });
  }
  const forged = { Key: manifestKey(SOURCE, id), Body: JSON.stringify({ ...manifest, backupId: id, objects }) };
  await s3.send(new PutObjectCommand({ Bucket, ...forged, IfNoneMatch: '*', ContentType: 'application/json' }));
}
