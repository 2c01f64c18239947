import type {
  PruneReport,
  PruneRequest,
  ReportedDecision,
  SnapshotSettings,
  SourceReport,
} from '../../catalog/contract/handlers';
import { mapParallel } from '../../catalog/parallel';
import type { PrunePlan } from '../../catalog/retention/prune';
import { planPrune } from '../../catalog/retention/prune';
import type { Decision } from '../../catalog/retention/retention';
import { plan } from '../../catalog/retention/retention';
import type { SnapshotBackup, SnapshotTies, VolumeSnapshot } from '../../catalog/snapshots';
import { setAside, snapshotBackup } from '../../catalog/snapshots';
import { errorText, HandlerError } from '../shared/errors';
import { problemsOf } from '../shared/report';
import type { Ec2Snapshots } from './ec2-snapshots';

/** Requests at the same time: EC2 throttles the account as a whole, and others need it too. */
const WIDTH = 5;

/** Time of a run, and whether there is any left. */
export interface SnapshotPruneRun {
  readonly now: Date;
  /** Whether there is time left for another question or deletion. */
  readonly hasTime: () => boolean;
}

/** A volume, with the plan for its snapshots. */
interface PlannedVolume {
  readonly volume: string;
  /** Snapshots that take no part in the plan. */
  readonly aside: readonly ReportedDecision[];
  readonly plan: PrunePlan<SnapshotBackup>;
}

/**
 * Prunes the snapshots that carry the tag, each volume by itself. All volumes are planned before the first deletion: if
 * EC2 fails to answer any question, nothing is deleted, and the report says so.
 */
export async function pruneSnapshots(
  ec2: Ec2Snapshots,
  settings: SnapshotSettings,
  request: PruneRequest,
  run: SnapshotPruneRun,
): Promise<PruneReport> {
  const report = (sources: SourceReport[]): PruneReport => ({
    of: `${settings.tag.key}=${settings.tag.value}`,
    dryRun: request.dryRun ?? false,
    sources,
    unmanaged: [],
    problems: problemsOf(sources),
  });
  let planned: PlannedVolume[];
  try {
    planned = await planVolumes(ec2, settings, request, run);
  } catch (error) {
    const errors = [`nothing was deleted: ${errorText(error)}`];
    return report([{ ...NOTHING, source: request.source ?? 'all volumes', errors }]);
  }
  const sources: SourceReport[] = [];
  for (const volume of planned) sources.push(await carryOut(ec2, volume, request, run));
  return report(sources);
}

const NOTHING = { kept: 0, deleted: 0, bytesFreed: 0, held: 0, damaged: [], leftovers: 0 } as const;

async function planVolumes(
  ec2: Ec2Snapshots,
  settings: SnapshotSettings,
  request: PruneRequest,
  run: SnapshotPruneRun,
): Promise<PlannedVolume[]> {
  const { tag } = settings;
  const snapshots = await ec2.list(tag, request.source);
  if (request.source !== undefined && snapshots.length === 0) {
    throw new HandlerError(`no snapshot of ${request.source} carries the tag ${tag.key}=${tag.value}`);
  }
  const ties = await ec2.ties(snapshots);
  const planned: PlannedVolume[] = [];
  for (const [volume, ofVolume] of byVolume(snapshots)) {
    planned.push(await planVolume(ec2, volume, ofVolume, ties, settings, request, run));
  }
  return planned;
}

function byVolume(snapshots: readonly VolumeSnapshot[]): [string, VolumeSnapshot[]][] {
  const volumes = new Map<string, VolumeSnapshot[]>();
  for (const snapshot of snapshots) {
    const others = volumes.get(snapshot.volume);
    if (others) others.push(snapshot);
    else volumes.set(snapshot.volume, [snapshot]);
  }
  return [...volumes].sort(([a], [b]) => (a < b ? -1 : 1));
}

async function planVolume(
  ec2: Ec2Snapshots,
  volume: string,
  snapshots: readonly VolumeSnapshot[],
  ties: Omit<SnapshotTies, 'shares'>,
  settings: SnapshotSettings,
  request: PruneRequest,
  { now, hasTime }: SnapshotPruneRun,
): Promise<PlannedVolume> {
  const aside: ReportedDecision[] = [];
  const ours: VolumeSnapshot[] = [];
  for (const snapshot of snapshots) {
    const reason = setAside(snapshot);
    if (reason === undefined) ours.push(snapshot);
    else aside.push({ ...reported(snapshot), keep: true, reasons: [reason] });
  }
  const backups = (shares: ReadonlyMap<string, string>) =>
    ours.map((snapshot) => snapshotBackup(snapshot, { ...ties, shares }, now));
  const shares = new Map<string, string>();
  // Each takes a request: only what would be deleted is asked for.
  const candidates = plan(backups(shares), settings.retention, now).filter(({ keep }) => !keep);
  await mapParallel(candidates, WIDTH, async ({ backup: { id } }) => {
    if (!hasTime()) throw new HandlerError('the time of the run is over: prune the volumes one by one, with --source');
    const share = await ec2.share(id);
    if (share !== undefined) shares.set(id, share);
  });
  const guards = { ...settings, confirmed: request.confirmed !== undefined };
  return { volume, aside, plan: planPrune(backups(shares), settings.retention, guards, now) };
}

async function carryOut(
  ec2: Ec2Snapshots,
  { volume, aside, plan: { decisions, deletions, refusal } }: PlannedVolume,
  { dryRun, confirmed, explain }: PruneRequest,
  { hasTime }: SnapshotPruneRun,
): Promise<SourceReport> {
  const wanted = confirmed && new Set(confirmed);
  const chosen = deletions.filter(({ id }) => wanted?.has(id) ?? true);
  const errors: string[] = [];
  /** Snapshots that EC2 refused to delete, and why. */
  const refused = new Map<string, string>();
  let [deleted, notReached] = [dryRun ? chosen.length : 0, 0];
  // Oldest first: what a run does not come to is the newer.
  await mapParallel(dryRun ? [] : [...chosen].reverse(), WIDTH, async ({ id }) => {
    if (!hasTime()) return void notReached++;
    try {
      const { held } = await ec2.delete(id);
      if (held === undefined) deleted++;
      else refused.set(id, held);
    } catch (error) {
      errors.push(`${id} could not be deleted: ${errorText(error)}`);
    }
  });
  if (notReached > 0) errors.push(`${notReached} snapshots were not reached in time: the next run continues with them`);
  const all = [...decisions.map((decision) => reportedDecision(decision, refused.get(decision.backup.id))), ...aside];
  const heldBack = decisions.filter(({ backup, reasons }) => backup.held !== undefined && reasons.length === 1);
  const damaged = decisions.flatMap(({ backup: { id, damage } }) => (damage === undefined ? [] : [{ id, damage }]));
  return {
    source: volume,
    kept: all.length - deleted - damaged.length,
    deleted,
    // What a deletion frees nobody can know: snapshots share what did not change between them.
    bytesFreed: 0,
    held: heldBack.length + aside.length + refused.size,
    damaged,
    leftovers: 0,
    ...(refusal && { refusal }),
    errors,
    ...(explain && { decisions: all }),
  };
}

const reportedDecision = ({ backup, keep, reasons }: Decision<SnapshotBackup>, refused: string | undefined) => ({
  ...reported(backup),
  ...(refused === undefined ? { keep, reasons } : { keep: true, reasons: [refused] }),
});

const reported = ({ id, time, bytes }: Pick<VolumeSnapshot, 'id' | 'time' | 'bytes'>) => ({
  id,
  time: time.toISOString(),
  bytes,
});
