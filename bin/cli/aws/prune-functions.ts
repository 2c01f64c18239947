/** Asks the prune functions which backups they would delete, and then to delete exactly those. */
import type { PruneReport, PruneRequest, ReportedDecision, SourceReport } from '../../../catalog/contract/handlers';
import { sum } from '../sum';
import type { Aws } from './aws';
import { invoke } from './invoke';

/** A request to Lambda holds 6 MB. */
const REQUEST_BYTES = 5_000_000;

/** A function, and the source to ask it about. */
export interface Target {
  readonly functionName: string;
  /** All that the function manages, if left out. */
  readonly source?: string;
}

/** The report of a function about one source. */
export interface Answer {
  readonly functionName: string;
  readonly report: SourceReport;
}

/** The reports of all functions. */
export interface Answers {
  /** The bucket; for snapshots, the tag. */
  readonly of: string;
  readonly sources: readonly Answer[];
  readonly unmanaged: readonly string[];
}

/**
 * Asks which backups would be deleted. A source whose decisions did not fit into the common answer is asked about again.
 *
 * @param tell is called with each step
 */
export async function planOf(aws: Aws, targets: readonly Target[], tell: (doing: string) => void): Promise<Answers> {
  let of = '';
  const sources: Answer[] = [];
  const unmanaged = new Set<string>();
  // One after the other: Lambda would throttle parallel requests.
  for (const { functionName, source } of targets) {
    const look = (one?: string): Promise<PruneReport> => {
      tell(`checking ${one ?? `all sources of ${functionName}`} …`);
      const request = { dryRun: true, explain: true, ...(one !== undefined && { source: one }) };
      return askFunction(aws, functionName, request);
    };
    const report = await look(source);
    of = report.of;
    for (const one of report.unmanaged) unmanaged.add(one);
    for (const one of report.sources) {
      const whole = one.decisionsLeftOut && source === undefined ? (await look(one.source)).sources : [one];
      sources.push(...whole.map((found) => ({ functionName, report: found })));
    }
  }
  return { of, sources, unmanaged: [...unmanaged].sort() };
}

/**
 * The decisions that a person may have carried out: also those that are too many for a run by schedule. Without a recent
 * backup nothing is ever deleted.
 */
export const deletable = ({ refusal, decisions = [] }: SourceReport): readonly ReportedDecision[] =>
  refusal?.why === 'no-recent-backup' ? [] : decisions.filter(({ keep }) => !keep);

/** Deletes the backups of a source that were shown, and nothing else. */
export async function deleteShown(aws: Aws, { functionName, report }: Answer): Promise<SourceReport> {
  const ids = deletable(report).map(({ id }) => id);
  const reports: SourceReport[] = [];
  for (const confirmed of parts(ids, REQUEST_BYTES)) {
    const answer = await askFunction(aws, functionName, { source: report.source, confirmed });
    reports.push(...answer.sources);
  }
  return added(reports);
}

const askFunction = (aws: Aws, functionName: string, request: PruneRequest): Promise<PruneReport> =>
  invoke<PruneRequest, PruneReport>(aws.lambda(functionName), functionName, request);

/** Splits ids so that no part is larger than so many bytes as JSON. */
export function parts(ids: readonly string[], bytes: number): string[][] {
  const all: string[][] = [];
  let room = 0;
  for (const id of ids) {
    room -= id.length + 3;
    if (room < 0) {
      all.push([]);
      room = bytes - id.length - 3;
    }
    all.at(-1)!.push(id);
  }
  return all;
}

/** Merges reports about the same source: deletions add up, the state is that of the last. */
function added(reports: readonly SourceReport[]): SourceReport {
  return {
    ...reports.at(-1)!,
    deleted: sum(reports, ({ deleted }) => deleted),
    bytesFreed: sum(reports, ({ bytesFreed }) => bytesFreed),
    leftovers: sum(reports, ({ leftovers }) => leftovers),
    errors: [...new Set(reports.flatMap(({ errors }) => errors))],
  };
}

/** Number of entries of a report that need attention. */
export const problemsOf = ({ refusal, errors, damaged }: SourceReport): number =>
  (refusal ? 1 : 0) + errors.length + damaged.length;

/** The answers as one report, the one that `--json` prints. */
export function reportOf({ of, sources, unmanaged }: Answers, dryRun: boolean): PruneReport {
  const reports = sources.map(({ report }) => report);
  return { of, dryRun, sources: reports, unmanaged, problems: sum(reports, problemsOf) };
}
