/** What a report of a bucket is made of: the JSON beside it, whose hash it shows. */
import { createHash } from 'node:crypto';
import { backupIdTime } from '../../../catalog/bucket/names';
import { groupBy } from '../../../catalog/group-by';
import { formatDuration } from '../../../catalog/units';
import { version } from '../../../package.json';
import type { SourceObjectives } from '../aws/objectives';
import type { SourcePlan } from '../aws/plans';
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
}

/** The data of a report. */
export interface ReportData {
  readonly formatVersion: 1;
  readonly bucket: string;
  /** ISO 8601, UTC. */
  readonly madeAt: string;
  /** Of cdk-proven-backups. */
  readonly programVersion: string;
  readonly sources: readonly ReportedSource[];
}

/** The data of a report, from the catalog, the settings of the alarms and what is deployed. */
export function reportData(
  bucket: string,
  backups: readonly ListedBackup[],
  objectives: ReadonlyMap<string, SourceObjectives>,
  now: Date,
  plans: ReadonlyMap<string, SourcePlan> = new Map(),
): ReportData {
  const bySource = groupBy(backups, ({ source }) => source);
  // A source whose backups are all gone is the one to be seen.
  const alarmed = [...objectives].flatMap(([source, { managed }]) => (managed ? [] : [source]));
  const names = [...new Set([...bySource.keys(), ...alarmed, ...plans.keys()])].sort();
  const sources = names.map((source): ReportedSource => {
    const own = bySource.get(source) ?? [];
    const set = objectives.get(source);
    const plan = plans.get(source);
    const { engine, serverVersion } = own.find((one) => one.engine !== undefined) ?? {};
    const problems = [
      ...(own.every(({ damage }) => damage !== undefined) ? ['there is no complete backup'] : []),
      ...own.flatMap(({ id, damage }) => (damage === undefined ? [] : [`backup ${id} is damaged: ${damage}`])),
      ...late(own, set, now),
      ...proofProblems(own, objectives, now).map(({ sentence }) => sentence),
    ];
    return {
      ...{ source, problems, backups: own },
      ...(engine !== undefined && { engine: `${engine} ${serverVersion}` }),
      ...(set && { objectives: set }),
      ...(plan && { plan }),
    };
  });
  return { formatVersion: 1, bucket, madeAt: now.toISOString(), programVersion: version, sources };
}

/** A source that has made no backup for longer than is allowed. */
function late(backups: readonly ListedBackup[], set: SourceObjectives | undefined, now: Date): string[] {
  const newest = backups.find(({ damage }) => damage === undefined);
  if (!newest || set?.allowedAgeSeconds === undefined) return [];
  const age = (now.getTime() - backupIdTime(newest.id)!.getTime()) / 1000;
  if (age <= set.allowedAgeSeconds) return [];
  return [`the newest backup is ${formatDuration(age)} old, the limit is ${formatDuration(set.allowedAgeSeconds)}`];
}

/** The text of the data as it is stored, and its SHA-256 in hex. */
export function reportText(data: ReportData): { readonly text: string; readonly sha256: string } {
  const text = `${JSON.stringify(data, null, 2)}\n`;
  return { text, sha256: createHash('sha256').update(text).digest('hex') };
}
