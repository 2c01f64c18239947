import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Evidence } from '../../catalog/bucket/evidence';
import { dumpedBytes, ENCRYPTED, rowsOf, type Manifest } from '../../catalog/bucket/manifest';
import type { ProofCheck, Verdict } from '../../catalog/bucket/verdict';
import { noteRecord } from '../../catalog/contract/note';
import type { ProveJob } from '../../catalog/contract/task';
import { formatBytes, formatDuration } from '../../catalog/units';
import type { EngineRestore, ScratchServer, ScratchTarget } from '../../engines/engine';
import { findEngine } from '../../engines/facts';
import { engineProgram } from '../../engines/programs';
import { ReadMeter } from '../restore/meter';
import { StoredObjects } from '../restore/objects';
import { checkedManifest, readManifestText } from '../restore/read-manifest';
import { BackupError } from '../run/errors';
import type { Log } from '../run/log';
import { Notes } from '../run/notes';
import { makeScratch } from '../run/scratch';
import { untilAborted } from '../run/until-aborted';
import { compareSections } from './compare/sections';
import { compareAnswers, compareDumpedRows, requireAnswers } from './compare-dumps';
import type { ProofContext } from './context';
import { DiskMeter, requireDisk } from './disk';
import { readEvidence } from './evidence';
import { checkExpectations } from './expectations';
import { Findings, type Finding } from './findings';
import { requireListed } from './listed';
import { differenceOf } from './judge';
import { BackupSections, isData, loadBackup } from './load';
import { peakMemory, serverMemory } from './memory';
import { judgeOrphans } from './orphans';
import { dumpAgain, type SecondDump } from './second-dump';
import { checkStoredBytes, unprovable } from './stored-bytes';

/** Where a test runs. */
export interface TestPlace {
  readonly s3: S3Client;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Address of the metadata of the ECS task. */
  readonly metadata: string | undefined;
  /** Text of private keys. */
  readonly identity: string | undefined;
  /** The key of the source's repository. */
  readonly repositoryKey: string | undefined;
  /** Time for the end of the server and of all connections. */
  readonly closeMs: number;
}

