import * as fs from 'node:fs';

/** Removes what the tests left behind, and nothing else. */
export default function teardown() {
  const { own, before } = globalThis.temporaryFolder;
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  delete process.env.TEST_MODELS;
  delete process.env.NODE_COMPILE_CACHE;
  // What was killed may write for a moment longer.
  fs.rmSync(own, { recursive: true, force: true, maxRetries: 10 });
}
