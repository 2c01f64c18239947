// Bundles a program of this repository that is written in TypeScript into dist/apps: node scripts/bundle-app.mjs <entry>
// Packages stay outside: it runs in this repository only. Prints the bundle's path.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const entry = process.argv[2];
const outfile = join(root, 'dist/apps', entry.replace(/\.ts$/, '.js').replaceAll('/', '-'));
await build({
  absWorkingDir: root,
  entryPoints: [entry],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node24',
  packages: 'external',
  logLevel: 'warning',
});
process.stdout.write(outfile);
