import type { Command } from 'commander';
import { backupIdTime } from '../../../catalog/bucket/names';
import type { DeletedReport, UndeleteReport, UndeleteRequest } from '../../../catalog/contract/handlers';
import { countOf, formatBytes } from '../../../catalog/units';
import { Aws } from '../aws/aws';
import type { BucketDirectory } from '../aws/directory';
import { readDirectory, unknownSource } from '../aws/directory';
import { invoke } from '../aws/invoke';
import { undoDays } from '../aws/undo-window';
import { UsageError } from '../errors';
import type { Output } from '../print/output';
import { askYes, requireAnswer } from '../print/question';
import { age, instant } from '../print/times';
import type { BucketOptions } from './options';
import { bucketOf, readBackup, readSource, requireBucket, withAwsOptions, withBucketOptions } from './options';
import { secondsOfText } from './retention-text';

const DAY_MS = 86_400_000;
/** Limits of the function. */
const MIN_SECONDS = 3600;
const MAX_SECONDS = 3660 * 86_400;

interface UndeleteOptions extends BucketOptions {
  readonly source?: string;
  readonly keepFor?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `proven-backups undelete` */
export function addUndeleteCommand(program: Command, output: Output): void {
  const command = program
    .command('undelete')
    .description('Lists deleted backups that can be brought back, or brings one back')
    .argument('[backup]', 'id of the backup to bring back; without it, deleted backups are listed', readBackup);
  withBucketOptions(command, 'bucket of the backups')
    .option('--source <name>', 'source of the backup (required with an id); lists all sources without it', readSource)
    .option('--keep-for <time>', 'how long the backup is kept whatever the retention says: 36h, 14d (default: 14d)')
    .option('--yes', 'does not ask')
    .option('--json', 'prints JSON');
  withAwsOptions(command).action((backup: string | undefined, options: UndeleteOptions) =>
    backup === undefined ? list(options, output) : bringBack(backup, options, output),
  );
}

async function list(options: UndeleteOptions, output: Output): Promise<void> {
  const { source, json, keepFor } = options;
  if (keepFor !== undefined) {
    throw new UsageError(`--keep-for needs the id of a backup to bring back, got: ${keepFor} without an id: add one`);
  }
  requireBucket(options);
  const aws = new Aws(options);
  const bucket = await bucketOf(options, aws);
  const directory = await readDirectory(aws.ssm(), bucket);
  const request = { ...(source !== undefined && { source }) };
  const { deleted, sources } = await askFunction<DeletedReport>(aws, directory, request);
  if (source !== undefined && deleted.length === 0) {
    const known = [...new Set([...sources, ...directory.sources])].sort();
    if (!known.includes(source)) throw unknownSource(bucket, source, known);
  }
  const days = await undoDays(aws.s3(), bucket);
  const until = (deletedAt: string): Date | undefined =>
    days === undefined ? undefined : new Date(new Date(deletedAt).getTime() + days * DAY_MS);
  if (json) {
    return output.json({ deleted: deleted.map((one) => ({ ...one, until: until(one.deletedAt)?.toISOString() })) });
  }
  if (deleted.length === 0) {
    return output.print(`No deleted backup${source === undefined ? '' : ` of ${source}`} can be brought back.`);
  }
  const now = new Date();
  output.table(
    ['source', 'backup', 'age', 'size', 'deleted at', ...(days === undefined ? [] : ['can be brought back until'])],
    deleted.map(({ source: name, id, bytes, deletedAt }) => [
      name,
      id,
      age(backupIdTime(id) ?? now, now),
      formatBytes(bytes),
      instant(new Date(deletedAt)),
      ...(days === undefined ? [] : [instant(until(deletedAt)!)]),
    ]),
  );
}

async function bringBack(id: string, options: UndeleteOptions, output: Output): Promise<void> {
  const { source, json, yes } = options;
  if (source === undefined) throw new UsageError(`--source must be given with the id of a backup, got: ${id} alone`);
  const keepForSeconds = secondsOf(options.keepFor);
  requireBucket(options);
  requireAnswer(output.streams, options);
  const aws = new Aws(options);
  const directory = await readDirectory(aws.ssm(), await bucketOf(options, aws));
  const request = { source, id, ...(keepForSeconds !== undefined && { keepForSeconds }) };
  const plan = await askFunction<UndeleteReport>(aws, directory, { ...request, dryRun: true });
  const { objects, bytes, keptUntil } = plan.restored;
  const what = `backup ${id} of ${source} (${countOf(objects, 'object')}, ${formatBytes(bytes)})`;
  const question = `Bring back ${what}? It is kept until ${instant(new Date(keptUntil))}, whatever the retention says.`;
  if (!yes && !(await askYes(output.streams, question))) return output.print('Nothing was brought back.');
  const { restored } = await askFunction<UndeleteReport>(aws, directory, request);
  if (json) return output.json({ restored });
  output.print(
    `Brought back ${what}. It is kept until ${instant(new Date(restored.keptUntil))}, whatever the retention says.`,
  );
}

function askFunction<Answer>(aws: Aws, directory: BucketDirectory, request: UndeleteRequest): Promise<Answer> {
  // Any of them: each undeletes in the whole bucket, also sources that were removed from their stack.
  const [name] = directory.functions('undelete');
  return invoke<UndeleteRequest, Answer>(aws.lambda(name), name, request);
}

function secondsOf(keepFor: string | undefined): number | undefined {
  if (keepFor === undefined) return undefined;
  const seconds = secondsOfText(keepFor);
  if (seconds !== undefined && seconds >= MIN_SECONDS && seconds <= MAX_SECONDS) return seconds;
  throw new UsageError(`--keep-for must be from 1h to 3660d, such as 36h or 14d, got: ${keepFor}`);
}
