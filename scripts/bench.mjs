// Compares the dump program with the pipes that people type, or, with --restore, its restores; with --prune, measures how pruning grows: see
// bench/README.md. Makes the machine ready first. Arguments are the benchmark's: npm run bench -- --sizes 1
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { run, ROOT, SetupError, which } from './setup/say.mjs';
import { runOnOwnNode, setUpOrExit } from './setup.mjs';

const SINK = join(ROOT, '.tools/bench-sink');
const MAIN = join(ROOT, 'dist/bench/main.js');

/** The S3 server that everything is uploaded to: written in Go, so that it takes little of the machine. */
function buildSink() {
  const go = which('go', ['/usr/local/go/bin']);
  if (!go) throw new SetupError('Go is not installed: it builds the S3 server of the benchmark; see https://go.dev/dl');
  run(go, ['build', '-o', SINK, 'bench/sink/main.go'], 'could not build the S3 server');
}

const flag = { type: 'boolean', default: false };
const options = { prune: flag, restore: flag, engines: { type: 'string', default: 'mysql' } };
const { prune, restore, engines } = parseArgs({ options, strict: false }).values;
// Only root can make the root that MySQL lives in.
setUpOrExit(prune ? [] : ['databases', ...(`${engines}`.includes('mysql') ? ['mysql'] : [])]);
try {
  if (!prune && !restore) buildSink();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`set-up: ${error.message}\n`);
  process.exit(1);
}
// Only now: the set-up may just have installed it.
const { build } = await import('esbuild');
const entryPoint = `bench/${prune ? 'prune' : restore ? 'restore' : 'main'}.ts`;
const entry = { absWorkingDir: ROOT, entryPoints: [entryPoint], outfile: MAIN };
await build({ ...entry, bundle: true, platform: 'node', packages: 'external', logLevel: 'warning' });
Object.assign(process.env, { BENCH_ROOT: ROOT, BENCH_SINK: SINK });
process.exitCode =
  (await runOnOwnNode(['scripts/build.mjs', '--bundles-only'])) ||
  (await runOnOwnNode([MAIN, ...process.argv.slice(2)]));
