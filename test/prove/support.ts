import { VERDICT_FILE } from '../../catalog/bucket/names';
import { parseVerdict, type Verdict } from '../../catalog/bucket/verdict';
import type { ProveJob } from '../../catalog/contract/task';
import type { RestoreScene, Surroundings } from '../restore/support';
import { KEY_ARN } from '../support/job';
import { Program, type ProgramResult } from '../support/program';

/** A backup of a scene. */
export interface TestedBackup {
  readonly source: string;
  readonly backupId: string;
}

/** The end of a restore test. */
export interface ProveResult extends ProgramResult {
  /** As its log has it. */
  readonly verdict: Verdict | undefined;
  /** As it is beside the manifest now. */
  readonly stored: Verdict | undefined;
}

/** Who tests, where, and with which changes of the job. */
export type ProveOptions = Surroundings & { readonly job?: Partial<ProveJob> };

/** Starts a restore test, for tests that stop it. */
export function startProof(scene: RestoreScene, { source, backupId }: TestedBackup, options: ProveOptions = {}) {
  const { job: changes, ...surroundings } = options;
  const job: ProveJob = {
    ...{ action: 'prove', ...scene.place(source), backupId, keyArn: KEY_ARN, timeoutSeconds: 240 },
    ...changes,
  };
  return Program.start({ job, aws: scene.s3.environment, ...surroundings });
}

/** The verdict that is stored beside a backup. */
export function storedVerdict({ s3 }: RestoreScene, { source, backupId }: TestedBackup): Verdict | undefined {
  const key = `${source}/${backupId}/${VERDICT_FILE}`;
  return s3.keys.includes(key) ? parseVerdict(s3.get(key).toString()) : undefined;
}

/** Tests a backup of the scene's bucket, by the program that ships. */
export async function prove(scene: RestoreScene, backup: TestedBackup, options?: ProveOptions): Promise<ProveResult> {
  const result = await startProof(scene, backup, options).result();
  const verdict = result.log.find(({ event }) => event === 'verdict')?.verdict as Verdict | undefined;
  return { ...result, verdict, stored: storedVerdict(scene, backup) };
}
