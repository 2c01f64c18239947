// All tests, on a machine that it makes ready first. Arguments are jest's: npm test -- test/e2e
import { runOnOwnNode, setUpOrExit } from './setup.mjs';

setUpOrExit(['databases', 'docker']);
process.exitCode =
  (await runOnOwnNode(['scripts/build.mjs', '--bundles-only'])) ||
  (await runOnOwnNode(['node_modules/jest/bin/jest.js', '--runInBand', ...process.argv.slice(2)]));
