import { isUnprovable, VERDICT_FORMAT, type Verdict } from '../../catalog/bucket/verdict';
import { ENV, type ProveJob } from '../../catalog/contract/task';
import { verdictSentence } from '../../catalog/proof-words';
import { contentText } from '../../engines/facts';
import { version } from '../../package.json';
import { ServerClock, createS3Client } from '../io/s3';
import { stopAfter } from '../run/deadline';
import { BackupError, asBackupError } from '../run/errors';
import type { Log } from '../run/log';
import { credentialsOf, type TakenEnvironment } from './environment';
import { judge } from './judge';
import { RestoreTest } from './restore-test';
import { putVerdict } from './verdict';

/** Time for the end of the server. Less than the program has after a signal. */
const CLOSE_MS = 60_000;

/** What a test has besides its job. */
export interface ProveInputs {
  readonly job: ProveJob;
  /** Credentials that no process of this container is to see. */
  readonly taken: TakenEnvironment;
}

/**
 * Tests one backup: restores it into a throw-away server, compares, and stores the verdict beside the manifest.
 *
 * @param stop aborts the test; the program's own signals and the timeout do so too
 * @param closeMs time for the end of the server
 * @throws BackupError `notProven`, `notTested`; one that was interrupted has no verdict
 */
export async function prove(
  { job, taken }: ProveInputs,
  log: Log,
  stop: AbortController,
  closeMs = CLOSE_MS,
): Promise<void> {
  const ended = stopAfter(stop, job.timeoutSeconds, timedOut);
  const s3 = createS3Client(undefined, credentialsOf(taken));
  const clock = new ServerClock(s3);
  const { signal } = stop;
  log.with({ backupId: job.backupId });
  const metadata = taken.ECS_CONTAINER_METADATA_URI_V4;
  const keys = { identity: taken[ENV.identity], repositoryKey: taken[ENV.repositoryKey] };
  log.hide(keys.repositoryKey ?? '');
  const test = new RestoreTest(job, { s3, log, signal, metadata, closeMs, ...keys });
  try {
    const failures: unknown[] = [];
    await test.run().catch((error: unknown) => failures.push(error));
    // Nobody is told of a verdict while the server still runs.
    await test.close().catch((error: unknown) => failures.push(error));
    ended();
    // Whatever broke when the test was stopped is only a consequence.
    if (signal.aborted) failures.unshift(signal.reason);
    const failure = failures.length > 0 ? asBackupError(failures[0]) : undefined;
    if (failure?.reason.kind === 'interrupted' || test.facts.manifestSha256 === undefined) throw untested(failure!);
    const verdict: Verdict = {
      ...{ formatVersion: VERDICT_FORMAT, testedAt: clock.now().toISOString(), programVersion: version },
      ...{ ...judge(test.findings, failure, test.isEncrypted), ...test.facts },
    };
    await conclude(verdict, failure);
  } finally {
    ended();
    s3.destroy();
  }

  async function conclude(verdict: Verdict, failure: BackupError | undefined): Promise<void> {
    const { engine, tables, rows } = verdict;
    const sentence = verdictSentence(verdict, tables === undefined ? undefined : contentText(engine, tables, rows));
    log.info('verdict', sentence, { verdict });
    const put = job.store === 'never' ? Promise.resolve(false) : putVerdict(s3, job, verdict);
    const unstored = await put.then(
      () => undefined,
      (error: unknown) => asBackupError(error),
    );
    if (unstored) log.warn('verdict-not-stored', `the verdict was not stored: ${unstored.message}`);
    if (failure && verdict.verdict === 'failed')
      log.warn('cut-short', `the test found that, and then could not go on: ${failure.message}`);
    // Whoever encrypts to people knows that.
    if (verdict.verdict === 'not-run' && !isUnprovable(verdict))
      throw failure ? untested(failure) : nothingCompared(sentence, verdict);
    // Only a stored verdict is told: without one, nobody would see what the test has found.
    if (unstored && job.store !== 'if-allowed')
      throw untested(unstored, verdict.verdict === 'failed' ? `${sentence}; its verdict was not stored` : undefined);
    if (verdict.verdict === 'failed') throw notProven(sentence, verdict);
  }
}

const timedOut = (limit: string): BackupError =>
  new BackupError(
    'notTested',
    `the restore test took longer than its timeout of ${limit} and was stopped: raise timeout in restoreTesting, and deploy`,
    { kind: 'timed-out' },
  );

const notProven = (sentence: string, { differences = [] }: Verdict): BackupError =>
  new BackupError('notProven', `${sentence}: restore an older backup if you need one now, and find out why`, {
    kind: 'not-proven',
    ...(differences[0] && { object: differences[0].object }),
  });

const nothingCompared = (sentence: string, { reason }: Verdict): BackupError =>
  new BackupError('notTested', `${sentence}: report this, with the log`, {
    kind: 'not-supported',
    ...(reason?.object === undefined ? {} : { object: reason.object }),
  });

/** A test that could not run. What is a fault of the program stays one; so does a signal. */
function untested(failure: BackupError, what = 'the restore test could not run'): BackupError {
  if (['unexpected', 'notTested', 'interrupted', 'interruptedBySigint'].includes(failure.exit)) return failure;
  return new BackupError('notTested', `${what}: ${failure.message}`, failure.reason, { cause: failure });
}
