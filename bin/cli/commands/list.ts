import type { Command } from 'commander';
import { S3CatalogStore } from '../../../catalog/bucket/s3-store';
import type { AwsOptions } from '../aws/aws';
import { ask, Aws, withAwsOptions } from '../aws/aws';
import { colorsOf } from '../print/colors';
import { printBackups, printSnapshots } from '../print/list-tables';
import { readBucket, readSource } from '../names';
import type { Output } from '../print/output';
import { CommandError, EXIT, UsageError } from '../print/output';
import type { ListedSnapshot, SnapshotTag } from '../aws/snapshots';
import { listSnapshots } from '../aws/snapshots';
import { listBackups } from '../aws/stored-backups';

interface ListOptions extends AwsOptions {
  readonly bucket?: string;
  readonly source?: string;
  /** Undefined: with the backups of a bucket. */
  readonly snapshots?: boolean;
  readonly snapshotTag?: readonly SnapshotTag[];
  readonly json?: boolean;
}

/** `proven-backups list` */
export function addListCommand(program: Command, output: Output): void {
  const command = program
    .command('list')
    .description('Lists the backups of a bucket and the snapshots of volumes beside them')
    .option('--bucket <name>', 'bucket whose catalog is read', readBucket)
    .option('--source <name>', 'only this source', readSource)
    .option('--snapshots', 'without --bucket: only snapshots')
    .option('--no-snapshots', 'no snapshots')
    .option('--snapshot-tag <key=value>', 'also snapshots with this tag; can be given several times', addTag)
    .option('--json', 'prints JSON');
  withAwsOptions(command).action((options: ListOptions) => list(options, output));
}

function addTag(text: string, tags: readonly SnapshotTag[] = []): SnapshotTag[] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--snapshot-tag must be a key and a value, key=value, got: ${text}`);
  return [...tags, { key: text.slice(0, at), value: text.slice(at + 1) }];
}

async function list(options: ListOptions, output: Output): Promise<void> {
  const { bucket, source, json } = options;
  if (bucket === undefined && options.snapshots !== true) {
    throw new UsageError('nothing says what to list: give --bucket, or --snapshots for snapshots only');
  }
  const aws = new Aws(options);
  const backups = bucket === undefined ? undefined : await backupsOf(aws, bucket, source);
  const snapshots = options.snapshots === false ? undefined : await snapshotsOf(aws, options);
  const fault = snapshots instanceof CommandError ? snapshots : undefined;
  // Who asked for nothing else gets nothing else.
  if (fault && backups === undefined) throw fault;
  const found = snapshots instanceof CommandError ? undefined : snapshots;
  if (fault || backups?.some(({ damage }) => damage !== undefined)) output.exitCode = EXIT.problems;
  if (json) return output.json({ bucket, backups, snapshots: found, snapshotsFault: fault?.message });

  const now = new Date();
  if (backups?.length === 0) output.print(`No backups${source === undefined ? '' : ` of ${source}`} in ${bucket}.`);
  else if (backups) printBackups(output, backups, now);
  if (found && found.length > 0) {
    if (backups) output.print();
    printSnapshots(output, found, now);
  } else if (found && backups === undefined) output.print('No snapshots.');
  if (fault) output.tell(`${colorsOf(output.streams.stderr).yellow('problem')} ${fault.message}`);
}

async function backupsOf(aws: Aws, bucket: string, source?: string) {
  const store = new S3CatalogStore(aws.s3(), bucket);
  const wish = { doing: `list the backups in bucket ${bucket}`, action: 's3:ListBucket, s3:GetObject and kms:Decrypt' };
  return ask(wish, () => listBackups(store, source));
}

/** The snapshots; or why there are none to be seen. The backups are worth seeing without them. */
async function snapshotsOf(
  aws: Aws,
  { snapshotTag = [], source }: ListOptions,
): Promise<ListedSnapshot[] | CommandError> {
  const wish = { doing: 'list snapshots', action: 'ec2:DescribeSnapshots' };
  try {
    return await ask(wish, () => listSnapshots(aws.ec2(), snapshotTag, source));
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
}
