import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Version } from '../servers/versions';
import { engineOf, versionsOf } from '../servers/versions';

/** The script of an engine in this folder, and those of what the engine has since a version, up to the one given. */
export function schemaScript(version: Version): string {
  const known = versionsOf(engineOf(version));
  const names = [engineOf(version), ...known.slice(0, known.indexOf(version) + 1)];
  const files = names.map((name) => path.join(__dirname, `${name}.sql`)).filter((file) => fs.existsSync(file));
  return files.map((file) => fs.readFileSync(file, 'utf8')).join('\n');
}
