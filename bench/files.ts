/** Measures what a small change of many files costs: an incremental backup, an archive, and `aws s3 sync`. */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import type { DumpJob } from '../catalog/contract/task';
import { ENV } from '../catalog/contract/task';
import { temporaryDirectory } from '../test/support/processes';
import { SmallS3 } from '../test/support/small-s3';
import { measure, say, type Measurable } from './measure';

const BUCKET = 'bench';
const FOLDER_FILES = 100;
/** A change of a hundredth may cost this share of the bytes of the first backup: the trees of folders that changed come with it. */
const MOST_BYTES = 0.03;
const WAYS = ['incremental', 'archive', 'sync'] as const;
type Way = (typeof WAYS)[number];

const { BENCH_ROOT: root = '' } = process.env;
const { values } = parseArgs({
  strict: false,
  options: {
    count: { type: 'string', default: '20000' },
    kib: { type: 'string', default: '20' },
    output: { type: 'string', default: path.join(root, 'bench/results-files.json') },
  },
});
const [count, kib] = [Number(values.count), Number(values.kib)];

/** One run. */
interface FilesRun {
  readonly way: Way;
  readonly run: 'first' | 'changed';
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakTreeBytes: number;
  /** Bytes that were put. */
  readonly bytes: number;
}

const fileOf = (directory: string, number: number): string =>
  path.join(directory, `folder-${Math.floor(number / FOLDER_FILES)}`, `file-${number}`);

/** Files as media are: nothing compresses them, and none is like another. */
function write(directory: string, step: number): void {
  for (let number = 0; number < count; number += step) {
    const file = fileOf(directory, number);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    // No whole pages of 512 bytes, which databases have: media hardly ever do.
    fs.writeFileSync(file, randomBytes(kib * 1024 + 1 + (number % 511)));
  }
}

function commandOf(way: Way, s3: SmallS3, directory: string, scratchDirectory: string): Measurable {
  const PATH = ['.tools/restic/bin', '.venv/bin']
    .map((folder) => path.join(root, folder))
    .concat(process.env.PATH ?? '');
  const env = { ...s3.environment, PATH: PATH.join(path.delimiter), HOME: scratchDirectory };
  if (way === 'sync')
    return {
      title: 'aws s3 sync',
      env,
      argv: ['aws', 's3', 'sync', directory, `s3://${BUCKET}/sync`, '--only-show-errors'],
    };
  const job: DumpJob = {
    ...{ action: 'dump', source: way, engine: 'files', bucket: BUCKET, file: directory, files: {}, scratchDirectory },
    ...{ keyArn: 'arn:aws:kms:us-east-1:000000000000:key/bench', compressionLevel: 3, timeoutSeconds: 3600 },
    ...(way === 'incremental' && { repository: { bucket: 'bench' } }),
  };
  return {
    title: `this program, ${way}`,
    env: { ...env, [ENV.job]: JSON.stringify(job), [ENV.repositoryKey]: 'bench' },
    argv: [process.execPath, path.join(root, 'dist/task/main.js'), 'dump'],
  };
}

async function main(): Promise<void> {
  const directory = temporaryDirectory('bench-files');
  const s3 = await SmallS3.start();
  const [files, scratch] = ['files', 'scratch'].map((name) => path.join(directory, name)) as [string, string];
  fs.mkdirSync(scratch);
  const runs: FilesRun[] = [];
  try {
    say(`writing ${count} files of ${kib} KiB`);
    write(files, 1);
    for (const run of ['first', 'changed'] as const) {
      if (run === 'changed') write(files, FOLDER_FILES);
      for (const way of WAYS) {
        s3.requests.length = 0;
        const { seconds, cpuSeconds, peakTreeBytes } = await measure(commandOf(way, s3, files, scratch), directory);
        const bytes = s3.requests
          .filter(({ operation }) => operation === 'PutObject' || operation === 'UploadPart')
          .reduce((sum, one) => sum + one.bytes, 0);
        runs.push({ way, run, seconds, cpuSeconds, peakTreeBytes, bytes });
        say(
          `${way}, ${run}: ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} CPU s, ${(bytes / 1e6).toFixed(1)} MB put`,
        );
      }
    }
  } finally {
    await s3.stop();
    fs.rmSync(directory, { recursive: true, force: true });
  }
  const [first, changed] = runs.filter(({ way }) => way === 'incremental') as [FilesRun, FilesRun];
  const share = changed.bytes / first.bytes;
  fs.writeFileSync(String(values.output), `${JSON.stringify({ count, kib, runs, share }, null, 2)}\n`);
  say(`a change of a hundredth brings ${(share * 100).toFixed(2)} % of the bytes of the first backup`);
  if (share > MOST_BYTES) process.exitCode = 1;
}

void main();
