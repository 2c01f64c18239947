import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The constructs point at bundles: builds them before the tests. What tests leave behind goes with a folder of their own. */
export default function setup() {
  const script = fileURLToPath(new URL('../scripts/build.mjs', import.meta.url));
  execFileSync(process.execPath, [script, '--bundles-only'], { stdio: ['ignore', 'ignore', 'inherit'] });
  // Every synthesis without a folder makes one, and the CDK removes none of them.
  const own = fs.mkdtempSync(path.join(os.tmpdir(), 'proven-backups-'));
  // As any folder for this: servers run as users of their own.
  fs.chmodSync(own, 0o1777);
  globalThis.temporaryFolder = { own, before: process.env.TMPDIR };
  process.env.TMPDIR = own;
  // Servers copy their first data from there: see test/servers/data-directory.ts.
  process.env.TEST_MODELS = path.join(own, 'models');
  fs.mkdirSync(process.env.TEST_MODELS);
}
