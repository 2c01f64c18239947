import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The project's folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Writes a file atomically, and only if its content changes: a test that reads it meanwhile never sees half of it.
 *
 * @param {string} file
 * @param {string | Uint8Array} content
 */
export async function write(file, content) {
  const bytes = Buffer.from(content);
  const written = await readFile(file).catch(() => undefined);
  if (written?.equals(bytes)) return;
  await mkdir(dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, bytes);
  await rename(unfinished, file);
}

/**
 * Bundles a program of this repository with esbuild.
 *
 * @param {string} entry path from the project's folder
 * @param {string} outfile
 * @param {import('esbuild').BuildOptions} options
 */
export async function bundle(entry, outfile, options) {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    charset: 'utf8',
    legalComments: 'linked',
    logLevel: 'warning',
    ...options,
  });
  await Promise.all(outputFiles.map(({ path, contents }) => write(path, contents)));
}
