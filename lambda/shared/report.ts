import { PRUNE_METRICS } from '../../catalog/contract/task';
import type { PruneReport, PruneRequest, ReportedDecision, SourceReport } from '../../catalog/contract/handlers';
import { errorText } from './errors';
import type { Metric } from './log';
import { logLine, writeMetrics } from './log';
import { isScheduled } from './request';
import type { SendPruned } from './send-pruned';

/** An answer of Lambda holds 6 MB: a larger one is lost altogether. */
const ANSWER_BYTES = 5_000_000;
/** Damaged backups, and failures, that a log line names. CloudWatch cuts lines of more than 1 MB. */
const NAMED = 50;

/** Refusals, failures and damaged backups. */
export const problemsOf = (sources: readonly SourceReport[]): number =>
  sum(sources, ({ refusal, errors, damaged }) => (refusal ? 1 : 0) + errors.length + damaged.length);

/**
 * Concludes a run: one log line for each source, the metrics and, after a scheduled run that alarms watch, the report to
 * the notify function.
 *
 * @param dimension of the metrics: `METRICS.bucket` or `PRUNE_METRICS.tag`
 * @param send sends the report; left out if no alarms watch
 * @returns the answer to the request
 * @throws the error of the queue if the report could not be sent
 */
export async function conclude(
  report: PruneReport,
  request: PruneRequest,
  dimension: string,
  send?: SendPruned,
): Promise<PruneReport> {
  for (const source of report.sources) logSource(source, report);
  if (report.unmanaged.length > 0) {
    logLine('warn', 'unmanaged', `nothing prunes ${report.unmanaged.join(', ')}: no settings name them`, {
      of: report.of,
      sources: report.unmanaged,
    });
  }
  if (!report.dryRun) {
    const { sources, problems } = report;
    const kept = sum(sources, (source) => source.kept);
    const deleted = sum(sources, (source) => source.deleted);
    const bytesFreed = sum(sources, (source) => source.bytesFreed);
    // A run on demand may have looked at one source only: that it is well says nothing of the others.
    const ofAll = (metric: Metric): Metric[] => (isScheduled(request) ? [metric] : []);
    writeMetrics(dimension, report.of, [
      ...ofAll(count(PRUNE_METRICS.kept, kept)),
      count(PRUNE_METRICS.deleted, deleted),
      { name: PRUNE_METRICS.bytesFreed, unit: 'Bytes', value: bytesFreed },
      ...ofAll(count(PRUNE_METRICS.problems, problems)),
    ]);
  }
  if (isScheduled(request)) await send?.(report);
  return fitting(report);
}

/** Writes to log and metrics that a run could do nothing at all. */
export function logFailure(error: unknown, of: string, dimension: string): void {
  logLine('error', 'failed', errorText(error), { of });
  writeMetrics(dimension, of, [count(PRUNE_METRICS.problems, 1)]);
}

function logSource(report: SourceReport, { of, dryRun }: PruneReport): void {
  const { source, kept, deleted, held, damaged, refusal } = report;
  const errors = report.errors.slice(0, NAMED);
  const problems = problemsOf([report]);
  const message =
    `${source}: ${kept} kept, ${deleted} ${dryRun ? 'would be deleted' : 'deleted'}` +
    (held > 0 ? `, ${held} held` : '') +
    (damaged.length > 0 ? `, ${damaged.length} damaged` : '') +
    [...(refusal ? [refusal.sentence] : []), ...errors].map((sentence) => `; ${sentence}`).join('');
  logLine(problems > 0 ? 'error' : 'info', 'pruned', message, {
    of,
    dryRun,
    ...report,
    // A person who asked for them reads them in the answer.
    decisions: undefined,
    errors,
    damaged: damaged.slice(0, NAMED),
    damagedCount: damaged.length,
    problems,
  });
}

/** The report without as many of its oldest decisions as do not fit into an answer. */
function fitting(report: PruneReport): PruneReport {
  let room =
    ANSWER_BYTES - bytes({ ...report, sources: report.sources.map((source) => ({ ...source, decisions: [] })) });
  const sources = report.sources.map((source): SourceReport => {
    if (!source.decisions) return source;
    const decisions: ReportedDecision[] = [];
    for (const decision of source.decisions) {
      room -= bytes(decision) + 1;
      if (room < 0) break;
      decisions.push(decision);
    }
    const leftOut = source.decisions.length - decisions.length;
    return { ...source, decisions, ...(leftOut > 0 && { decisionsLeftOut: leftOut }) };
  });
  return { ...report, sources };
}

const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
const count = (name: string, value: number): Metric => ({ name, unit: 'Count', value });
const sum = (sources: readonly SourceReport[], of: (source: SourceReport) => number): number =>
  sources.reduce((total, source) => total + of(source), 0);
