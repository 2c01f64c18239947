import { isDataKey } from '../../catalog/bucket/names';
import type { BucketSettings, PruneRequest, SourceReport } from '../../catalog/contract/handlers';
import type { Inventory, StoredFolder } from '../../catalog/bucket/inventory';
import { readInventory } from '../../catalog/bucket/inventory';
import type { PruneGuards, PrunePlan, Refusal } from '../../catalog/retention/prune';
import { planPrune } from '../../catalog/retention/prune';
import type { ObjectSummary } from '../../catalog/bucket/read';
import { isCounted } from '../../catalog/retention/retention';
import type { RetentionPolicy } from '../../catalog/retention/retention-policy';
import { errorText } from '../shared/errors';
import type { FoundBackup } from './assess';
import { checkAll, findHolds, folderObjects, foundBackups, settle } from './assess';
import { BATCH, deleteFault, deleteObjects } from './delete-objects';
import { freeLeftover, leftovers } from './leftovers';
import type { PruneBucket } from './prune-bucket';

/** Everything that a run of the pruning shares between its sources. */
export interface PruneRun {
  readonly bucket: PruneBucket;
  readonly settings: BucketSettings;
  readonly request: PruneRequest;
}

/** Prunes one source. What fails is in its report. */
export async function pruneSource(run: PruneRun, source: string): Promise<SourceReport> {
  const pruning = new SourcePruning(run, source);
  try {
    await pruning.prune();
  } catch (error) {
    pruning.errors.push(`could not look at all of it: ${errorText(error)}: nothing that was not looked at is deleted`);
  }
  return pruning.report();
}

class SourcePruning {
  readonly errors: string[] = [];
  /** One moment for all decisions. */
  private readonly now: Date;
  private readonly policy: RetentionPolicy;
  private readonly guards: PruneGuards & { readonly allowedAgeSeconds: number };
  private readonly confirmed: ReadonlySet<string> | undefined;
  private inventory: Inventory | undefined;
  private backups: readonly FoundBackup[] = [];
  private refusal: Refusal | undefined;
  private readonly deleted = new Set<FoundBackup>();
  private bytesFreed = 0;
  private leftovers = 0;

  constructor(
    private readonly run: PruneRun,
    private readonly source: string,
  ) {
    const { settings, request } = run;
    const { retention, allowedAgeSeconds } = settings.sources[source]!;
    this.policy = settings.retentions[retention]!;
    this.confirmed = request.confirmed && new Set(request.confirmed);
    const { maxDeleteShare } = settings;
    this.now = run.bucket.clock.now();
    this.guards = { allowedAgeSeconds, maxDeleteShare, confirmed: this.confirmed !== undefined };
  }

  async prune(): Promise<void> {
    const { bucket } = this.run;
    if (!bucket.hasTime()) return this.stop('none of it was looked at');
    this.inventory = await readInventory(bucket.store, this.source);
    this.backups = foundBackups(this.inventory);
    await settle(bucket, this.source, this.backups, this.policy, this.now);
    let plan = this.plan();
    this.refusal = plan.refusal;
    // What is held or damaged would not be deleted: the rest may be few enough.
    if (plan.refusal?.why === 'too-many') {
      await this.look(plan.decisions.filter(({ keep }) => !keep).map(({ backup }) => backup));
      plan = this.plan();
      this.refusal = plan.refusal;
    }
    await this.deleteOldest(plan.deletions.filter(({ id }) => this.confirmed?.has(id) ?? true).reverse());
    if (this.mayDeleteLeftovers()) await this.deleteLeftovers(this.inventory);
  }

  private stop(why: string): void {
    this.errors.push(`not finished: ${why}: the next run continues, or run it again`);
  }

  /**
   * Where no recent backup is, data without a manifest may be all that is left: of runs that fail, or of manifests that
   * somebody deleted. And a person has confirmed nothing but backups.
   */
  private mayDeleteLeftovers(): boolean {
    if (this.refusal || this.confirmed) return false;
    const newest = this.backups.findLast((backup) => !backup.gone && isCounted(backup, this.now));
    const since = this.now.getTime() - this.guards.allowedAgeSeconds * 1000;
    return newest !== undefined && newest.time.getTime() >= since;
  }

