/** Asks the functions that prune: what they would delete, and then to delete exactly that. */
import type { PruneReport, PruneRequest, ReportedDecision, SourceReport } from '../../catalog/contract/handlers';
import type { Aws } from './aws/aws';
import { sum } from './print/format';
import { invoke } from './aws/invoke';

/** A request to Lambda holds 6 MB. */
const REQUEST_BYTES = 5_000_000;

/** Whom to ask about what. */
export interface Target {
  readonly functionName: string;
  /** All that the function manages, when left out. */
  readonly source?: string;
}

/** A source, and what its function would do, or did. */
export interface Answer {
  readonly functionName: string;
  readonly report: SourceReport;
}

/** What all functions answered. */
export interface Answers {
  /** The bucket; for snapshots, the tag. */
  readonly of: string;
  readonly sources: readonly Answer[];
  readonly unmanaged: readonly string[];
}

/**
 * Asks what would be deleted. Sources whose decisions did not fit into a common answer are asked for once more.
 *
 * @param tell is told what is being done
 */
export async function planOf(aws: Aws, targets: readonly Target[], tell: (doing: string) => void): Promise<Answers> {
  let of = '';
  const sources: Answer[] = [];
  const unmanaged = new Set<string>();
  // One after the other: a function that is throttled would refuse the rest.
  for (const { functionName, source } of targets) {
    const look = (one?: string): Promise<PruneReport> => {
      tell(`looking at ${one ?? `all that ${functionName} prunes`} …`);
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
 * What may be deleted of a source if a person wants it: also what is too much for a run by schedule. Without a recent
 * backup nothing is deleted, whoever wants it.
 */
export const deletable = ({ refusal, decisions = [] }: SourceReport): readonly ReportedDecision[] =>
  refusal?.why === 'no-recent-backup' ? [] : decisions.filter(({ keep }) => !keep);

/** Deletes what was shown of a source, and nothing else. */
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

/** One report of several about the same source: what was done is added, what is so is that of the last. */
function added(reports: readonly SourceReport[]): SourceReport {
  return {
    ...reports.at(-1)!,
    deleted: sum(reports, ({ deleted }) => deleted),
    bytesFreed: sum(reports, ({ bytesFreed }) => bytesFreed),
    leftovers: sum(reports, ({ leftovers }) => leftovers),
    errors: [...new Set(reports.flatMap(({ errors }) => errors))],
  };
}

/** How much of a report somebody has to look at. */
export const problemsOf = ({ refusal, errors, damaged }: SourceReport): number =>
  (refusal ? 1 : 0) + errors.length + damaged.length;

/** The answers as one report, as `--json` prints it. */
export function reportOf({ of, sources, unmanaged }: Answers, dryRun: boolean): PruneReport {
  const reports = sources.map(({ report }) => report);
  return { of, dryRun, sources: reports, unmanaged, problems: sum(reports, problemsOf) };
}
