// All tests, on a machine that it makes ready first. Arguments are jest's: npm test -- test/e2e
import { runOnOwnNode, setUpOrExit } from './setup.mjs';

setUpOrExit(['databases', 'docker', 'schemas']);
process.exitCode = await runOnOwnNode(['node_modules/jest/bin/jest.js', ...process.argv.slice(2)]);
