/** Tells how a run ended, and which backup it made. */
import type { Container, Failure } from '@aws-sdk/client-ecs';
import type { Manifest } from './bucket/manifest';
import { backupId, objectKey } from './bucket/names';
import type { CatalogStore } from './bucket/read';
import { readCatalog } from './bucket/read';
import type { Trigger } from './contract/task';
import { CONTAINER_NAME, EXIT_CODES, exitNameOf } from './contract/task';

/** Id of a task, or name of a cluster. */
export const idOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

/** Why ECS started no task. Without capacity, too, it answers with 200. */
export const notStarted = (failures: readonly Failure[] = []): string =>
  failures.length > 0 ? failures.map(reasonOf).join('; ') : 'no reason given';

const reasonOf = ({ reason, detail }: Failure): string =>
  [reason, detail].filter((part) => part !== undefined && part !== '').join(': ') || 'no reason given';

/** What is read of a stopped task: its answer of ECS, or the event about it. */
export interface StoppedTask {
  readonly containers?: readonly Pick<Container, 'name' | 'exitCode' | 'reason'>[] | undefined;
  readonly stopCode?: string | undefined;
  readonly stoppedReason?: string | undefined;
  /** Left out if it never started. */
  readonly startedAt?: Date | string | undefined;
}

/** How a run ended. */
export interface RunEnd {
  readonly succeeded: boolean;
  /** Left out if the program did not end by itself. */
  readonly exitCode?: number;
  /** The program's name for it: `connection`. */
  readonly exitName?: string;
  /** The reason that ECS gives. */
  readonly reason?: string;
}

/** Tells how a stopped task ended. */
export function endOf({ containers = [], stopCode, stoppedReason }: StoppedTask): RunEnd {
  const container = containers.find(({ name }) => name === CONTAINER_NAME);
  // Even a container that never started may have an exit code.
  const began = container?.exitCode !== EXIT_CODES.success || stopCode !== 'TaskFailedToStart';
  const exitCode = began ? container?.exitCode : undefined;
  const exitName = exitNameOf(exitCode);
  const succeeded = exitCode === EXIT_CODES.success;
  const said = container?.reason || stoppedReason || stopCode;
  return {
    succeeded,
    ...(exitCode !== undefined && { exitCode }),
    ...(exitName !== undefined && { exitName }),
    ...(!succeeded && said !== undefined && said !== '' && { reason: said }),
  };
}

/**
 * Says why a run made no backup.
 *
 * @param sentence the last of the program, if its log could be read
 */
export function failureOf(source: string, { startedAt }: StoppedTask, end: RunEnd, sentence?: string): string {
  const { exitCode, exitName, reason } = end;
  // A terminal would obey control characters in the words of others.
  const why = (sentence ?? `${reason ?? 'ECS gives no reason'}: read its log, and see docs/troubleshooting.md`).replace(
    /\p{Cc}+/gu,
    ' ',
  );
  if (exitCode !== undefined) {
    const code = exitName === undefined ? `${exitCode}` : `${exitCode} (${exitName})`;
    return `the run of ${source} failed with exit code ${code}: ${why}`;
  }
  if (startedAt === undefined) return `the run of ${source} never started: ${why}`;
  return `the run of ${source} was stopped from outside: ${why}`;
}

/** The backup that a run made, by the catalog: a backup exists if its manifest does. */
export async function backupOf(
  store: CatalogStore,
  source: string,
  trigger: Trigger,
  createdAt: Date,
): Promise<Manifest | undefined> {
  // Ids follow the clock of S3, which may differ from that of ECS.
  const since = objectKey(source, backupId(new Date(createdAt.getTime() - 60_000)), '');
  const { backups } = await readCatalog(store, source, since);
  return backups.filter((manifest) => manifest.trigger === trigger).at(-1);
}
