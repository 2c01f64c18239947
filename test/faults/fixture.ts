import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ExitCodeName } from '../../catalog/contract/task';
import { Emulator } from '../emulator/emulator';
import { TestBucket } from '../support/bucket';
import { sqliteJob } from '../support/job';
import { temporaryDirectory } from '../support/processes';
import type { ProgramOptions, ProgramResult } from '../support/program';
import { Program } from '../support/program';
import { S3FaultProxy } from '../support/s3-fault-proxy';
import type { RunReason } from '../../task/run/errors';

/** Shared by the tests of faults: the program, an S3 behind a proxy that injects faults, and an SQLite source. */
export class Fixture {
  private constructor(
    readonly emulator: Emulator,
    readonly bucket: TestBucket,
    readonly proxy: S3FaultProxy,
    readonly directory: string,
  ) {}

  static async start(): Promise<Fixture> {
    const emulator = await Emulator.start();
    const bucket = await TestBucket.create(emulator, 'backups');
    const proxy = await S3FaultProxy.start(emulator.endpoint);
    return new Fixture(emulator, bucket, proxy, temporaryDirectory('faults'));
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    await this.emulator.stop();
    fs.rmSync(this.directory, { recursive: true, force: true, maxRetries: 10 });
  }

  /** Environment of a program that reaches S3 through the proxy. */
  get aws(): Record<string, string> {
    return { ...this.emulator.environment, AWS_ENDPOINT_URL: this.proxy.endpoint };
  }

  /** Destination of a job of this source. */
  place(source: string): { source: string; bucket: string; scratchDirectory: string } {
    return { source, bucket: this.bucket.name, scratchDirectory: this.directory };
  }

  /** An SQLite file of about 20 MB that does not compress: three parts of an upload. */
  sqliteFile(): string {
    const file = path.join(this.directory, 'shop.db');
    if (fs.existsSync(file)) return file;
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY, a BLOB)');
    const insert = database.prepare('INSERT INTO orders (a) VALUES (randomblob(100000))');
    for (let row = 0; row < 200; row++) insert.run();
    database.close();
    return file;
  }

  /** A run that backs the SQLite file up. */
  sqlite(source: string, overrides: Partial<ProgramOptions['job']> = {}): ProgramOptions {
    return { job: { ...sqliteJob(this.sqliteFile(), this.place(source)), ...overrides }, aws: this.aws };
  }

  /**
   * Checks that a run failed as documented and left nothing that could pass for a backup.
   *
   * @param sentence the whole sentence
   * @param reason some of its facts
   */
  async expectFailure(
    result: ProgramResult,
    source: string,
    exit: ExitCodeName,
    sentence: RegExp,
    reason: RunReason,
  ): Promise<void> {
    expect({ exit: result.exit, failure: result.failure }).toEqual({ exit, failure: expect.stringMatching(sentence) });
    expect(result.reason).toMatchObject(reason);
    const stray = (await this.bucket.keys(source)).filter((key) => !key.endsWith('/globals.sql.zst'));
    expect(stray).toEqual([]);
    expect(await this.bucket.unfinishedUploads()).toEqual([]);
    const left = fs.readdirSync(this.directory).filter((name) => name.startsWith('run-'));
    expect(left).toEqual([]);
    const metric = result.output.split('\n').find((line) => line.includes('"BackupSuccess"'));
    if (exit !== 'configuration' && exit !== 'alreadyRunning')
      expect(JSON.parse(metric ?? '{}')).toMatchObject({ Source: source, BackupSuccess: 0 });
  }

  /** Checks that the next run of the source succeeds at once: the lock is free, and nothing stands in its way. */
  async expectNextRunSucceeds(options: ProgramOptions): Promise<void> {
    this.proxy.reset();
    expect(await Program.run(options)).toMatchObject({ exit: 'success', failure: '' });
    expect(await this.bucket.manifests(options.job.source)).toHaveLength(1);
  }
}
