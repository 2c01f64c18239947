import * as path from 'node:path';
import type { Command } from 'commander';
import type { DataObject, Manifest } from '../../../catalog/bucket/manifest';
import type { RestorePlan, RestoreReport, RestoreTarget } from '../../../catalog/contract/restore';
import type { RestoreRequest } from '../../../catalog/contract/task';
import { Aws } from '../aws/aws';
import type { ChosenBackup } from '../aws/choose-backup';
import { chooseBackup } from '../aws/choose-backup';
import { CommandError, EXIT } from '../errors';
import type { Output } from '../print/output';
import { askWord, askYes, requireAnswer } from '../print/question';
import { printChoice, printPlan } from '../print/restore-plan';
import { moment, printReport } from '../print/restore-report';
import { printable } from '../print/table';
import type { RestoreFailure } from '../restore/failure';
import { failureError, failureOf } from '../restore/failure';
import type { Told } from '../restore/follow';
import { followLook, followRestore } from '../restore/follow';
import type { RestoreRun } from '../restore/place';
import type { PlaceAndDump } from '../restore/place-of';
import { placeOf } from '../restore/place-of';
import type { Retrieval } from '../restore/retrieve-first';
import { retrieveFirst } from '../restore/retrieve-first';
import { makeSafetyBackup, requireCovered } from '../restore/safety-backup';
import { bucketOf, requireBucket } from './options';
import type { RestoreOptions } from './restore-options';
import { commandText, requestOf, requireRestoreOptions, withRestoreOptions } from './restore-options';

/** `proven-backups restore` */
export function addRestoreCommand(program: Command, output: Output): void {
  const command = program
    .command('restore')
    .description('Restores a backup: shows the plan, asks, works, and compares the result with the backup');
  withRestoreOptions(command).action((options: RestoreOptions) => restore(options, output));
}

/** What `--json` prints. */
interface RestoreDocument {
  outcome: 'planned' | 'declined' | 'refused' | 'retrieving' | 'left' | 'restored' | 'failed';
  readonly bucket: string;
  readonly source: string;
  /** Id. */
  readonly backup: string;
  /** Sentences about the choice. */
  readonly notes: readonly string[];
  retrieval?: Retrieval;
  plan?: RestorePlan;
  /** Id of the safety backup; on this machine, its directory. */
  safetyBackup?: string;
  links?: RestoreRun['links'];
  report?: RestoreReport;
  failure?: RestoreFailure;
}

async function restore(options: RestoreOptions, output: Output): Promise<void> {
  requireRestoreOptions(options);
  requireBucket(options);
  if (!options.dryRun) requireAnswer(output.streams, options, ', or --dry-run to change nothing');
  const aws = new Aws(options);
  const bucket = await bucketOf(options, aws);
  const { source, at, backup: id } = options;
  const backup = await chooseBackup(aws, bucket, source, { id, at });
  const { manifest, damage, notes } = backup;
  if (damage !== undefined)
    throw new CommandError(`backup ${manifest.backupId} of ${source} is damaged: ${damage}: restore another one`);
  const document: RestoreDocument = { outcome: 'failed', bucket, source, backup: manifest.backupId, notes };
  const where = await placeOf(aws, bucket, manifest, options, output);
  try {
    await new Restore({ aws, bucket, backup, options, output, document, ...where }).run();
  } finally {
    if (options.json) output.json(document);
  }
}

interface Parts extends PlaceAndDump {
  readonly aws: Aws;
  readonly bucket: string;
  readonly backup: ChosenBackup;
  readonly options: RestoreOptions;
  readonly output: Output;
  readonly document: RestoreDocument;
}

/** One restore, step by step. */
class Restore {
  private readonly manifest: Manifest;
  private request: RestoreRequest;

  constructor(private readonly parts: Parts) {
    this.manifest = parts.backup.manifest;
    this.request = requestOf(parts.options, this.manifest.backupId);
  }

  async run(): Promise<void> {
    const { bucket, backup, options, output, document, place } = this.parts;
    if (!options.json) printChoice(output, { bucket, target: place.target, now: new Date() }, backup);
    if (!(await this.retrieved())) return;
    const plan = await this.look();
    const existing = plan.targets.filter(({ state }) => state === 'exists');
    if (existing.length > 0 && !options.overwrite) return this.refuse(existing);
    document.outcome = 'planned';
    if (options.dryRun) return;
    if (!options.yes && !(await this.agreed(plan, existing))) return this.decline('Nothing was restored.');
    document.outcome = 'failed';
    if (existing.length === 0) return this.work();
    // What appears meanwhile has no safety backup.
    this.request = { ...this.request, overwrite: existing.map(({ name }) => name) };
    await this.work(await this.saved(existing));
  }

  /** Whether the backup can be read now. */
  private async retrieved(): Promise<boolean> {
    const { aws, bucket, backup, options, output, document } = this.parts;
    const { databases, tier = 'bulk', dryRun, json, yes } = options;
    const needed = (object: DataObject): boolean =>
      !databases || object.databases.length === 0 || object.databases.some((name) => databases.includes(name));
    const agreed = async (question: string): Promise<boolean> => yes || askYes(output.streams, question);
    const again = commandText(options, this.manifest.backupId);
    const wish = { client: aws.s3(), bucket, backup, objects: this.manifest.objects.filter(needed) };
    const retrieval = await retrieveFirst({ ...wish, ...{ tier, dryRun, json, agreed, again } }, output);
    if (!retrieval) return true;
    document.retrieval = retrieval;
    const { outcome } = retrieval;
    document.outcome = outcome === 'needed' ? 'planned' : 'retrieving';
    if (outcome === 'declined') this.decline('Nothing was retrieved, and nothing was restored.');
    if (outcome === 'needed' && !json) output.note('the target is looked at when all of the backup can be read');
    return false;
  }

