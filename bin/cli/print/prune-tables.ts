/** Shows what a pruning would do, and what it did. */
import type { PruneReport, ReportedDecision, SourceReport } from '../../../catalog/contract/handlers';
import { countOf, formatBytes, formatCount } from '../../../catalog/units';
import { deletable } from '../aws/prune-functions';
import { sum } from '../sum';
import type { Output } from './output';
import { age } from './times';

/** Up to this many kept backups are listed one by one. */
const FEW = 40;

/** How a plan is shown. */
export interface PlanView {
  readonly now: Date;
  /** Lists kept backups one by one, however many there are. */
  readonly all: boolean;
}

/** Prints the decision about each backup, deletions first, and at the end everything that needs attention. */
export function printPlan(output: Output, report: PruneReport, { now, all }: PlanView): void {
  const decisions = report.sources.flatMap((source) => rowsOf(source));
  const deleted = decisions.filter(({ deletes }) => deletes);
  const kept = decisions.filter(({ deletes }) => !deletes);
  const listed = all || kept.length <= FEW ? kept : [];
  const rows = [...deleted, ...listed].map(({ source, decision, deletes }) => [
    source,
    decision.id,
    age(new Date(decision.time), now),
    formatBytes(decision.bytes),
    deletes ? 'delete' : 'keep',
    [...decision.reasons, ...(deletes || decision.keep ? [] : ['but nothing is deleted now: see below'])].join('; '),
  ]);
  if (rows.length > 0) output.table(['source', 'backup', 'age', 'size', 'decision', 'why'], rows);
  if (decisions.length === 0) output.print(`${report.of} has no backups.`);
  if (listed.length < kept.length) {
    output.print(`\n${output.colors.bold('Kept')} (--all lists them; a backup can have several reasons)`);
    output.table(
      ['source', 'backups', 'why'],
      report.sources.filter(hasKept).map((source) => [source.source, keptCount(source), reasonsOf(source)]),
    );
  }
  printProblems(output, report);
}

interface Row {
  readonly source: string;
  readonly decision: ReportedDecision;
  readonly deletes: boolean;
}

function rowsOf(report: SourceReport): Row[] {
  const deletes = new Set(deletable(report));
  return (report.decisions ?? []).map((decision) => ({
    source: report.source,
    decision,
    deletes: deletes.has(decision),
  }));
}

const keptOf = (report: SourceReport): ReportedDecision[] =>
  rowsOf(report).flatMap(({ decision, deletes }) => (deletes ? [] : [decision]));
const hasKept = (report: SourceReport): boolean => keptOf(report).length > 0;
const keptCount = (report: SourceReport): string => formatCount(keptOf(report).length);

/** `14 daily, 13 weekly, 3 floor: newest 3` */
function reasonsOf(report: SourceReport): string {
  const counts = new Map<string, number>();
  for (const { reasons } of keptOf(report)) {
    for (const kind of new Set(reasons.map(kindOf))) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, number]) => `${formatCount(number)} ${kind}`).join(', ');
}

/** `monthly of 2026-10` is one of the monthly ones; `damaged: …` one of the damaged. */
const kindOf = (reason: string): string =>
  reason
    .replace(/^(hourly|daily|weekly|monthly|yearly) of .*/, '$1')
    .replace(/^(damaged|dated in the future): .*/, '$1');

/** Prints everything that needs attention, and what stays untouched. */
function printProblems(output: Output, { dryRun, sources, unmanaged }: PruneReport): void {
  for (const { source, refusal, errors, damaged, held, leftovers, strangers = 0, decisionsLeftOut } of sources) {
    const problem = (text: string): void => output.problem(`${source}: ${text}`);
    const note = (text: string): void => output.note(`${source}: ${text}`);
    if (refusal) problem(refusal.sentence);
    for (const error of errors) problem(error);
    for (const { id, damage } of damaged) problem(`${id} is damaged: ${damage}`);
    if (held > 0) note(`${countOf(held, 'backup')} that no rule keeps cannot be deleted now: see the reasons`);
    if (leftovers > 0) {
      note(`${countOf(leftovers, 'object')} of unfinished runs ${dryRun ? 'would be deleted too' : 'deleted too'}`);
    }
    if (strangers > 0) note(`${countOf(strangers, 'object')} not of cdk-proven-backups: untouched`);
    if (decisionsLeftOut) {
      note(`${countOf(decisionsLeftOut, 'backup')} did not fit into the answer, and stay: run the command again`);
    }
  }
  if (unmanaged.length > 0) output.note(`never pruned, because no settings name them: ${unmanaged.join(', ')}`);
}

/** Prints what was done. */
export function printResult(output: Output, report: PruneReport): void {
  output.print();
  output.table(
    ['source', 'deleted', 'freed', 'kept', 'held'],
    report.sources.map(({ source, deleted, bytesFreed, kept, held }) => [
      source,
      formatCount(deleted),
      formatBytes(bytesFreed),
      formatCount(kept),
      formatCount(held),
    ]),
  );
  printProblems(output, report);
}

/** The question before anything is deleted. */
export function question(report: PruneReport, undoDays: number | undefined): string {
  const sources = report.sources.filter((source) => deletable(source).length > 0);
  const shown = sources.flatMap(deletable);
  // Snapshots share unchanged blocks, so the space that a deletion frees is unknown.
  if (shown.every(({ id }) => id.startsWith('snap-'))) {
    return `Delete ${countOf(shown.length, 'snapshot')} of ${countOf(sources.length, 'volume')}? They cannot be brought back, unless a rule of the Recycle Bin keeps them.`;
  }
  const bytes = sum(shown, (decision) => decision.bytes);
  const time = undoDays === undefined ? 'as long as the bucket keeps old versions' : countOf(undoDays, 'day');
  return `Delete ${countOf(shown.length, 'backup')} of ${countOf(sources.length, 'source')} (${formatBytes(bytes)})? They can be brought back with undelete for ${time}.`;
}
