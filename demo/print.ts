import type { S3Client } from '@aws-sdk/client-s3';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import Table from 'cli-table3';
import { colors } from '../bin/cli/print/colors';
import { manifestKey } from '../catalog/bucket/names';
import type { Catalog } from '../catalog/bucket/read';

const plain = { style: { head: [], border: [] } };
const size = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Shows the messages of the program's structured log. A terminal has seen them already. */
export function printLog(log: string): void {
  for (const line of log.split('\n').filter((text) => text.startsWith('{'))) {
    const { message } = JSON.parse(line) as { message?: string };
    if (message !== undefined) console.log(`  ${message}`);
  }
}

/** Shows the catalog as a table. */
export function printCatalog({ backups, damaged }: Catalog): void {
  const head = ['source', 'backup', 'engine', 'snapshot', 'tables', 'rows', 'dumped', 'stored'];
  const table = new Table({ head, ...plain });
  for (const backup of backups) {
    table.push([
      backup.source,
      backup.backupId,
      `${backup.engine} ${backup.serverVersion}`,
      backup.consistency.snapshot,
      backup.tables.length,
      sum(backup.tables.map(({ rows, rowsAfter }) => rows ?? rowsAfter ?? 0)).toLocaleString('en'),
      size(sum(backup.objects.map(({ uncompressedBytes }) => uncompressedBytes))),
      size(sum(backup.objects.map(({ bytes }) => bytes))),
    ]);
  }
  console.log(`\n${colors.bold('The catalog')}\n${table.toString()}`);
  for (const error of damaged) console.log(colors.red(error.message));
}

/** Shows where everything is. */
export async function printPlaces(client: S3Client, outputs: Record<string, string>, catalog: Catalog): Promise<void> {
  const table = new Table(plain);
  table.push(['bucket', outputs.Bucket], ['KMS key', outputs.Key]);
  for (const { source, backupId, objects } of catalog.backups) {
    for (const key of [...objects.map((object) => object.key), manifestKey(source, backupId)]) {
      const head = await client.send(new HeadObjectCommand({ Bucket: outputs.Bucket, Key: key }));
      table.push(['object', `${key} (${head.ContentLength} bytes, ${head.ServerSideEncryption})`]);
    }
  }
  table.push(['schedule', `${outputs.ScheduleGroup}/${outputs.Schedule}`], ['log group', outputs.LogGroup]);
  console.log(`\n${colors.bold('Where everything is')}\n${table.toString()}`);
}
