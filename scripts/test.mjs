// The tests, on a machine that it makes ready first. Arguments are jest's: npm test -- test/e2e. With --matrix, each suite
// that a server version can change runs on all of them, the self-test, checkov and every mutation run too, and reports are looked at in a real browser.
import { runOnOwnNode, setUpOrExit } from './setup.mjs';

const args = process.argv.slice(2);
const given = args.filter((arg) => arg !== '--matrix');
const isMatrix = given.length < args.length;
if (isMatrix) process.env.TEST_MATRIX = 'all';
setUpOrExit([...(isMatrix ? ['browser', 'checkov'] : []), 'databases', 'restic', 'docker', 'servers', 'schemas']);
process.exitCode = await runOnOwnNode(['node_modules/jest/bin/jest.js', ...given]);
