/** Whether backups are proven, in words. */
import { Judgement } from '../../../catalog/bucket/judgement';
import { isUnprovable } from '../../../catalog/bucket/verdict';
import { backupIdTime } from '../../../catalog/bucket/names';
import { retrievalSeconds } from '../../../catalog/bucket/tiers';
import { groupBy } from '../../../catalog/group-by';
import { countOf, formatDuration } from '../../../catalog/units';
import { UNPROVABLE, untestedText } from '../../../catalog/proof-words';
import type { SourceObjectives } from '../aws/objectives';
import type { ListedBackup, TestResult } from '../aws/stored-backups';
import { instant, tookText } from './times';

/** Whether a backup is proven, in a few words: `yes, 3 min 12 s`; `FAILED`; `not run`; `no`. */
export function provenWord(test: TestResult | undefined): string {
  if (test?.verdict === 'failed') return 'FAILED';
  if (test && isUnprovable(test)) return UNPROVABLE;
  if (test?.verdict === 'not-run') return 'not run';
  if (!test) return 'no';
  return test.loadSeconds === undefined ? 'yes' : `yes, ${tookText(test.loadSeconds)}`;
}

/** The same in a sentence: `yes, 2026-11-20T05:00:00Z: the restore took 3 min 12 s`. */
export function provenSentence(test: TestResult | undefined): string {
  if (!test) return 'no: there was no restore test';
  const { verdict, loadSeconds, differenceCount, reason } = test;
  const testedAt = instant(new Date(test.testedAt));
  if (isUnprovable(test)) return `no: ${untestedText(reason!)}, ${testedAt}`;
  if (verdict === 'not-run')
    return `no: the restore test of ${testedAt} could not run: ${untestedText(reason ?? { kind: 'other' })}`;
  if (verdict === 'failed') {
    const found = differenceCount === undefined ? '' : `: ${countOf(differenceCount, 'difference')}`;
    return `NO: the restore test failed, ${testedAt}${found}`;
  }
  return `yes, ${testedAt}${loadSeconds === undefined ? '' : `: the restore took ${tookText(loadSeconds)}`}`;
}

/**
 * What a restore takes: as its restore test has measured, and the retrieval from the tier of the backup. `undefined` if no test
 * has measured it.
 */
export function recoveryOf(
  test: TestResult | undefined,
  storageClass: string,
): { readonly seconds: number; readonly text: string } | undefined {
  const { verdict, loadSeconds } = test ?? {};
  if (verdict !== 'passed' || loadSeconds === undefined) return undefined;
  const waits = retrievalSeconds(storageClass);
  const seconds = waits + loadSeconds;
  const parts = waits > 0 ? ` (${formatDuration(waits)} to retrieve it, ${tookText(loadSeconds)} to load it)` : '';
  return { seconds, text: `${tookText(seconds)}${parts}` };
}

/** What is wrong with a source, in a sentence. */
export interface SourceProblem {
  readonly source: string;
  readonly sentence: string;
}

/** What is wrong with the proofs and the objectives of the sources of a list. */
export function proofProblems(
  backups: readonly ListedBackup[],
  objectives: ReadonlyMap<string, SourceObjectives>,
  now: Date,
): SourceProblem[] {
  return [...groupBy(backups, ({ source }) => source)].flatMap(([source, all]) => {
    const set = objectives.get(source);
    const whole = all.filter(({ damage }) => damage === undefined);
    const ageOf = ({ id }: ListedBackup): number => (now.getTime() - backupIdTime(id)!.getTime()) / 1000;
    const [newest, oldest] = [whole[0], whole.at(-1)];
    const usual = whole.filter(({ safety }) => !safety);
    const proven = usual.find(({ test }) => test?.verdict === 'passed');
    const failed = failedOf(usual);
    const said: string[] = [];
    if (failed !== undefined)
      said.push(
        `the restore test of backup ${failed} failed; ${proven ? `the newest that is proven is ${proven.id}` : 'none is proven'}`,
      );
    // Before one is proven, tests are waited for since the first backup.
    const waited = proven ?? (failed === undefined ? oldest : undefined);
    if (set && set.tests === undefined && waited && ageOf(waited) > set.provenAgeSeconds)
      said.push(
        `a restore test is overdue: ${proven ? 'the newest proven backup' : 'no backup is proven, and the oldest'} is ${formatDuration(ageOf(waited))} old, the limit is ${formatDuration(set.provenAgeSeconds)}`,
      );
    const { recoveryTimeSeconds: time = Infinity, recoveryPointSeconds: point = Infinity } = set ?? {};
    const recovery = proven && recoveryOf(proven.test, proven.storageClass);
    if (recovery && recovery.seconds > time)
      said.push(`a restore takes ${recovery.text}, the objective is ${formatDuration(time)}`);
    if (newest && ageOf(newest) > point)
      said.push(`the newest backup is ${formatDuration(ageOf(newest))} old, the objective is ${formatDuration(point)}`);
    return said.map((sentence) => ({ source, sentence }));
  });
}

/** Id of the backup whose restore test failed, if that {@link Judgement failure stands}. */
function failedOf(backups: readonly ListedBackup[]): string | undefined {
  const tested = backups.flatMap(({ id, test }) => (test ? [{ id, test }] : []));
  const judgement = new Judgement();
  for (const { id, test } of tested.sort((a, b) => Date.parse(b.test.testedAt) - Date.parse(a.test.testedAt))) {
    const { verdict: result, reason, failedChecks = [] } = test;
    judgement.add({ id, result, reason, differences: failedChecks.map((check) => ({ check })) });
  }
  return judgement.failed?.id;
}
