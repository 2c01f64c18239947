import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { temporaryDirectory } from '../test/support/processes';
import { interrupted } from './interrupt';
import { measure, output, say } from './measure';
import type { Pipeline } from './pipelines';
import { commands, PIPELINES } from './pipelines';
import type { Run } from './results';
import { machine, report, requirements, summarise } from './results';
import type { Load } from './rows';
import type { S3Server } from './s3-server';
import { startS3 } from './s3-server';
import type { BenchServer } from './server';
import { STARTERS } from './servers';

const USAGE =
  'npm run bench [-- --sizes 1,4 (or --tables 5000) --engines mariadb,mongodb,mysql,postgresql --pipelines program,encrypted,everyday,raw --runs 3 --output bench/results.json]';

/** Set by scripts/bench.mjs: the project's folder, and the binary of the S3 server. */
const env = process.env;
const { BENCH_ROOT: root = '', BENCH_SINK: sink = '' } = env;

function options() {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string', default: '1,4' },
      tables: { type: 'string' },
      engines: { type: 'string', default: Object.keys(STARTERS).join(',') },
      pipelines: { type: 'string' },
      runs: { type: 'string', default: '3' },
      output: { type: 'string' },
    },
  });
  const unit = values.tables === undefined ? 'GB' : 'tables';
  const sizes = (values.tables ?? values.sizes).split(',').map(Number);
  const engines = values.engines.split(',');
  const runs = Number(values.runs);
  if (!sizes.every((size) => size > 0 && (unit === 'GB' || Number.isInteger(size)))) {
    throw new Error(`--sizes must be GB, such as 1,4, and --tables whole numbers; got: ${sizes.join(',')}`);
  }
  if (!engines.every((name) => name in STARTERS)) {
    throw new Error(`--engines must be of ${Object.keys(STARTERS).join(', ')}; got: ${values.engines}`);
  }
  // Nobody has to wait for the everyday pipe of small tables: it is the raw one, but for the upload.
  const { pipelines: chosen = unit === 'GB' ? PIPELINES.join(',') : 'program,raw' } = values;
  const pipelines = PIPELINES.filter((name) => chosen.split(',').includes(name));
  if (!pipelines.includes('program') || pipelines.length < chosen.split(',').length) {
    throw new Error(`--pipelines must be of ${PIPELINES.join(', ')}, with program; got: ${chosen}`);
  }
  if (!(Number.isInteger(runs) && runs > 0)) throw new Error(`--runs must be a whole number; got: ${values.runs}`);
  const { output = path.join(root, `bench/results${unit === 'GB' ? '' : '-tables'}.json`) } = values;
  const loads = sizes.sort((a, b) => a - b).map((size): Load => ({ size, unit }));
  return { loads, engines, pipelines, runs, output };
}

interface Repeat {
  readonly pipelines: readonly Pipeline[];
  readonly runs: number;
}

/** The pipelines on one database, interleaved, so that a slow minute of the machine is no pipeline's bad luck. */
async function benchLoad(server: BenchServer, s3: S3Server, load: Load, { pipelines, runs }: Repeat): Promise<Run[]> {
  const { engine } = server;
  const name = `${engine}, ${load.size} ${load.unit}`;
  say(`${name}: generating`);
  await server.fill(load);
  const { all, warmUp, remove } = commands(server, s3, root);
  const directory = temporaryDirectory('bench');
  const results: Run[] = [];
  try {
    say(`${name}: warming the caches`);
    const rawBytes = Number(await output(warmUp));
    for (let run = 1; run <= runs; run++) {
      for (const pipeline of pipelines) {
        const { title, prefix } = all[pipeline];
        const measured = await measure(all[pipeline], directory);
        const bytesOut = prefix === undefined ? rawBytes : await s3.collect(prefix);
        results.push({ engine, ...load, pipeline, title, bytesOut, ...measured });
        say(`${name}, run ${run} of ${runs}: ${measured.seconds.toFixed(2)} s: ${title}`);
      }
    }
  } finally {
    remove();
    fs.rmSync(directory, { recursive: true });
  }
  return results;
}

const firstLine = (file: string, ...args: string[]): string =>
  execFileSync(file, args, { encoding: 'utf8' }).split('\n')[0]!.trim();

async function main(): Promise<void> {
  const { loads, engines, output: file, ...repeat } = options();
  const results: Run[] = [];
  const versions: Record<string, string> = {
    program: (JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }).version,
    node: process.version,
    zstd: firstLine('zstd', '--version'),
    gzip: firstLine('gzip', '--version'),
    aws: firstLine(path.join(root, '.venv/bin/aws'), '--version'),
  };
  const s3 = await startS3(sink);
  try {
    for (const engine of engines) {
      const server = await STARTERS[engine]!();
      try {
        versions[engine] = server.fullVersion;
        for (const load of loads) results.push(...(await benchLoad(server, s3, load, repeat)));
      } finally {
        await server.stop();
      }
    }
  } finally {
    await s3.stop();
  }
  const summaries = summarise(results);
  const demands = requirements(summaries);
  process.stdout.write(`${report(summaries, demands)}\n`);
  const date = new Date().toISOString();
  const document = { date, machine: machine(), versions, requirements: demands, summaries, runs: results };
  fs.writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
  say(`written to ${path.relative(process.cwd(), file)}`);
  if (demands.some(({ met }) => !met)) process.exitCode = 1;
}

main().catch((error: unknown) => {
  const { message } = (interrupted.aborted ? interrupted.reason : error) as Error;
  say(interrupted.aborted ? message : `${message}\nusage: ${USAGE}`);
  process.exitCode = 2;
});
