import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The constructs point at bundles: builds them before the tests. What tests leave behind goes with a folder of their own. */
export default function setup() {
  const script = fileURLToPath(new URL('../scripts/build.mjs', import.meta.url));
  execFileSync(process.execPath, [script, '--bundles-only'], { stdio: ['ignore', 'ignore', 'inherit'] });
  // Every synthesis without a folder makes one, and the CDK removes none of them.
  const own = path.join(os.tmpdir(), `proven-backups-${randomBytes(4).toString('hex')}`);
  fs.mkdirSync(own);
  // As any folder for this: servers run as users of their own.
  fs.chmodSync(own, 0o1777);
  globalThis.temporaryFolder = { own, before: process.env.TMPDIR };
  process.env.TMPDIR = own;
  // Servers copy their first data from there: see test/servers/data-directory.ts.
  process.env.TEST_MODELS = path.join(own, 'models');
  fs.mkdirSync(process.env.TEST_MODELS);
  // Programs start a thousand times: Node.js keeps what it has compiled. For users of images, too.
  process.env.NODE_COMPILE_CACHE = path.join(own, 'compiled');
  fs.mkdirSync(process.env.NODE_COMPILE_CACHE);
  fs.chmodSync(process.env.NODE_COMPILE_CACHE, 0o1777);
}
