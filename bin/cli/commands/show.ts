import type { Command } from 'commander';
import { Aws } from '../aws/aws';
import { chooseBackup } from '../aws/choose-backup';
import { readObjectives } from '../aws/objectives';
import { EXIT, UsageError } from '../errors';
import { factsOf, printBackup } from '../print/backup';
import { printContents } from '../print/contents';
import type { Output } from '../print/output';
import { identityIn } from '../restore/identity-file';
import type { BucketOptions } from './options';
import {
  bucketOf,
  optionWords,
  readBackup,
  readSource,
  requireBucket,
  withAwsOptions,
  withBucketOptions,
} from './options';

interface ShowOptions extends BucketOptions {
  readonly source: string;
  readonly tables: boolean;
  readonly contents?: boolean;
  readonly identity?: string;
  readonly json?: boolean;
}

/** `proven-backups show` */
export function addShowCommand(program: Command, output: Output): void {
  const command = program
    .command('show')
    .description('Shows one backup whole: its objects, tables and notes, and what a restore of it needs')
    .argument('[backup]', 'id of the backup; by default the newest that is proven, or else the newest', readBackup);
  withBucketOptions(command, 'bucket of the backup')
    .requiredOption('--source <name>', 'source of the backup', readSource)
    .option('--no-tables', 'does not list the tables')
    .option(
      '--contents',
      'lists the files of a backup of files, and nothing else; with --json, a line of JSON for each',
    )
    .option('--identity <file>', 'with --contents: private key of a recipient of an encrypted backup')
    .option('--json', 'prints JSON');
  withAwsOptions(command).action((id: string | undefined, options: ShowOptions) => show(id, options, output));
}

async function show(id: string | undefined, options: ShowOptions, output: Output): Promise<void> {
  const { source, contents, json } = options;
  if (options.identity !== undefined && !contents)
    throw new UsageError('--identity needs --contents: all else of a backup is not encrypted: leave it out');
  const identity = identityIn(options.identity);
  requireBucket(options);
  const aws = new Aws(options);
  const bucket = await bucketOf(options, aws);
  const backup = await chooseBackup(aws, bucket, source, { id });
  if (backup.damage !== undefined) output.exitCode = EXIT.problems;
  if (contents) {
    await printContents(output, { client: aws.s3(), bucket, manifest: backup.manifest, identity, json });
    return;
  }
  const { stack, region, profile } = options;
  const where = optionWords({ bucket: options.bucket, stack, region, profile });
  const objectives = (await readObjectives(aws.ssm(), bucket)).sources.get(source);
  if (json) output.json({ bucket, ...factsOf(backup), ...(objectives && { objectives }) });
  else printBackup(output, bucket, backup, { now: new Date(), tables: options.tables, where, objectives });
}
