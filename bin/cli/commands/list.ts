import type { Command } from 'commander';
import { Option } from 'commander';
import { S3CatalogStore } from '../../../catalog/bucket/s3-store';
import { sourceNameFault } from '../../../catalog/bucket/names';
import type { Wish } from '../aws/aws';
import { ask, Aws } from '../aws/aws';
import { readDirectory, unknownSource } from '../aws/directory';
import type { ListedSnapshot, SnapshotTag } from '../aws/snapshots';
import { listSnapshots } from '../aws/snapshots';
import type { ListedBackup } from '../aws/stored-backups';
import { listBackups } from '../aws/stored-backups';
import { CommandError, EXIT, UsageError } from '../errors';
import { printBackups, printSnapshots } from '../print/list-tables';
import type { Output } from '../print/output';
import type { BucketOptions } from './options';
import { bucketOf, readSource, requireBucket, withAwsOptions, withBucketOptions } from './options';

interface ListOptions extends BucketOptions {
  readonly source?: string;
  readonly snapshots: boolean;
  readonly onlySnapshots?: boolean;
  readonly snapshotTag?: readonly SnapshotTag[];
  readonly json?: boolean;
}

/** `proven-backups list` */
export function addListCommand(program: Command, output: Output): void {
  const command = program
    .command('list')
    .description('Lists the backups of a bucket and the snapshots of volumes beside them, newest first');
  withBucketOptions(command, 'bucket whose backups are listed')
    .option('--source <name>', 'only this source', readSource)
    .option('--no-snapshots', 'no snapshots')
    .addOption(new Option('--only-snapshots', 'snapshots only, without a bucket').conflicts(['bucket', 'stack']))
    .option('--snapshot-tag <key=value>', 'also snapshots with this tag; repeatable', addTag)
    .option('--json', 'prints JSON');
  withAwsOptions(command).action((options: ListOptions) => list(options, output));
}

function addTag(text: string, tags: readonly SnapshotTag[] = []): SnapshotTag[] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--snapshot-tag must be a key and a value, key=value, got: ${text}`);
  return [...tags, { key: text.slice(0, at), value: text.slice(at + 1) }];
}

async function list(options: ListOptions, output: Output): Promise<void> {
  const { source, json, onlySnapshots } = options;
  if (onlySnapshots && !options.snapshots)
    throw new UsageError('--only-snapshots and --no-snapshots leave nothing to list');
  if (!onlySnapshots) requireBucket(options, ', or list --only-snapshots');
  const aws = new Aws(options);
  const bucket = onlySnapshots ? undefined : await bucketOf(options, aws);
  const backups = bucket === undefined ? undefined : await backupsOf(aws, bucket, source);
  const snapshots = options.snapshots ? await snapshotsOf(aws, options) : undefined;
  const fault = snapshots instanceof CommandError ? snapshots : undefined;
  if (fault && backups === undefined) throw fault;
  const found = snapshots instanceof CommandError ? undefined : snapshots;
  if (bucket !== undefined && source !== undefined && backups?.length === 0 && !found?.length) {
    await requireSource(aws, bucket, source);
  }
  if (fault || backups?.some(({ damage }) => damage !== undefined)) output.exitCode = EXIT.problems;
  if (json) return output.json({ bucket, backups, snapshots: found, snapshotsFault: fault?.message });

  const now = new Date();
  if (backups?.length === 0) output.print(`No backups${source === undefined ? '' : ` of ${source}`} in ${bucket}.`);
  else if (backups) printBackups(output, backups, now);
  if (found && found.length > 0) {
    if (backups) output.print();
    printSnapshots(output, found, now);
  } else if (found && backups === undefined) output.print('No snapshots.');
  if (fault) output.tellProblem(fault.message);
}

async function backupsOf(aws: Aws, bucket: string, source: string | undefined): Promise<ListedBackup[]> {
  const store = new S3CatalogStore(aws.s3(), bucket);
  return ask(listing(bucket), () => listBackups(store, source));
}

const listing = (bucket: string): Wish => ({
  doing: `list the backups in bucket ${bucket}`,
  action: 's3:ListBucket, s3:GetObject and kms:Decrypt',
});

/** A source of which nothing was found may be new, or mistyped. */
async function requireSource(aws: Aws, bucket: string, source: string): Promise<void> {
  const folders = await ask(listing(bucket), () => new S3CatalogStore(aws.s3(), bucket).folders());
  const stored = folders.filter((folder) => sourceNameFault(folder) === undefined);
  if (stored.includes(source)) return;
  const listed = await readDirectory(aws.ssm(), bucket).then(
    (directory) => directory.sources,
    (error: unknown): string[] => {
      // Listing needs no directory, nor the right to read it.
      if (error instanceof CommandError) return [];
      throw error;
    },
  );
  if (!listed.includes(source)) throw unknownSource(bucket, source, [...new Set([...stored, ...listed])].sort());
}

/** The snapshots, or the reason why they cannot be listed: the backups are worth seeing without them. */
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