/** One restore test, from the manifest to what it has found. */
export class RestoreTest {
  readonly findings = new Findings();
  /** What is known of the test so far. */
  readonly facts: Partial<Omit<Verdict, 'verdict'>> = {};
  /** Whether the backup is encrypted, so that nobody else may read it. */
  isEncrypted = false;
  private readonly meter: ReadMeter;
  private readonly began = performance.now();
  private notes: Notes | undefined;
  private scratch: string | undefined;
  private disk: DiskMeter | undefined;
  private server: ScratchServer | undefined;
  private restore: EngineRestore | undefined;
  /** What is under way. */
  private work: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly job: ProveJob,
    private readonly place: TestPlace,
  ) {
    this.meter = new ReadMeter(place.log);
  }

  /**
   * Runs as far as that makes sense.
   *
   * @throws BackupError if it cannot go on for a reason that says nothing of the backup
   */
  async run(): Promise<void> {
    const { s3, log, signal } = this.place;
    const { job, facts } = this;
    Object.assign(facts, { source: job.source, backupId: job.backupId });
    const manifestText = await untilAborted(signal, readManifestText(s3, job, job));
    facts.manifestSha256 = createHash('sha256').update(manifestText).digest('hex');
    let manifest: Manifest | undefined;
    await this.step('bytes', async () => {
      manifest = checkedManifest(manifestText, job, job);
      return { differences: [], compared: 0 };
    });
    if (!manifest) return;
    log.with({ engine: manifest.engine });
    await this.test(manifest);
  }

  private async test(manifest: Manifest): Promise<void> {
    const { job, facts, meter } = this;
    const { s3, log, signal } = this.place;
    const bytes = manifest.objects.reduce((total, object) => total + object.bytes, 0);
    Object.assign(facts, { engine: manifest.engine, tables: manifest.tables.length, rows: rowsOf(manifest) });
    Object.assign(facts, { bytes, uncompressedBytes: dumpedBytes(manifest) });
    this.isEncrypted = manifest.objects.some(({ compression }) => compression === ENCRYPTED);
    if (this.isEncrypted && this.place.identity === undefined) {
      meter.expect(bytes);
      const isStored = await this.step('bytes', () => checkStoredBytes({ ...this.place, job, meter }, manifest));
      if (isStored) throw unprovable(manifest);
      return;
    }
    const needs = findEngine(manifest.engine)?.proof;
    if (!needs) throw notSupported(manifest.engine);
    const engine = engineProgram(manifest.engine);
    this.notes = new Notes(manifest.engine, log);
    this.scratch = await makeScratch(job.scratchDirectory, 'prove-');
    this.disk = new DiskMeter(this.scratch);
    await requireDisk(this.scratch, manifest, needs);
    const [serverDirectory, restoreDirectory, dumpDirectory] = await this.directories('s', 'r', 'd');
    const sections = engine.proof.sections(manifest);
    const backup = new BackupSections({ manifest, sections });
    const objects = new StoredObjects({
      ...{ s3, job, request: { stream: true }, scratch: restoreDirectory!, signal, meter },
      identity: this.place.identity,
      observe: (object) => backup.observe(object),
    });
    const access = { s3, key: this.place.repositoryKey };
    meter.expect(bytes, dumpedBytes(manifest));
    let evidence: Evidence | undefined;
    const isThere = await this.step('bytes', async () => {
      await requireListed(s3, job, manifest.objects, signal);
      await objects.requireAll(manifest.objects);
      evidence = await readEvidence(manifest, objects);
      return { differences: [], compared: 0 };
    });
    if (!isThere) return;
    const context: ProofContext = {
      ...{ job, manifest, engine, sections, objects, access, evidence, log, meter, signal },
      cpus: availableParallelism(),
    };
    meter.begin('starting');
    const memoryBytes = await serverMemory(this.place.metadata);
    const server = (this.server = engine.proof.createScratchServer({
      ...{ manifest, objects, access, directory: serverDirectory!, memoryBytes, cpus: context.cpus, signal },
    }));
    let target: ScratchTarget | undefined;
    // An engine may look into the backup first: for what its server needs.
    await this.step('load', async () => {
      target = await server.start();
      return { differences: [], compared: 0 };
    });
    if (!target) return;
    facts.serverVersion = target.serverVersion;
    log.info('scratch-server', `a throw-away server of version ${target.serverVersion} takes ${formatBytes(bytes)}`);
    if (!(await this.load(context, target, restoreDirectory!, backup))) return;
    const again = await this.dumpAndCompare(context, target, dumpDirectory!, backup);
    meter.begin('checking');
    await this.step('engine', async () => judgeOrphans(await server.check(), this.findings, manifest));
    const { expectations = [] } = manifest;
    if (!again) return;
    await this.step('expectations', () => checkExpectations(expectations, server, again.facts.tables.length));
    await this.step('inventory', async () => {
      requireAnswers(context, again);
      return { differences: [], compared: 0 };
    });
  }

  /** @returns whether all was loaded, so that it can be compared */
  private async load(
    context: ProofContext,
    target: ScratchTarget,
    scratch: string,
    backup: BackupSections,
  ): Promise<boolean> {
    const { manifest, objects } = context;
    const { findings, facts, notes } = this;
    let isSame = false;
    const isLoaded = await this.step('load', async () => {
      const keep = (restore: EngineRestore) => void (this.restore = restore);
      const loaded = await loadBackup(context, target, scratch, (note) => notes!.add(note), keep);
      facts.loadSeconds = loaded.seconds;
      for (const one of loaded.differences) findings.add(one.check as ProofCheck, { differences: [one], compared: 0 });
      isSame = loaded.differences.length === 0;
      return { differences: [], compared: manifest.objects.filter(isData).length };
    });
    await this.disk!.measure();
    if (!isLoaded) return false;
    const isRead = await this.step('bytes', async () => {
      for (const object of backup.unread) await objects.verify(object, () => undefined);
      return { differences: [], compared: manifest.objects.length };
    });
    return isRead && isSame;
  }

  private async dumpAndCompare(
    context: ProofContext,
    target: ScratchTarget,
    scratch: string,
    backup: BackupSections,
  ): Promise<SecondDump | undefined> {
    let again: SecondDump | undefined;
    let rows: readonly string[] = [];
    await this.step('sections', async () => {
      again = await dumpAgain(context, { target, scratch });
      const compared = compareSections(backup.all, again.sections.all);
      ({ rows } = compared);
      return { ...compared, left: backup.left };
    });
    await this.disk!.measure();
    if (!again) return undefined;
    // Before the rows: what is found by now is not lost if the server dies over them.
    compareAnswers(context, again, this.findings);
    await this.step('sections', () => compareDumpedRows(context, { target, scratch }, backup, rows));
    return again;
  }

  /**
   * Ends the server and all connections, and removes all files.
   *
   * @throws BackupError `notTested` if that takes too long
   */
  async close(): Promise<void> {
    const { closeMs } = this.place;
    const ending = new AbortController();
    this.meter.stop();
    try {
      const closed = (async () => {
        // A restore may wait for a server that does not answer any more.
        await Promise.all([this.server?.close(), this.restore?.close().catch(() => undefined)]);
        await this.work;
        return true;
      })();
      if (!(await Promise.race([closed, sleep(closeMs, false, { signal: ending.signal })]))) throw notClosed(closeMs);
    } finally {
      ending.abort();
      this.disk?.stop();
      if (this.scratch !== undefined) await rm(this.scratch, { recursive: true, force: true });
      Object.assign(this.facts, {
        seconds: Math.round(performance.now() - this.began) / 1000,
        peakMemoryBytes: peakMemory(this.place.metadata !== undefined),
        ...(this.disk && { peakDiskBytes: this.disk.peak }),
        ...(this.notes && this.notes.all.length > 0 ? { notes: this.notes.all.map(noteRecord) } : {}),
      });
    }
  }

  /**
   * Adds what a check finds, and what its failure says of the backup.
   *
   * @returns whether the test can go on
   * @throws whatever says nothing of the backup
   */
  private async step(check: ProofCheck, work: () => Promise<Finding>): Promise<boolean> {
    try {
      this.findings.add(check, await this.does(work()));
      return true;
    } catch (error) {
      this.place.signal.throwIfAborted();
      const ended = await this.server?.ended?.();
      this.place.signal.throwIfAborted();
      if (ended) throw ended;
      const difference = differenceOf(check, error);
      if (!difference) throw error;
      this.findings.add(difference.check as ProofCheck, { differences: [difference], compared: 0 });
      return false;
    }
  }

  private does<T>(work: Promise<T>): Promise<T> {
    this.work = work.catch(() => undefined);
    return untilAborted(this.place.signal, work);
  }

  private async directories(...names: string[]): Promise<string[]> {
    const paths = names.map((name) => join(this.scratch!, name));
    for (const path of paths) await mkdir(path, { mode: 0o700 });
    return paths;
  }
}

const notSupported = (engine: string): BackupError =>
  new BackupError(
    'notTested',
    `this version makes no restore tests of the engine ${engine}: update cdk-proven-backups, or switch the restore test of this source off`,
    { kind: 'not-supported', object: engine },
  );

const notClosed = (ms: number): BackupError =>
  new BackupError('notTested', `the throw-away server did not end within ${formatDuration(ms / 1000)}: end its task`, {
    kind: 'scratch-server',
  });
