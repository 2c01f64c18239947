import type { DumpJob } from '../../catalog/contract/task';
import { BackupError } from '../../task/run/errors';
import type { ServerEngineFacts } from '../engine-facts';

/** The leading numbers of a version: `10.11.19-MariaDB` is [10, 11]. */
const numbers = (version: string, count: number): number[] => (version.match(/\d+/g) ?? []).slice(0, count).map(Number);

/** The part of a version that dumps depend on: `10.11` of MariaDB 10.11.19, `8.4` of MySQL 8.4.3, `15` of PostgreSQL 15.18. */
export const majorVersion = (version: string, parts: number): string => numbers(version, parts).join('.');

/** Less than 0 if `a` is older than `b`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbers(a, 3), numbers(b, 3)];
  for (let index = 0; index < 3; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Refuses a server of another version than the job's, and a tool that is older than the server: such a tool makes dumps that
 * lack something or do not load, and the image of another version is the wrong place for restore tests.
 */
export function checkVersions(
  { engineVersion = '' }: DumpJob,
  { title, server: { majorVersionParts, oldestTools = {} } }: ServerEngineFacts,
  serverVersion: string,
  toolVersion: string,
): void {
  const server = majorVersion(serverVersion, majorVersionParts);
  if (server !== majorVersion(engineVersion, majorVersionParts))
    throw new BackupError(
      'configuration',
      `the server is ${title} ${serverVersion}, but the backup is set up for version ${engineVersion}: set version: '${server}' and deploy`,
      { kind: 'version-mismatch', object: `${title} ${serverVersion}` },
    );
  const isTooOld =
    compareVersions(majorVersion(toolVersion, majorVersionParts), server) < 0 ||
    compareVersions(toolVersion, oldestTools[server] ?? '') < 0;
  if (isTooOld)
    throw new BackupError(
      'configuration',
      `the dump tool is of version ${toolVersion}, older than the server's ${serverVersion}: use the engine's official image of version ${server}`,
      { kind: 'tool-too-old', object: toolVersion },
    );
}
