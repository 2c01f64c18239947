import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The constructs point at bundles: builds them before the unit tests. */
export default function setup() {
  const script = fileURLToPath(new URL('../scripts/build.mjs', import.meta.url));
  execFileSync(process.execPath, [script, '--bundles-only'], { stdio: ['ignore', 'ignore', 'inherit'] });
}
