import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Manifest } from '../../catalog/bucket/manifest';
import { manifestText, parseManifest } from '../../catalog/bucket/manifest';
import { parseManifestKey } from '../../catalog/bucket/names';
import type { FailedLine } from '../../catalog/contract/failure';
import type { RestorePlan, RestoreReport, TargetState } from '../../catalog/contract/restore';
import { planSchema, reportSchema } from '../../catalog/contract/restore';
import type { DumpJob, RestoreJob, RestoreRequest } from '../../catalog/contract/task';
import { temporaryDirectory } from '../support/processes';
import type { ProgramOptions, ProgramResult } from '../support/program';
import { Program } from '../support/program';
import { SmallS3 } from '../support/small-s3';

/** Who runs, and in which image. */
export type Surroundings = Omit<ProgramOptions, 'job' | 'request' | 'aws'>;

/** The end of a restore, with what its log says as facts. */
export interface RestoreResult extends ProgramResult {
  readonly plan: RestorePlan | undefined;
  readonly report: RestoreReport | undefined;
  /** State of the target after a restore that did not succeed. */
  readonly state: TargetState | undefined;
}

/** Reads the facts of a restore from its log. */
export function factsOf(result: ProgramResult): RestoreResult {
  const line = (event: string) => result.log.find((one) => one.event === event);
  const [plan, restored] = [line('plan'), line('restored')];
  return {
    ...result,
    plan: plan && planSchema.parse(plan.plan),
    report: restored && reportSchema.parse(restored.report),
    state: line('target-state')?.state as TargetState | undefined,
  };
}

/** A bucket, and the program that ships, which dumps into it and restores from it. */
export class RestoreScene {
  readonly bucket = 'backups';
  /** Writable for every account: the program makes a directory of its own in it for each run. */
  readonly scratchDirectory: string;

  private constructor(
    readonly s3: SmallS3,
    readonly directory: string,
  ) {
    this.scratchDirectory = path.join(directory, 'scratch');
    fs.mkdirSync(this.scratchDirectory);
    fs.chmodSync(directory, 0o755);
    fs.chmodSync(this.scratchDirectory, 0o777);
  }

  static async start(): Promise<RestoreScene> {
    return new RestoreScene(await SmallS3.start(), temporaryDirectory('restore'));
  }

  async stop(): Promise<void> {
    await this.s3.stop();
    fs.rmSync(this.directory, { recursive: true, force: true, maxRetries: 10 });
  }

  /** Where jobs of a source keep their things: for `serverJob` and `sqliteJob`. */
  place(source: string): { source: string; bucket: string; scratchDirectory: string } {
    return { source, bucket: this.bucket, scratchDirectory: this.scratchDirectory };
  }

  /** Makes a backup, and returns its manifest. */
  async backUp(job: DumpJob, surroundings: Surroundings = {}): Promise<Manifest> {
    const result = await Program.run({ job, aws: this.s3.environment, ...surroundings });
    expect(result).toMatchObject({ exit: 'success', failure: '' });
    return this.manifests(job.source).at(-1)!;
  }

  /** The job that restores into the target of a dump's job, or into another one. */
  jobOf({ source, engine, bucket, scratchDirectory, server, file }: DumpJob, other: Partial<RestoreJob> = {}) {
    const address = server && { host: server.host, port: server.port, tls: server.tls };
    const job: RestoreJob = {
      ...{ action: 'restore', source, engine, bucket, scratchDirectory, timeoutSeconds: 120 },
      ...{ ...(address && { server: address }), ...(file === undefined ? {} : { file }), ...other },
    };
    return job;
  }

  /** Starts a restore, for tests that stop it: `logged` waits for a line, `signal` kills, `result` waits for the end. */
  start(job: RestoreJob, request: RestoreRequest, surroundings: Surroundings = {}): Program {
    return Program.start({ job, request, aws: this.s3.environment, ...surroundings });
  }

  /** Restores to the end. */
  async restore(job: RestoreJob, request: RestoreRequest, surroundings: Surroundings = {}): Promise<RestoreResult> {
    return factsOf(await this.start(job, request, surroundings).result());
  }

  /** Backups of a source, oldest first. */
  manifests(source: string): Manifest[] {
    const keys = this.s3.keys.filter((key) => parseManifestKey(key)?.source === source);
    return keys.map((key) => parseManifest(this.s3.get(key).toString(), key));
  }

  /** Changes the bytes of a backup's first object before compression, which its manifest knows afterwards. */
  edit(manifest: Manifest, change: (bytes: Buffer) => Buffer): void {
    const [object, ...others] = manifest.objects;
    const bytes = change(zstdDecompressSync(this.s3.get(object!.key)));
    const body = zstdCompressSync(bytes);
    const sha256 = createHash('sha256').update(body).digest('hex');
    this.s3.put(object!.key, body);
    const changed = { ...object!, sha256, bytes: body.length, uncompressedBytes: bytes.length };
    this.putManifest({ ...manifest, objects: [changed, ...others] });
  }

  /** Replaces the manifest of a backup, or the one of another key. */
  putManifest(manifest: Manifest, key = `${manifest.source}/${manifest.backupId}/manifest.json`): void {
    this.s3.put(key, manifestText(manifest));
  }
}

/** The line `failed`, as readers of the log get it. */
export const failedOf = ({ log }: ProgramResult): FailedLine | undefined =>
  log.find(({ event }) => event === 'failed') as FailedLine | undefined;
