import * as fs from 'node:fs';

/** Removes what the tests left behind, and nothing else. */
export default function teardown() {
  const { own, before } = globalThis.temporaryFolder;
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  delete process.env.TEST_MODELS;
  fs.rmSync(own, { recursive: true, force: true });
}
