// Compares the dump program with the pipes that people type, or, with --restore, its restores; with --prove, a restore test with a restore; with --prune, measures how pruning grows; with --files, what a change of files costs: see
// bench/README.md. Makes the machine ready first. Arguments are the benchmark's: npm run bench -- --sizes 1
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findGo } from './setup/go.mjs';
import { run, ROOT, SetupError } from './setup/say.mjs';
import { runOnOwnNode, setUpOrExit } from './setup.mjs';

const SINK = join(ROOT, '.tools/bench-sink');
const MAIN = join(ROOT, 'dist/bench/main.js');

/** The S3 server that everything is uploaded to: written in Go, so that it takes little of the machine. */
function buildSink() {
  run(findGo(), ['build', '-o', SINK, 'bench/sink/main.go'], 'could not build the S3 server');
}

const flag = { type: 'boolean', default: false };
const options = {
  prune: flag,
  files: flag,
  restore: flag,
  prove: flag,
  engines: { type: 'string', default: 'mysql,mongodb' },
};
const { prune, files, engines, ...values } = parseArgs({ options, strict: false }).values;
const restore = values.restore || values.prove;
// Only root can make the roots that they live in.
const inRoots = ['mysql', 'mongodb'].filter((engine) => `${engines}`.split(',').includes(engine));
setUpOrExit(prune ? [] : files ? ['restic'] : ['databases', ...inRoots]);
try {
  if (!prune && !files && !restore) buildSink();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`set-up: ${error.message}\n`);
  process.exit(1);
}
// Only now: the set-up may just have installed it.
const { build } = await import('esbuild');
const entryPoint = `bench/${prune ? 'prune' : files ? 'files' : restore ? 'restore' : 'main'}.ts`;
const entry = { absWorkingDir: ROOT, entryPoints: [entryPoint], outfile: MAIN };
await build({ ...entry, bundle: true, platform: 'node', packages: 'external', logLevel: 'warning' });
Object.assign(process.env, { BENCH_ROOT: ROOT, BENCH_SINK: SINK });
process.exitCode =
  (await runOnOwnNode(['scripts/build.mjs', '--bundles-only'])) ||
  (await runOnOwnNode([MAIN, ...process.argv.slice(2)]));
