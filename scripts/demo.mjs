// The demo, on a machine that it makes ready first: npm run demo [-- --engine sqlite|mysql|mariadb|postgresql|mongodb] [--keep]
import { parseArgs } from 'node:util';
import { runOnOwnNode, setUpOrExit } from './setup.mjs';

const ENGINES = {
  sqlite: [],
  mysql: ['mysql'],
  mariadb: ['mariadb'],
  postgresql: ['postgresql'],
  mongodb: ['mongodb'],
};
const NAMES = Object.keys(ENGINES);

const USAGE = `Usage: npm run demo [-- <options>]

Shows a backup from "cdk deploy" to its proof, a backup that lost something and
is not proven, the restore of a book that was deleted, a failure, and the alarm
email that it sends, on this machine. An emulated AWS stands for the real one;
the CDK CLI, the stack, the program that dumps, tests and restores, and the
database are real. Takes about a minute after set-up, and leaves nothing behind.

Options:
  --engine <name>  one of ${NAMES.join(', ')}
                   (default: sqlite). Installs the server by apt-get if it is
                   missing; MySQL, in a root of its own, takes minutes once, as
                   does FerretDB, which stands for MongoDB
  --keep           leaves everything up, prints commands to try, and ends with
                   Ctrl-C
  --help           prints this help
`;

function options() {
  try {
    const { values } = parseArgs({
      options: {
        engine: { type: 'string', default: 'sqlite' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (Object.hasOwn(ENGINES, values.engine)) return values;
    process.stderr.write(`--engine must be one of ${NAMES.join(', ')}, got: ${values.engine}\n`);
  } catch (error) {
    // parseArgs adds advice about "--" that means nothing here.
    process.stderr.write(`${error.message.split('. ')[0]}\n\n${USAGE}`);
  }
  return process.exit(2);
}

const { engine, keep, help } = options();
if (help) {
  process.stdout.write(USAGE);
} else {
  setUpOrExit(ENGINES[engine]);
  process.exitCode =
    (await runOnOwnNode(['scripts/build.mjs', '--bundles-only'])) ||
    (await runOnOwnNode(['scripts/bundle-app.mjs', 'demo/main.ts'], 'ignore')) ||
    (await runOnOwnNode(['dist/apps/demo-main.js', '--engine', engine, ...(keep ? ['--keep'] : [])]));
}
