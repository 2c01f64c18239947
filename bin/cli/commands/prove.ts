import type { Command } from 'commander';
import { isUnprovable, type Verdict } from '../../../catalog/bucket/verdict';
import type { Reason } from '../../../catalog/contract/failure';
import { Aws } from '../aws/aws';
import { chooseBackup } from '../aws/choose-backup';
import { CommandError, EXIT, UsageError } from '../errors';
import type { Output } from '../print/output';
import { printable } from '../print/table';
import { printVerdict } from '../print/verdict';
import type { ProgramRun } from '../program-run/run';
import type { ProofFact } from '../prove/facts';
import type { ToldProof } from '../prove/follow';
import { followProof } from '../prove/follow';
import { startLocalProof } from '../prove/local';
import { startTaskProof } from '../prove/task';
import { identityIn } from '../restore/identity-file';
import type { BucketOptions } from './options';
import { bucketOf, readBackup, readSource, requireBucket, withAwsOptions, withBucketOptions } from './options';

interface ProveOptions extends BucketOptions {
  readonly source: string;
  readonly backup?: string;
  readonly local?: boolean;
  readonly identity?: string;
  readonly store: boolean;
  readonly json?: boolean;
}

/** `proven-backups prove` */
export function addProveCommand(program: Command, output: Output): void {
  const command = program
    .command('prove')
    .description('Tests a backup now: restores it into a throw-away server, and compares that with what was dumped');
  withBucketOptions(command, 'bucket of the backup')
    .requiredOption('--source <name>', 'source of the backup', readSource)
    .option('--backup <id>', 'this backup; by default the newest', readBackup)
    .option('--local', "tests on this machine, with the engine's programs of this machine, in place of a task in AWS")
    .option('--identity <file>', 'with --local: private key of a recipient of an encrypted backup')
    .option('--no-store', 'with --local: does not store the verdict beside the backup')
    .option('--json', 'prints JSON');
  withAwsOptions(command).action((options: ProveOptions) => prove(options, output));
}

/** What `--json` prints. */
interface ProveDocument {
  outcome: 'passed' | 'failed' | 'not-run' | 'left';
  readonly bucket: string;
  readonly source: string;
  /** Id. */
  backup?: string;
  links?: ProgramRun<ProofFact>['links'];
  verdict?: Verdict;
  /** Why there is no verdict. */
  reason?: Pick<Reason, 'kind' | 'object' | 'said'>;
  message?: string;
}

async function prove(options: ProveOptions, output: Output): Promise<void> {
  const { source, backup: id, local, identity, store, json, region } = options;
  requireBucket(options);
  if (!store && !local) throw new UsageError('--no-store needs --local: a task in AWS stores its verdict');
  if (identity !== undefined && !local)
    throw new UsageError(
      '--identity needs --local: a task in AWS has the identity that proveWith of its source gives it',
    );
  const aws = new Aws(options);
  const bucket = await bucketOf(options, aws);
  const document: ProveDocument = { outcome: 'not-run', bucket, source, ...(id !== undefined && { backup: id }) };
  try {
    let run: ProgramRun<ProofFact>;
    if (local) {
      const backup = await chooseBackup(aws, bucket, source, id === undefined ? { newest: true } : { id });
      document.backup = backup.manifest.backupId;
      run = await startLocalProof(aws, {
        bucket,
        backup,
        store,
        identity: identityIn(identity)?.text,
        ...(region !== undefined && { region }),
      });
    } else {
      const request = { source, ...(id !== undefined && { backupId: id }) };
      const started = await startTaskProof(aws, bucket, request, (text) => output.tell(text));
      document.backup = started.backupId;
      run = started.run;
      document.links = started.run.links;
      if (!json) printStarted(output, document);
    }
    output.tell(`testing backup ${document.backup}, Ctrl-C ${local ? 'stops it' : 'leaves it alone'} …`);
    const told = await followProof(run, output).catch((error: unknown) => unwatched(run, error));
    conclude(told, run, document, output, options);
  } catch (error) {
    if (error instanceof CommandError) document.message = error.message;
    throw error;
  } finally {
    if (json) output.json(document);
  }
}

function printStarted(output: Output, { source, backup, links }: ProveDocument): void {
  output.print(`Started a restore test of backup ${backup} of ${source}.`);
  output.print(`  task  ${links!.task}`);
  output.print(`  log   ${links!.log}`);
}

/** @throws CommandError which says that the test may go on */
function unwatched({ afterwards }: ProgramRun<ProofFact>, error: unknown): never {
  if (!(error instanceof CommandError) || afterwards === undefined) throw error;
  throw new CommandError(`the restore test may go on, but cannot be followed here: ${error.message}: ${afterwards}`);
}

/** @throws CommandError unless the backup is proven, or nobody follows the test any more */
function conclude(
  { verdict, failure, unstored, end, left }: ToldProof,
  run: ProgramRun<ProofFact>,
  document: ProveDocument,
  output: Output,
  { local, json }: ProveOptions,
): void {
  const { source, backup } = document;
  if (left && !verdict) {
    document.outcome = 'left';
    output.exitCode = EXIT.later;
    return output.tell(`the restore test goes on: ${run.afterwards}`);
  }
  if (verdict) {
    document.outcome = verdict.verdict;
    document.verdict = verdict;
    if (!json) printVerdict(output, verdict, { source, backup: backup! });
    if (unstored !== undefined) output.tell(unstored);
    if (isUnprovable(verdict) && end.exitCode === 0)
      throw new CommandError(
        `backup ${backup} of ${source} is encrypted: all its stored bytes are there, and nothing more was tested: give ${local ? '--identity' : 'the source proveWith, or use --local --identity'}`,
        EXIT.untested,
      );
    // Only the program's own end says that it has stored what it says.
    if (verdict.verdict === 'passed' && (end.exitCode === 0 || left)) return;
    if (verdict.verdict === 'failed')
      throw new CommandError(`backup ${backup} of ${source} is NOT PROVEN: restore another one, and make a new one`);
  }
  document.outcome = 'not-run';
  const said = failure?.message ?? end.reason ?? 'it gave no reason: read its log';
  if (failure?.reason) document.reason = failure.reason;
  const code = end.exitCode === undefined ? '' : ` (exit code ${end.exitCode})`;
  throw new CommandError(
    `the restore test of ${source} could not run to its end${code}, and says nothing about the backup: ${printable(said)}`,
    EXIT.untested,
  );
}