  private plan(): PrunePlan<FoundBackup> {
    const there = this.backups.filter(({ gone }) => !gone);
    return planPrune(there, this.policy, this.guards, this.now);
  }

  /** No rule keeps any of these: that one of them is damaged or held changes nothing for the others. */
  private async deleteOldest(candidates: readonly FoundBackup[]): Promise<void> {
    for (let from = 0; from < candidates.length; from += BATCH) {
      if (!this.run.bucket.hasTime()) return this.stop(`${candidates.length - from} backups are still to be looked at`);
      await this.deleteBackups(await this.look(candidates.slice(from, from + BATCH)));
    }
  }

  /** Looks at backups that no rule keeps. Answers with those that may be deleted. */
  private async look(backups: readonly FoundBackup[]): Promise<FoundBackup[]> {
    const { bucket } = this.run;
    await checkAll(bucket, this.source, backups);
    const whole = backups.filter(({ checked }) => checked);
    await findHolds(bucket, whole, this.now);
    return whole.filter(({ held }) => held === undefined);
  }

  /** The manifest first: what is left of a deletion that fails is no backup then. */
  private async deleteBackups(backups: readonly FoundBackup[]): Promise<void> {
    const failed = await this.deleteAll(backups.map(({ folder }) => folder.manifest!));
    const uncommitted = backups.filter(({ folder }) => !failed.has(folder.manifest!.key));
    for (const backup of uncommitted) this.deleted.add(backup);
    await this.deleteAll(uncommitted.flatMap(({ folder }) => folderObjects({ ...folder, manifest: undefined })));
  }

  private async deleteLeftovers(inventory: Inventory): Promise<void> {
    const { bucket } = this.run;
    const found = await leftovers(bucket, inventory, this.now);
    const free: StoredFolder[] = [];
    for (const [index, { id }] of found.entries()) {
      if (!bucket.hasTime()) {
        this.stop(`${found.length - index} folders of interrupted runs are still to be looked at`);
        break;
      }
      const folder = await freeLeftover(bucket, this.source, id, this.now);
      if (folder) free.push(folder);
    }
    const objects = free.flatMap(folderObjects);
    const failed = await this.deleteAll(objects);
    this.leftovers = objects.length - failed.size;
  }

  private async deleteAll(objects: readonly ObjectSummary[]): Promise<ReadonlyMap<string, string>> {
    const { bucket, request } = this.run;
    const keys = objects.map(({ key }) => key);
    const failed = request.dryRun ? new Map<string, string>() : await deleteObjects(bucket.client, bucket.name, keys);
    for (const { key, bytes } of objects) if (!failed.has(key) && isDataKey(key)) this.bytesFreed += bytes;
    const fault = deleteFault(failed);
    if (fault !== undefined) this.errors.push(fault);
    return failed;
  }

  report(): SourceReport {
    // Once more, with all that was found about the candidates.
    const { decisions } = this.plan();
    const backups = decisions.map(({ backup }) => backup);
    const isHeld = ({ reasons: [why, ...others], backup }: (typeof decisions)[number]) =>
      why === backup.held && others.length === 0;
    return {
      source: this.source,
      kept: backups.filter((backup) => backup.damage === undefined && !this.deleted.has(backup)).length,
      deleted: this.deleted.size,
      bytesFreed: this.bytesFreed,
      held: decisions.filter(isHeld).length,
      damaged: backups.flatMap(({ id, damage }) => (damage === undefined ? [] : { id, damage })),
      leftovers: this.leftovers,
      strangers: this.inventory?.strangers ?? 0,
      ...(this.refusal && { refusal: this.refusal }),
      errors: this.errors,
      ...(this.run.request.explain && {
        decisions: decisions.map(({ backup: { id, time, bytes }, keep, reasons }) => ({
          id,
          time: time.toISOString(),
          keep,
          reasons,
          bytes,
        })),
      }),
    };
  }
}
