import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ECSClient } from '@aws-sdk/client-ecs';
import type { S3Client } from '@aws-sdk/client-s3';
import { NoSuchKey, S3ServiceException } from '@aws-sdk/client-s3';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { isSafetyBackup, ManifestError, parseManifest } from '../../catalog/bucket/manifest';
import { manifestKey } from '../../catalog/bucket/names';
import { S3CatalogStore } from '../../catalog/bucket/s3-store';
import type {
  ProveReport,
  ProveRequest,
  RestoreTestSettings,
  StartedTest,
  UnstartedTest,
} from '../../catalog/contract/restore-tests';
import { findEngine } from '../../engines/facts';
import { errorText, HandlerError } from '../shared/errors';
import { logLine } from '../shared/log';
import { Attempts } from './attempts';
import { type TestableBackup, dueBackups, isTriedAsOne, windowOf } from './due';
import { testableBackups } from './testable';
import { testSize } from './size';
import { runningTests, start, testRequest } from './tasks';
import { readTestSettings } from './test-settings';

/** What the function works with. */
export interface StartContext {
  readonly s3: S3Client;
  readonly ssm: SSMClient;
  readonly ecs: ECSClient;
  readonly dynamo: DynamoDBClient;
  /** Path of the parameters with the settings. */
  readonly settings: string;
  /** Name of the table. */
  readonly memory: string;
  readonly hasTime: () => boolean;
  readonly now: Date;
  /** Tells the notify function; left out if no alarms watch. */
  readonly send?: ((report: ProveReport) => Promise<void>) | undefined;
}

type Outcome = { readonly started: StartedTest } | { readonly unstarted: UnstartedTest };

/**
 * Starts the tests that are due, or the one that is asked for.
 *
 * @throws HandlerError if the settings cannot be read, or the source that is asked for is not tested by this function; and, once
 * the others were told, if ECS or the table cannot be asked, or the time is over
 */
export async function startTests(request: ProveRequest, context: StartContext): Promise<ProveReport> {
  const { source: wanted, dryRun = false } = request;
  const settings = await readTestSettings(context.ssm, context.settings);
  if (wanted === undefined && request.backupId !== undefined) {
    throw new HandlerError('the request names a backup, but no source: nothing was done');
  }
  if (wanted !== undefined && !(settings && Object.hasOwn(settings.sources, wanted))) {
    throw new HandlerError(
      `nothing tests backups of ${wanted}: its restoreTest is off, or its engine cannot be tested; change that, and deploy`,
    );
  }
  if (!settings) return { bucket: '', dryRun, started: [], unstarted: [] };
  const outcomes: Outcome[] = [];
  let failure: HandlerError | undefined;
  try {
    const run = new Run(settings, request, context, await runningTests(context.ecs, settings));
    for (const source of wanted === undefined ? inTurn(settings, context.now) : [wanted]) {
      if (!context.hasTime()) throw new HandlerError('the time of the run is over: the next one goes on');
      outcomes.push(...(await run.test(source)));
    }
  } catch (error) {
    failure = error instanceof HandlerError ? error : unasked(error);
  }
  const report: ProveReport = {
    bucket: settings.bucket,
    dryRun,
    started: outcomes.flatMap((one) => ('started' in one ? [one.started] : [])),
    unstarted: outcomes.flatMap((one) => ('unstarted' in one ? [one.unstarted] : [])),
  };
  log(report);
  if (wanted === undefined && !dryRun) await context.send?.(report);
  if (failure) throw failure;
  return report;
}

const unasked = (cause: unknown): HandlerError =>
  new HandlerError(`ECS or the table could not be asked: ${errorText(cause)}: the next run goes on`, { cause });

/** The sources, each hour from another one on: where not all find room, none is always the last. */
function inTurn({ sources, maxAtOnce }: RestoreTestSettings, now: Date): string[] {
  const names = Object.keys(sources);
  const first = (Math.floor(now.getTime() / 3_600_000) * maxAtOnce) % Math.max(1, names.length);
  return [...names.slice(first), ...names.slice(0, first)];
}

function log({ bucket, dryRun, started, unstarted }: ProveReport): void {
  const would = dryRun ? 'would start' : 'started';
  for (const one of started) {
    logLine('info', 'started', `${one.source}: ${would} a restore test of ${one.backupId}`, {
      of: bucket,
      dryRun,
      ...one,
    });
  }
  for (const one of unstarted) {
    const level = one.why === 'waiting' || one.why === 'running' ? 'info' : 'warn';
    const which = one.backupId === undefined ? 'no restore test' : `no restore test of ${one.backupId}`;
    logLine(level, 'not-started', `${one.source}: ${which}: ${one.why}`, { of: bucket, dryRun, ...one });
  }
}

/** One run of the function. */
class Run {
  private readonly attempts: Attempts;
  private readonly store: S3CatalogStore;

  constructor(
    private readonly settings: RestoreTestSettings,
    private readonly request: ProveRequest,
    private readonly context: StartContext,
    /** Sources of the tests that are under way. */
    private readonly running: string[],
  ) {
    this.attempts = new Attempts(context.dynamo, context.memory);
    this.store = new S3CatalogStore(context.s3, settings.bucket);
  }

