import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { parseManifest, rowsOf, type DataObject, type Manifest } from '../catalog/bucket/manifest';
import { fileName, MANIFEST_FILE, VERDICT_FILE } from '../catalog/bucket/names';
import { parseVerdict } from '../catalog/bucket/verdict';
import type { ProveJob, RestoreJob, RestoreRequest } from '../catalog/contract/task';
import { commandOf, ENV, NODE_FILE, PROGRAM_FILE } from '../catalog/contract/task';
import { proofDiskBytes } from '../engines/engine-facts';
import { findEngine } from '../engines/facts';
import { SmallS3 } from '../test/support/small-s3';
import { temporaryDirectory, unprivileged } from '../test/support/processes';
import { busySeconds } from './busy';
import { interrupted } from './interrupt';
import { measure, output, say, type Measurable } from './measure';
import { programCommand, shell } from './pipelines';
import { demands, report, type Proof, type RestorePipeline, type RestoreRun } from './restore-results';
import { machine } from './results';
import { ADMIN, type BenchServer } from './server';
import { STARTERS } from './servers';

/** Set by scripts/bench.mjs: the project's folder. */
const { BENCH_ROOT: root = '' } = process.env;
const BUCKET = 'bench';
const SOURCE = 'program';
const KEY_ARN = 'arn:aws:kms:us-east-1:000000000000:key/bench';

/** The command of an action, with what is here in place of what is in an image. */
function ownCommand(action: 'restore' | 'prove'): string[] {
  const program = path.join(root, 'dist/task/main.js');
  return commandOf(action).map((word) => ({ [NODE_FILE]: process.execPath, [PROGRAM_FILE]: program })[word] ?? word);
}

/** The pipe that a person types, with `$FILE`. */
const RAW: Readonly<Record<BenchServer['engine'], (server: BenchServer) => string>> = {
  mariadb: ({ admin }) =>
    `mariadb --defaults-file=${admin.optionFile} --comments --binary-mode --max-allowed-packet=1G`,
  mysql: ({ admin }) => `mysql --defaults-file=${admin.optionFile} --comments --binary-mode --max-allowed-packet=1G`,
  postgresql: () => 'pg_restore --exit-on-error --create -d postgres',
  mongodb: ({ admin }) => `mongorestore --quiet --config=${admin.optionFile} --archive --stopOnError`,
};

/** A backup that the program made, and its one data object as a file. */
interface Backup {
  readonly id: string;
  readonly manifest: Manifest;
  readonly object: DataObject;
  readonly file: string;
}

async function backUp(
  server: BenchServer,
  s3: SmallS3,
  directory: string,
  base: Record<string, string>,
): Promise<Backup> {
  s3.clear();
  const dump = programCommand(server, { bucket: BUCKET }, root, directory);
  await output({ ...dump, env: { ...base, ...dump.env } });
  const key = s3.keys.find((one) => one.endsWith(MANIFEST_FILE))!;
  const manifest = parseManifest(s3.get(key).toString(), key);
  const object = manifest.objects.find(({ kind }) => kind === 'dump')!;
  const file = path.join(directory, fileName(object.key));
  fs.writeFileSync(file, s3.get(object.key));
  return { id: manifest.backupId, manifest, object, file };
}

function restoreCommand(server: BenchServer, { id }: Backup, directory: string, jobs: number): Measurable {
  const { host, port, pem, engine } = server;
  const job: RestoreJob = {
    ...{ action: 'restore', source: SOURCE, engine, bucket: BUCKET, timeoutSeconds: 3600, scratchDirectory: directory },
    server: { host, port, tls: { mode: 'certificate-authority', pem } },
  };
  const request: RestoreRequest = { backupId: id, ...(jobs > 1 && { jobs }) };
  return {
    argv: ownCommand('restore'),
    env: {
      [ENV.job]: JSON.stringify(job),
      [ENV.restore]: JSON.stringify(request),
      [ENV.username]: ADMIN.username,
      [ENV.password]: ADMIN.password,
    },
    title: jobs > 1 ? `this program, --jobs ${jobs}` : 'this program',
  };
}

/** A restore test; as the account of the server if that refuses to run as root. */
function proveCommand({ engine }: BenchServer, { id }: Backup): Measurable & { readonly scratchDirectory: string } {
  const account = engine === 'postgresql' ? unprivileged('postgres') : undefined;
  const scratchDirectory = temporaryDirectory('bench-prove', account);
  const job: ProveJob = {
    ...{ action: 'prove', source: SOURCE, backupId: id, bucket: BUCKET, keyArn: KEY_ARN, timeoutSeconds: 3600 },
    scratchDirectory,
  };
  const as = account ? ['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'] : [];
  const env = { [ENV.job]: JSON.stringify(job), HOME: scratchDirectory };
  return { argv: [...as, ...ownCommand('prove')], env, title: 'restore test by this program', scratchDirectory };
}

