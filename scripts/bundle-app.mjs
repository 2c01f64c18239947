// Bundles a program of this repository that is written in TypeScript into dist/apps: node scripts/bundle-app.mjs <entry>
// Packages stay outside: it runs in this repository only. Prints the bundle's path.
import { join } from 'node:path';
import { bundle, ROOT } from './bundle.mjs';

const entry = process.argv[2];
const outfile = join(ROOT, 'dist/apps', entry.replace(/\.ts$/, '.js').replaceAll('/', '-'));
await bundle(entry, outfile, { target: 'node24', packages: 'external' });
process.stdout.write(outfile);
