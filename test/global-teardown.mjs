import * as fs from 'node:fs';

/** Removes what the tests left behind. */
export default function teardown() {
  fs.rmSync(process.env.TMPDIR, { recursive: true, force: true });
}
