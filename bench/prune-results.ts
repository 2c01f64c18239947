import Table from 'cli-table3';
import type { Requests } from './prune-stub';

/** One run of the prune handler. */
export interface PruneRun {
  /** `usual`: one day's backups are deleted. `first`: all but those of a year's calendar. */
  readonly scenario: 'usual' | 'first';
  readonly backups: number;
  readonly deleted: number;
  /** Manifests that are kept by a rule other than their age, and hence read. */
  readonly keptByRule: number;
  readonly seconds: number;
  readonly peakRssBytes: number;
  readonly requests: Requests;
}

/** A requirement, and whether it is met. */
export interface Demand {
  readonly what: string;
  readonly limit: number;
  readonly measured: number;
  readonly met: boolean;
}

const MIB = 2 ** 20;
/** The memory of the function, and the number of backups that must fit into it. */
const MEMORY_MIB = 256;
const PROMISED = 25_000;
/** Two objects a backup: a manifest and its data. */
const OBJECTS = 2;

/** Requests that a run may send, by operation: lists of a thousand objects, one get a manifest that matters. */
export const expectedRequests = ({ backups, deleted, keptByRule }: PruneRun): Requests => ({
  GetParametersByPath: 1,
  GetBucketVersioning: 1,
  ListObjectsV2: 1 + Math.ceil((backups * OBJECTS) / 1000),
  GetObject: deleted + keptByRule,
  GetObjectLockConfiguration: 1,
  DeleteObjects: OBJECTS * Math.ceil(deleted / 1000),
});

/** Requirements on all runs: requests as promised, memory as promised, and time that grows with the backups. */
export function demands(runs: readonly PruneRun[]): Demand[] {
  const most = (what: string, measured: number, limit: number): Demand => ({
    what,
    limit,
    measured,
    met: measured <= limit,
  });
  return runs.flatMap((run) => {
    const name = `${run.scenario}, ${run.backups} backups`;
    const expected = expectedRequests(run);
    const requests = Object.keys({ ...expected, ...run.requests }).map((operation) =>
      most(`${name}: ${operation}`, run.requests[operation] ?? 0, expected[operation] ?? 0),
    );
    const memory = run.backups <= PROMISED ? [most(`${name}: MiB`, run.peakRssBytes / MIB, MEMORY_MIB)] : [];
    const tenth = runs.find(({ scenario, backups }) => scenario === run.scenario && backups * 10 === run.backups);
    const growth = tenth ? [most(`${name}: times ${tenth.backups}'s seconds`, run.seconds / tenth.seconds, 15)] : [];
    return [...requests, ...memory, ...growth];
  });
}

/** The runs as a table, and what was missed. */
export function report(runs: readonly PruneRun[], all: readonly Demand[]): string {
  const head = ['run', 'backups', 'deleted', 'seconds', 'peak MiB', 'lists', 'gets', 'deletes', 'other requests'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { scenario, backups, deleted, seconds, peakRssBytes, requests } of runs) {
    const { ListObjectsV2: lists = 0, GetObject: gets = 0, DeleteObjects: deletes = 0, ...others } = requests;
    const rest = Object.values(others).reduce((sum, count) => sum + count, 0);
    table.push([
      scenario,
      backups,
      deleted,
      seconds.toFixed(1),
      Math.round(peakRssBytes / MIB),
      lists,
      gets,
      deletes,
      rest,
    ]);
  }
  const missed = all.filter(({ met }) => !met);
  return [
    table.toString(),
    ...missed.map(({ what, measured, limit }) => `MISSED: ${what}: ${measured}, limit ${limit}`),
  ].join('\n');
}