  /** Starts a test of a source, if one is due. */
  async test(source: string): Promise<readonly Outcome[]> {
    try {
      const candidates = await this.candidates(source);
      if (candidates.length === 0) return this.isAsked ? [unstarted(source, undefined, 'no-backup')] : [];
      if (this.running.includes(source)) return [unstarted(source, candidates[0]!.id, 'running')];
      if (!this.isAsked && this.running.length >= this.settings.maxAtOnce) {
        return [unstarted(source, candidates[0]!.id, 'waiting')];
      }
      const outcomes: Outcome[] = [];
      for (const candidate of candidates) {
        const outcome = await this.testBackup(source, candidate);
        if (outcome) outcomes.push(outcome);
        // What ECS refuses now, it refuses of the next backup as well.
        if (outcome && ('started' in outcome || outcome.unstarted.why === 'refused')) break;
      }
      return outcomes;
    } catch (error) {
      // One source that cannot be read stops none of the others.
      if (!(error instanceof S3ServiceException)) throw error;
      const said = errorText(error);
      const { isAsked, request, context, attempts } = this;
      // No test may be due, and only a test would end the problem: an error of one moment is none.
      if (!isAsked && !request.dryRun && !(await attempts.happensAgain(`${source}/unreadable`, context.now))) {
        logLine('warn', 'unread', `${source}: its backups could not be read, which the next run tries again: ${said}`, {
          of: this.settings.bucket,
          source,
        });
        return [];
      }
      return [unstarted(source, undefined, 'unreadable', { said })];
    }
  }

  private get isAsked(): boolean {
    return this.request.source !== undefined;
  }

  private async candidates(source: string): Promise<readonly TestableBackup[]> {
    const { now } = this.context;
    const { backupId } = this.request;
    if (backupId !== undefined) return testableBackups(this.store, source, { id: backupId });
    if (this.isAsked) return this.newest(source, await testableBackups(this.store, source, {}));
    const plan = this.plan(source);
    const window = windowOf(plan);
    const since = window === undefined ? undefined : new Date(now.getTime() - window * 1000);
    let backups = await testableBackups(this.store, source, { since });
    for (;;) {
      const due = dueBackups(plan, backups, now, Math.random());
      const [first] = due;
      if (!first || !(await this.isSafety(source, first.id))) return due;
      backups = backups.filter((one) => one !== first);
    }
  }

  /** The newest backup before the safety backups of restores, or else the newest. */
  private async newest(source: string, backups: readonly TestableBackup[]): Promise<readonly TestableBackup[]> {
    for (const backup of backups.toReversed()) if (!(await this.isSafety(source, backup.id))) return [backup];
    return backups.slice(-1);
  }

  /** What a restore has replaced is expected to be wrong: a test of it would tell nothing of the others. */
  private async isSafety(source: string, id: string): Promise<boolean> {
    const key = manifestKey(source, id);
    try {
      return isSafetyBackup(parseManifest(await this.store.get(key), key));
    } catch (error) {
      if (error instanceof NoSuchKey || error instanceof ManifestError) return false;
      throw error;
    }
  }

  /** Starts a test of a backup; nothing if it was tried today, or is gone. */
  private async testBackup(source: string, { id, archived }: TestableBackup): Promise<Outcome | undefined> {
    const { now, ecs } = this.context;
    const what = isTriedAsOne(this.plan(source)) ? source : `${source}/${id}`;
    if (!this.isAsked && !(await this.attempts.isFree(what, now))) return undefined;
    // A person may have retrieved it: the test itself will tell.
    if (archived && !this.isAsked) return unstarted(source, id, 'archived');
    const sized = await this.sizeOf(source, id);
    if (!sized || 'unstarted' in sized) return sized;
    const { cluster, logGroup } = this.settings;
    const { cpu, memoryMiB, ephemeralGiB } = sized;
    const test = { source, backupId: id, cluster, logGroup, cpu, memoryMiB, ephemeralGiB };
    if (this.request.dryRun) return this.begun(test);
    if (!this.isAsked && !(await this.attempts.take(what, now))) return undefined;
    const result = await start(ecs, testRequest(this.settings, test, sized));
    if ('task' in result) return this.begun({ ...test, task: result.task });
    if (!this.isAsked) await this.attempts.giveBack(what, now);
    return unstarted(source, id, 'refused', result);
  }

  private plan(source: string) {
    return this.settings.plans[this.settings.sources[source]!.plan ?? 0]!;
  }

  private begun(started: StartedTest): Outcome {
    this.running.push(started.source);
    return { started };
  }

  private async sizeOf(source: string, id: string) {
    const key = manifestKey(source, id);
    try {
      const manifest = parseManifest(await this.store.get(key), key);
      const proof = findEngine(manifest.engine)?.proof;
      if (!proof) return unstarted(source, id, 'not-supported', { said: manifest.engine });
      const size = testSize(manifest, proof);
      return 'neededGiB' in size ? unstarted(source, id, 'too-large', size) : size;
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      if (error instanceof ManifestError) return unstarted(source, id, 'unreadable', { said: error.message });
      throw error;
    }
  }
}

const unstarted = (
  source: string,
  backupId: string | undefined,
  why: UnstartedTest['why'],
  more: Pick<UnstartedTest, 'neededGiB' | 'said'> = {},
): { readonly unstarted: UnstartedTest } => ({
  unstarted: { source, ...(backupId !== undefined && { backupId }), why, ...more },
});
