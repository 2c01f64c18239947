// The demo, on a machine that it makes ready first: npm run demo [-- --engine sqlite|mariadb|postgresql]
import { parseArgs } from 'node:util';
import { runOnOwnNode, setUpOrExit } from './setup.mjs';

const ENGINES = { sqlite: [], mariadb: ['mariadb'], postgresql: ['postgresql'] };

function engineAsked() {
  try {
    const { engine } = parseArgs({ options: { engine: { type: 'string', default: 'sqlite' } } }).values;
    if (Object.hasOwn(ENGINES, engine)) return engine;
    process.stderr.write(`--engine must be one of ${Object.keys(ENGINES).join(', ')}, got: ${engine}\n`);
  } catch (error) {
    process.stderr.write(`${error.message}; use: npm run demo -- --engine sqlite|mariadb|postgresql\n`);
  }
  return process.exit(2);
}

const engine = engineAsked();
setUpOrExit(ENGINES[engine]);
process.exitCode =
  (await runOnOwnNode(['scripts/build.mjs', '--bundles-only'])) ||
  (await runOnOwnNode(['scripts/bundle-app.mjs', 'demo/main.ts'], 'ignore')) ||
  (await runOnOwnNode(['dist/apps/demo-main.js', '--engine', engine]));