  /** The plan of the program, which has looked at the target. */
  private async look(): Promise<RestorePlan> {
    const { options, output, document, place } = this.parts;
    output.tell('looking at the target …');
    const told = await followLook(await place.start({ ...this.request, dryRun: true }));
    const { plan } = told;
    if (!plan) throw this.failed({ ...told, state: 'unchanged' });
    document.plan = plan;
    if (!options.json) printPlan(output, this.manifest, plan);
    return plan;
  }

  /** Whoever goes on after this command must know that it has not restored. */
  private decline(sentence: string): void {
    const { output, document } = this.parts;
    document.outcome = 'declined';
    output.exitCode = EXIT.failed;
    output.print(sentence);
  }

  private refuse(existing: readonly RestoreTarget[]): void {
    const { options, output, document } = this.parts;
    document.outcome = 'refused';
    const names = existing.map(({ name }) => printable(name)).join(', ');
    const sentence = `${names} exists already, and nothing of it was touched: restore beside it with --as, or replace it with --overwrite, which makes a safety backup first`;
    if (!options.dryRun) throw new CommandError(sentence);
    output.exitCode = EXIT.problems;
    if (!options.json) output.problem(sentence);
  }

  private async agreed(plan: RestorePlan, existing: readonly RestoreTarget[]): Promise<boolean> {
    const { streams } = this.parts.output;
    const { source, startedAt } = this.manifest;
    const into = plan.targets.map(({ name }) => printable(name)).join(', ');
    const what = `Restore ${source} as of ${moment(startedAt)} into ${into}?`;
    if (existing.length === 0) return askYes(streams, what);
    const names = existing.map(({ name }) => printable(name)).join(', ');
    const question = `${what} It REPLACES what is there, after a safety backup. Type its name (${names}): `;
    const typed = await askWord(streams, question);
    return (
      typed
        ?.split(',')
        .map((name) => name.trim())
        .join(', ') === names
    );
  }

  /**
   * Makes the safety backup; on this machine, the program does so.
   *
   * @returns how to go back to it
   */
  private async saved(existing: readonly RestoreTarget[]): Promise<string | undefined> {
    const { aws, bucket, options, output, document, dump } = this.parts;
    const { source } = options;
    if (!dump) {
      this.request = { ...this.request, safetyBackup: path.resolve(`safety-backup-${fileTime(new Date())}`) };
      return undefined;
    }
    const tell = (text: string): void => output.tell(text);
    const safety = await makeSafetyBackup({ aws, bucket, source, dump: dump(), tell });
    document.safetyBackup = safety.backupId;
    requireCovered(safety, existing, this.request, this.manifest);
    if (!options.json) output.print(`Safety backup ${safety.backupId} of ${source} is complete.`);
    // Of all that the safety backup has, what was replaced: the rest has changed since, too.
    const held = new Set(safety.objects.flatMap(({ databases }) => databases));
    const replaced = existing.map(({ name }) => name);
    const databases = replaced.length < held.size ? replaced : undefined;
    return commandText({ ...options, databases, tables: undefined, as: undefined }, safety.backupId, true);
  }

  private async work(goBack?: string): Promise<void> {
    const { options, output, document, place } = this.parts;
    const run = await place.start(this.request);
    if (run.links) document.links = run.links;
    if (!options.json) this.printStarted(run);
    const told = await followRestore(run, output).catch((error: unknown) => this.unwatched(run, error));
    if (told.safetyBackup !== undefined) document.safetyBackup = told.safetyBackup;
    if (told.left) return this.leave(run);
    const back = told.safetyBackup === undefined ? goBack : byHand(told.safetyBackup);
    const { report } = told;
    if (!report || told.end.exitCode !== 0) throw this.failed(told, back);
    document.outcome = 'restored';
    document.report = report;
    if (options.json) return;
    printReport(output, this.manifest, report);
    if (back !== undefined) output.print(`To go back: ${back}`);
  }

  private printStarted({ links, afterwards, stopBy }: RestoreRun): void {
    const { output } = this.parts;
    if (links) {
      output.print('Started the restore.');
      output.print(`  task  ${links.task}`);
      output.print(`  log   ${links.log}`);
    }
    const question = stopBy === undefined ? 'asks whether to stop it' : 'says how to stop it';
    const answer = afterwards === undefined ? 'stops it' : question;
    output.tell(`restoring, Ctrl-C ${answer} …`);
  }

  /** @throws CommandError which says that the restore may go on */
  private unwatched({ afterwards }: RestoreRun, error: unknown): never {
    if (!(error instanceof CommandError) || afterwards === undefined) throw error;
    this.parts.document.outcome = 'left';
    throw new CommandError(`the restore may go on, but cannot be followed here: ${error.message}: ${afterwards}`);
  }

  private leave({ afterwards }: RestoreRun): void {
    const { output, document } = this.parts;
    document.outcome = 'left';
    output.exitCode = EXIT.later;
    output.tell(`the restore goes on: ${afterwards}`);
  }

  private failed(told: Told, goBack?: string): CommandError {
    const { options, document } = this.parts;
    const failure = failureOf(told, this.manifest, options);
    document.failure = failure;
    return failureError(options, failure, goBack);
  }
}

const byHand = (directory: string): string =>
  `what was there is in ${directory}: docs/restore-by-hand.md says how to load it`;

/** `2026-11-20T02-00-00` */
const fileTime = (time: Date): string => time.toISOString().slice(0, 19).replaceAll(':', '-');
