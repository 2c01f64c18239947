/** What a report of a bucket is made of: the JSON beside it, whose hash it shows. */
import { createHash } from 'node:crypto';
import { backupIdTime } from '../../../catalog/bucket/names';
import { groupBy } from '../../../catalog/group-by';
import { isComplete } from '../../../catalog/recovery-points';
import { formatDuration } from '../../../catalog/units';
import { version } from '../../../package.json';
import type { SourceObjectives } from '../aws/objectives';
import type { SourcePlan } from '../aws/plans';
import type { ListedRecoveryPoint, ManagedPoints } from '../aws/recovery-points';
import type { ListedBackup } from '../aws/stored-backups';
import { proofProblems } from '../print/proof';

/** One source of a report. */
export interface ReportedSource {
  readonly source: string;
  readonly engine?: string;
  readonly objectives?: SourceObjectives;
  /** Left out where it may not be read, or nothing is deployed. */
  readonly plan?: SourcePlan;
  /** What is wrong with its proofs and objectives, in sentences. */
  readonly problems: readonly string[];
  /** Newest first. */
  readonly backups: readonly ListedBackup[];
  /** Of a source that AWS Backup backs up, which has no backups in the bucket: newest first. */
  readonly recoveryPoints?: readonly ListedRecoveryPoint[];
  /** Its limits are not known, so that nothing says whether its backups are too old. */
  readonly unjudged?: true;
}

/** The data of a report. */
export interface ReportData {
  readonly formatVersion: 1;
  readonly bucket: string;
  /** ISO 8601, UTC. */
  readonly madeAt: string;
  /** Of cdk-proven-backups. */
  readonly programVersion: string;
  /** Why the limits of some sources are not known, in a sentence. */
  readonly objectivesFault?: string;
  readonly sources: readonly ReportedSource[];
}

/** What is known besides the catalog and the limits. */
export interface ReportContext {
  readonly plans?: ReadonlyMap<string, SourcePlan>;
  /** Of the sources that AWS Backup backs up. */
  readonly managed?: ManagedPoints | undefined;
  /** Why not all limits could be read. */
  readonly objectivesFault?: string | undefined;
}

/** The data of a report, from the catalog, the settings of the alarms and what is deployed. */
export function reportData(
  bucket: string,
  backups: readonly ListedBackup[],
  objectives: ReadonlyMap<string, SourceObjectives>,
  now: Date,
  { plans = new Map<string, SourcePlan>(), managed, objectivesFault }: ReportContext = {},
): ReportData {
  const bySource = groupBy(backups, ({ source }) => source);
  const pointsOf = groupBy(managed?.points ?? [], ({ source }) => source);
  // A source whose backups are all gone is the one to be seen.
  const names = [...new Set([...bySource.keys(), ...objectives.keys(), ...plans.keys()])].sort();
  const sources = names.map((source): ReportedSource => {
    const own = bySource.get(source) ?? [];
    const set = objectives.get(source);
    const plan = plans.get(source);
    const recoveryPoints = set?.managed && (pointsOf.get(source) ?? []);
    const { engine, serverVersion } = own.find((one) => one.engine !== undefined) ?? {};
    const unlisted = managed?.faults.get(source);
    const newest = recoveryPoints
      ? { what: 'recovery point', time: recoveryPoints.find(({ state }) => isComplete(state))?.time }
      : { what: 'backup', time: timeOf(own.find(({ damage }) => damage === undefined)) };
    const problems = [
      ...(unlisted === undefined ? late(newest, set, now) : [unlisted]),
      ...own.flatMap(({ id, damage }) => (damage === undefined ? [] : [`backup ${id} is damaged: ${damage}`])),
      ...proofProblems(own, objectives, now).map(({ sentence }) => sentence),
    ];
    return {
      ...{ source, problems, backups: own },
      ...(recoveryPoints && { recoveryPoints }),
      ...(engine !== undefined && { engine: `${engine} ${serverVersion}` }),
      ...(set ? { objectives: set } : objectivesFault !== undefined && ({ unjudged: true } as const)),
      ...(plan && { plan }),
    };
  });
  const known = { bucket, madeAt: now.toISOString(), programVersion: version };
  return { formatVersion: 1, ...known, ...(objectivesFault !== undefined && { objectivesFault }), sources };
}

const timeOf = (backup: ListedBackup | undefined): string | undefined =>
  backup && backupIdTime(backup.id)!.toISOString();

/** A source that has no backup, or has made none for longer than is allowed. */
function late(
  { what, time }: { readonly what: string; readonly time: string | undefined },
  set: SourceObjectives | undefined,
  now: Date,
): string[] {
  if (time === undefined) return [`there is no complete ${what}`];
  const age = (now.getTime() - Date.parse(time)) / 1000;
  if (set?.allowedAgeSeconds === undefined || age <= set.allowedAgeSeconds) return [];
  return [`the newest ${what} is ${formatDuration(age)} old, the limit is ${formatDuration(set.allowedAgeSeconds)}`];
}

/** The text of the data as it is stored, and its SHA-256 in hex. */
export function reportText(data: ReportData): { readonly text: string; readonly sha256: string } {
  const text = `${JSON.stringify(data, null, 2)}\n`;
  return { text, sha256: createHash('sha256').update(text).digest('hex') };
}
