import * as fs from 'node:fs';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { parseManifest, type DataObject } from '../catalog/bucket/manifest';
import { fileName, MANIFEST_FILE } from '../catalog/bucket/names';
import type { RestoreJob, RestoreRequest } from '../catalog/contract/task';
import { commandOf, ENV, NODE_FILE, PROGRAM_FILE } from '../catalog/contract/task';
import { SmallS3 } from '../test/support/small-s3';
import { temporaryDirectory } from '../test/support/processes';
import { interrupted } from './interrupt';
import { measure, output, say, type Measurable } from './measure';
import { programCommand, shell } from './pipelines';
import { demands, report, type RestorePipeline, type RestoreRun } from './restore-results';
import { machine } from './results';
import { ADMIN, STARTERS, type BenchServer } from './servers';

/** Set by scripts/bench.mjs: the project's folder. */
const { BENCH_ROOT: root = '' } = process.env;
const BUCKET = 'bench';
const SOURCE = 'program';

/** The pipe that a person types, with `$FILE`. */
const RAW: Readonly<Record<BenchServer['engine'], (server: BenchServer) => string>> = {
  mariadb: ({ admin }) =>
    `mariadb --defaults-file=${admin.optionFile} --comments --binary-mode --max-allowed-packet=1G`,
  mysql: ({ admin }) => `mysql --defaults-file=${admin.optionFile} --comments --binary-mode --max-allowed-packet=1G`,
  postgresql: () => 'pg_restore --exit-on-error --create -d postgres',
};

/** A backup that the program made, and its one data object as a file. */
interface Backup {
  readonly id: string;
  readonly object: DataObject;
  readonly file: string;
}

async function backUp(server: BenchServer, s3: SmallS3, directory: string, base: Record<string, string>) {
  s3.clear();
  const dump = programCommand(server, { bucket: BUCKET }, root, directory);
  await output({ ...dump, env: { ...base, ...dump.env } });
  const key = s3.keys.find((one) => one.endsWith(MANIFEST_FILE))!;
  const { backupId, objects } = parseManifest(s3.get(key).toString(), key);
  const object = objects.find(({ kind }) => kind === 'dump')!;
  const file = path.join(directory, fileName(object.key));
  fs.writeFileSync(file, s3.get(object.key));
  return { id: backupId, object, file };
}

function restoreCommand(server: BenchServer, { id }: Backup, directory: string, jobs: number): Measurable {
  const { host, port, pem, engine } = server;
  const job: RestoreJob = {
    ...{ action: 'restore', source: SOURCE, engine, bucket: BUCKET, timeoutSeconds: 3600, scratchDirectory: directory },
    server: { host, port, tls: { mode: 'certificate-authority', pem } },
  };
  const request: RestoreRequest = { backupId: id, ...(jobs > 1 && { jobs }) };
  const local = new Map<string, string>([
    [NODE_FILE, process.execPath],
    [PROGRAM_FILE, path.join(root, 'dist/task/main.js')],
  ]);
  return {
    argv: commandOf('restore').map((word) => local.get(word) ?? word),
    env: {
      [ENV.job]: JSON.stringify(job),
      [ENV.restore]: JSON.stringify(request),
      [ENV.username]: ADMIN.username,
      [ENV.password]: ADMIN.password,
    },
    title: jobs > 1 ? `this program, --jobs ${jobs}` : 'this program',
  };
}

/** All pipelines into the same server, interleaved, each into nothing. */
async function benchServer(server: BenchServer, size: number, runs: number): Promise<RestoreRun[]> {
  const { engine, tools, admin } = server;
  const name = `${engine}, ${size} GB`;
  const directory = temporaryDirectory('bench-restore');
  const s3 = await SmallS3.start();
  const results: RestoreRun[] = [];
  try {
    const PATH = [tools.path, process.env.PATH].join(path.delimiter);
    const base = { PATH, HOME: directory, ...s3.environment };
    say(`${name}: generating, and making the backup`);
    await server.fill({ size, unit: 'GB' });
    const backup = await backUp(server, s3, directory, base);
    const raw = `zstd -dc ${backup.file} | ${RAW[engine](server)}`;
    const all: readonly (readonly [RestorePipeline, Measurable])[] = [
      ['program', restoreCommand(server, backup, directory, 1)],
      ['raw', { argv: shell(raw), env: admin.env, title: `zstd -dc | ${RAW[engine](server).split(' ')[0]}` }],
      ['jobs', restoreCommand(server, backup, directory, 2)],
    ];
    for (let run = 1; run <= runs; run++) {
      for (const [pipeline, command] of all) {
        await server.drop();
        const measured = await measure({ ...command, env: { ...base, ...command.env } }, directory);
        results.push({ engine, size, pipeline, title: command.title, ...measured });
        say(`${name}, run ${run} of ${runs}: ${measured.seconds.toFixed(2)} s: ${command.title}`);
      }
    }
  } finally {
    await s3.stop();
    fs.rmSync(directory, { recursive: true, force: true });
  }
  return results;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      restore: { type: 'boolean' },
      sizes: { type: 'string', default: '1' },
      engines: { type: 'string', default: Object.keys(STARTERS).join(',') },
      runs: { type: 'string', default: '3' },
      output: { type: 'string', default: path.join(root, 'bench/results-restore.json') },
    },
  });
  const engines = values.engines.split(',');
  if (!engines.every((engine) => engine in STARTERS))
    throw new Error(`--engines must be of ${Object.keys(STARTERS).join(', ')}; got: ${values.engines}`);
  const sizes = values.sizes.split(',').map(Number);
  if (!sizes.every((size) => size > 0)) throw new Error(`--sizes must be GB, such as 1; got: ${values.sizes}`);
  const runs = Number(values.runs);
  if (!(Number.isInteger(runs) && runs > 0)) throw new Error(`--runs must be a whole number; got: ${values.runs}`);
  const results: RestoreRun[] = [];
  const versions: Record<string, string> = { node: process.version };
  for (const engine of engines) {
    const server = await STARTERS[engine]!();
    try {
      versions[engine] = server.fullVersion;
      for (const size of sizes) results.push(...(await benchServer(server, size, runs)));
    } finally {
      await server.stop();
    }
  }
  const all = demands(results);
  process.stdout.write(`${report(results, all)}\n`);
  const document = { date: new Date().toISOString(), machine: machine(), versions, requirements: all, runs: results };
  fs.writeFileSync(values.output, `${JSON.stringify(document, null, 2)}\n`);
  say(`written to ${path.relative(process.cwd(), values.output)}`);
  if (all.some(({ met }) => !met)) process.exitCode = 1;
}

main().catch((error: unknown) => {
  const { message } = (interrupted.aborted ? interrupted.reason : error) as Error;
  const usage = '[--sizes 1 --engines mariadb,mysql,postgresql --runs 3 --output bench/results-restore.json]';
  say(interrupted.aborted ? message : `${message}\nusage: npm run bench -- --restore ${usage}`);
  process.exitCode = 2;
});
