// All tests, on a machine that it makes ready first. Arguments are jest's: npm test -- test/e2e. With --matrix, each suite
// that a server version can change runs on all of them.
import { runOnOwnNode, setUpOrExit } from './setup.mjs';

const args = process.argv.slice(2);
const given = args.filter((arg) => arg !== '--matrix');
if (given.length < args.length) process.env.TEST_MATRIX = 'all';
setUpOrExit(['databases', 'docker', 'servers', 'schemas', 'checkov']);
process.exitCode = await runOnOwnNode(['node_modules/jest/bin/jest.js', ...given]);
