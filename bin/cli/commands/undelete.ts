import type { Command } from 'commander';
import type { UndeleteReport, UndeleteRequest } from '../../../catalog/contract/handlers';
import { backupIdTime } from '../../../catalog/bucket/names';
import type { AwsOptions } from '../aws/aws';
import { Aws, withAwsOptions } from '../aws/aws';
import { age, count, instant, size } from '../print/format';
import { invoke } from '../aws/invoke';
import { readBucket, readSource } from '../names';
import type { Output } from '../print/output';
import { UsageError } from '../print/output';
import { askYes, requireAnswer } from '../print/question';
import { secondsOfText } from '../print/retention-text';
import { readManagers } from '../aws/settings';
import { undoDays } from '../aws/undo-window';

const DAY_MS = 86_400_000;
/** What the function takes. */
const MIN_SECONDS = 3600;
const MAX_SECONDS = 3660 * 86_400;

interface UndeleteOptions extends AwsOptions {
  readonly bucket: string;
  readonly source: string;
  readonly keepFor?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Asks the function that undeletes. */
type Undelete = (request: Omit<UndeleteRequest, 'source'>) => Promise<UndeleteReport>;

/** `proven-backups undelete` */
export function addUndeleteCommand(program: Command, output: Output): void {
  const command = program
    .command('undelete')
    .description('Lists what was deleted and can be brought back, or brings a backup back')
    .argument('[backup]', 'id of the backup to bring back; lists them when left out')
    .requiredOption('--bucket <name>', 'bucket of the backup', readBucket)
    .requiredOption('--source <name>', 'source of the backup', readSource)
    .option('--keep-for <time>', 'how long it is kept, whatever the retention says: 36h, 14d (default: 14d)')
    .option('--yes', 'asks nobody')
    .option('--json', 'prints JSON');
  withAwsOptions(command).action((backup: string | undefined, options: UndeleteOptions) =>
    backup === undefined ? list(options, output) : bringBack(backup, options, output),
  );
}

async function list(options: UndeleteOptions, output: Output): Promise<void> {
  const { bucket, source, json, keepFor } = options;
  if (keepFor !== undefined) {
    throw new UsageError(
      `--keep-for needs the id of a backup to bring back, got: ${keepFor} and no id: see the ids without it`,
    );
  }
  const aws = new Aws(options);
  const [{ deleted }, days] = [await (await functionOf(aws, options))({}), await undoDays(aws.s3(), bucket)];
  const until = (deletedAt: string): Date | undefined =>
    days === undefined ? undefined : new Date(new Date(deletedAt).getTime() + days * DAY_MS);
  if (json) {
    const entries = deleted.map((one) => ({ ...one, until: until(one.deletedAt)?.toISOString() }));
    return output.json({ source, deleted: entries });
  }
  if (deleted.length === 0) return output.print(`No deleted backup of ${source} can be brought back.`);
  const now = new Date();
  output.table(
    ['backup', 'age', 'size', 'deleted at', ...(days === undefined ? [] : ['can be brought back until'])],
    deleted.map(({ id, bytes, deletedAt }) => [
      ...[id, age(backupIdTime(id) ?? now, now), size(bytes), instant(new Date(deletedAt))],
      ...(days === undefined ? [] : [instant(until(deletedAt)!)]),
    ]),
  );
}

async function bringBack(id: string, options: UndeleteOptions, output: Output): Promise<void> {
  if (backupIdTime(id) === undefined) {
    throw new UsageError(`backup must be an id such as 2026-11-20T02-00-00Z, got: ${id}: see them without an id`);
  }
  const { source, json, yes } = options;
  const keepForSeconds = secondsOf(options.keepFor);
  requireAnswer(output.streams, options);
  const undelete = await functionOf(new Aws(options), options);
  const request = { id, ...(keepForSeconds !== undefined && { keepForSeconds }) };
  const plan = await undelete({ ...request, dryRun: true });
  const { objects, bytes, keptUntil } = plan.restored!;
  const what = `backup ${id} of ${source} (${count(objects, 'object')}, ${size(bytes)})`;
  const question = `Bring back ${what}? It is kept until ${instant(new Date(keptUntil))}, whatever the retention says.`;
  if (!yes && !(await askYes(output.streams, question))) return output.print('Nothing was brought back.');
  const report = await undelete(request);
  if (json) return output.json(report);
  output.print(
    `Brought back ${what}. It is kept until ${instant(new Date(report.restored!.keptUntil))}, whatever the retention says.`,
  );
}

async function functionOf(aws: Aws, { bucket, source }: UndeleteOptions): Promise<Undelete> {
  const managers = await readManagers(aws.ssm(), bucket);
  // Each of them undeletes in the whole bucket: also a source that was removed from its stack.
  const { undeleteFunction } = managers.find(({ sources }) => sources.includes(source)) ?? managers[0]!;
  return (request) =>
    invoke<UndeleteRequest, UndeleteReport>(aws.lambda(undeleteFunction), undeleteFunction, { source, ...request });
}

function secondsOf(keepFor: string | undefined): number | undefined {
  if (keepFor === undefined) return undefined;
  const seconds = secondsOfText(keepFor);
  if (seconds !== undefined && seconds >= MIN_SECONDS && seconds <= MAX_SECONDS) return seconds;
  throw new UsageError(`--keep-for must be from 1h to 3660d, such as 36h or 14d, got: ${keepFor}`);
}
