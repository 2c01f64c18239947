import type { S3Client } from '@aws-sdk/client-s3';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { colors } from '../bin/cli/print/colors';
import { manifestKey, objectKey } from '../catalog/bucket/names';
import type { Catalog } from '../catalog/bucket/read';
import { formatBytes, formatDuration } from '../catalog/units';
import { contentText } from '../engines/facts';
import type { Email } from '../test/emulator/emulator';

/** Columns of the narrowest terminal that people use. */
const WIDTH = 80;
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Cuts a line into lines of a width: at spaces, and within a word, such as a URL, that is longer. */
function wrap(line: string, width: number): string[] {
  const parts = line.match(new RegExp(`.{1,${width}}(?=\\s|$)|\\S{${width}}`, 'g')) ?? [''];
  return parts.map((part) => part.trim());
}

/** Prints a line within the width of a terminal. */
export function say(line: string, { indent = '', color = (text: string) => text } = {}): void {
  for (const part of wrap(line, WIDTH - indent.length)) console.log(indent + color(part));
}

/** Says what begins, does it, and says how long it took. */
export async function step<T>(doing: string, work: () => Promise<T>): Promise<T> {
  const from = Date.now();
  console.log(`${colors.cyan('•')} ${doing} …`);
  const result = await work();
  const took = formatDuration((Date.now() - from) / 1000, 'short');
  console.log(`${colors.green('✓')} ${doing} ${colors.dim(took)}`);
  return result;
}

/** Prints names and values in two columns. */
function rows(pairs: readonly (readonly [name: string, value: string])[]): void {
  const width = Math.max(...pairs.map(([name]) => name.length)) + 4;
  for (const [name, value] of pairs) {
    wrap(value, WIDTH - width).forEach((line, index) => {
      console.log(`  ${(index === 0 ? name : '').padEnd(width - 2)}${line}`);
    });
  }
}

/** Shows what is in the catalog. */
export function printCatalog({ backups }: Catalog): void {
  console.log(`\n${colors.bold('The catalog')}`);
  for (const backup of backups) {
    const tableRows = sum(backup.tables.map(({ rows, rowsAfter }) => rows ?? rowsAfter ?? 0));
    rows([
      ['source', backup.source],
      ['backup', backup.backupId],
      ['engine', `${backup.engine} ${backup.serverVersion}`],
      ['snapshot', backup.consistency.snapshot],
      ['content', contentText(backup.engine, backup.tables.length, tableRows)],
      ['dumped', formatBytes(sum(backup.objects.map(({ uncompressedBytes }) => uncompressedBytes)))],
      ['stored', formatBytes(sum(backup.objects.map(({ bytes }) => bytes)))],
    ]);
  }
}

/** Shows where everything is. */
export async function printPlaces(client: S3Client, outputs: Record<string, string>, catalog: Catalog): Promise<void> {
  console.log(`\n${colors.bold('Where everything is')}`);
  const pairs: [string, string][] = [
    ['bucket', outputs.Bucket!],
    ['KMS key', outputs.Key!],
  ];
  for (const { source, backupId, objects } of catalog.backups) {
    pairs.push(['folder', objectKey(source, backupId, '')]);
    for (const key of [...objects.map((object) => object.key), manifestKey(source, backupId)]) {
      const head = await client.send(new HeadObjectCommand({ Bucket: outputs.Bucket, Key: key }));
      const name = key.split('/').at(-1);
      pairs.push(['object', `${name} (${formatBytes(head.ContentLength!)}, ${head.ServerSideEncryption})`]);
    }
  }
  pairs.push(['schedule', outputs.Schedule!], ['group', outputs.ScheduleGroup!], ['log group', outputs.LogGroup!]);
  rows(pairs);
}

/** Shows an email as its reader gets it. */
export function printEmail({ to, subject, text }: Email): void {
  const lines = [`To: ${to}`, `Subject: ${subject}`, '', ...text.trimEnd().split('\n')];
  const shown = lines.flatMap((line) => wrap(line, WIDTH - 4));
  console.log(`\n${shown.map((line) => `  ${colors.yellow('│')} ${line}`.trimEnd()).join('\n')}\n`);
}