/** What the verdict of a backup says. */
function proofOf(s3: SmallS3, { id, manifest }: Backup): Proof {
  const verdict = parseVerdict(s3.get(`${SOURCE}/${id}/${VERDICT_FILE}`).toString());
  if (verdict?.verdict !== 'passed') throw new Error(`the restore test has not passed: ${JSON.stringify(verdict)}`);
  const { loadSeconds = 0, peakMemoryBytes = 0, peakDiskBytes = 0, uncompressedBytes = 0 } = verdict;
  const estimatedDiskBytes = proofDiskBytes(findEngine(manifest.engine)!.proof, uncompressedBytes, rowsOf(manifest));
  return { loadSeconds, peakMemoryBytes, peakDiskBytes, estimatedDiskBytes };
}

/** All pipelines into the same server, interleaved, each into nothing. */
async function benchServer(server: BenchServer, size: number, runs: number, prove: boolean): Promise<RestoreRun[]> {
  const { engine, tools, admin } = server;
  const name = `${engine}, ${size} GB`;
  const directory = temporaryDirectory('bench-restore');
  const s3 = await SmallS3.start();
  const results: RestoreRun[] = [];
  let proof: ReturnType<typeof proveCommand> | undefined;
  try {
    const PATH = [tools.path, process.env.PATH].join(path.delimiter);
    const base = { PATH, HOME: directory, ...s3.environment };
    say(`${name}: generating, and making the backup`);
    await server.fill({ size, unit: 'GB' });
    const backup = await backUp(server, s3, directory, base);
    const raw = `zstd -dc ${backup.file} | ${RAW[engine](server)}`;
    if (prove) proof = proveCommand(server, backup);
    const others: [RestorePipeline, Measurable][] = proof
      ? [['prove', proof]]
      : [
          ['raw', { argv: shell(raw), env: admin.env, title: `zstd -dc | ${RAW[engine](server).split(' ')[0]}` }],
          ['jobs', restoreCommand(server, backup, directory, 2)],
        ];
    const all: typeof others = [['program', restoreCommand(server, backup, directory, 1)], ...others];
    for (let run = 1; run <= runs; run++) {
      for (const [pipeline, command] of all) {
        await server.drop();
        const busyBefore = busySeconds();
        const measured = await measure({ ...command, env: { ...base, ...command.env } }, directory);
        const busy = busySeconds() - busyBefore;
        const verdict = pipeline === 'prove' ? proofOf(s3, backup) : undefined;
        results.push({ engine, size, pipeline, title: command.title, busySeconds: busy, ...measured, ...verdict });
        say(`${name}, run ${run} of ${runs}: ${measured.seconds.toFixed(2)} s: ${command.title}`);
      }
    }
  } finally {
    await s3.stop();
    for (const one of [directory, proof?.scratchDirectory]) if (one) fs.rmSync(one, { recursive: true, force: true });
  }
  return results;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      restore: { type: 'boolean' },
      prove: { type: 'boolean', default: false },
      sizes: { type: 'string', default: '1' },
      engines: { type: 'string', default: Object.keys(STARTERS).join(',') },
      runs: { type: 'string', default: '3' },
      output: { type: 'string' },
    },
  });
  const { output = path.join(root, `bench/results-${values.prove ? 'prove' : 'restore'}.json`) } = values;
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
      for (const size of sizes) results.push(...(await benchServer(server, size, runs, values.prove)));
    } finally {
      await server.stop();
    }
  }
  const all = demands(results, os.cpus().length);
  process.stdout.write(`${report(results, all)}\n`);
  const document = { date: new Date().toISOString(), machine: machine(), versions, requirements: all, runs: results };
  fs.writeFileSync(output, `${JSON.stringify(document, null, 2)}\n`);
  say(`written to ${path.relative(process.cwd(), output)}`);
  if (all.some(({ met }) => !met)) process.exitCode = 1;
}

main().catch((error: unknown) => {
  const { message } = (interrupted.aborted ? interrupted.reason : error) as Error;
  const usage = '[--sizes 1 --engines mariadb,mysql,postgresql,mongodb --runs 3 --output bench/results-restore.json]';
  say(interrupted.aborted ? message : `${message}\nusage: npm run bench -- --restore (or --prove) ${usage}`);
  process.exitCode = 2;
});
