/** Shows what checks found. */
import { groupBy } from '../../../catalog/group-by';
import { countOf } from '../../../catalog/units';
import type { Finding, Result } from '../doctor/finding';
import { RESULTS } from '../doctor/finding';
import type { Output } from './output';
import { printable, wrap } from './table';

/** A check, and what it found. */
export interface Checked {
  readonly id: string;
  readonly title: string;
  readonly findings: readonly Finding[];
}

/** Room for the longest result, and a gap. */
const INDENT = Math.max(...RESULTS.map(({ length }) => length)) + 2;
/** Things with the same finding that are named. */
const NAMED = 5;

/** Without the parts of an ARN that are the same for all. */
const short = (name: string): string => (name.startsWith('arn:') ? name.split(':').slice(5).join(':') : name);
const namesOf = (findings: readonly Finding[]): string[] => [...new Set(findings.map(({ of }) => short(of)))];

/** Prints one line for a check that is well, and what to do about what is not. */
export function printCheck(output: Output, { id, title, findings }: Checked): void {
  const worse = findings.filter(({ result }) => result !== 'ok');
  if (findings.length > 0 && worse.length === 0) print(output, 'ok', `${id}: ${title} (${namesOf(findings).length})`);
  // What is not allowed is told in other words about each thing.
  const same = (one: Finding) =>
    JSON.stringify(one.result === 'not checked' && one.action ? one.action : { ...one, of: undefined });
  for (const group of groupBy(worse, same).values()) {
    const { result, finding, action, command } = group[0]!;
    const names = namesOf(group);
    const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
    print(output, result, `${id}: ${names.slice(0, NAMED).join(', ')}${more}: ${finding}`);
    if (action !== undefined) print(output, undefined, `→ ${action}`);
    // Not wrapped, to be copied.
    if (command !== undefined) output.print(`${' '.repeat(INDENT)}${printable(command)}`);
  }
}

/** Prints how many checks have which result, the worst first. */
export function printSummary(output: Output, checks: readonly Checked[]): void {
  const results = checks.flatMap(
    ({ findings }) => RESULTS.findLast((result) => findings.some((one) => one.result === result)) ?? [],
  );
  const counts = groupBy(results, (result) => result);
  const found = RESULTS.toReversed().flatMap((result) => {
    const { length = 0 } = counts.get(result) ?? [];
    return length > 0 ? `${length} ${result}` : [];
  });
  output.print();
  output.print(`${countOf(results.length, 'check')}: ${found.join(', ') || 'nothing to check'}`);
  if (checks.some(({ findings }) => findings.some(({ result }) => result === 'not checked'))) {
    output.note('what is not checked may be broken: allow it, or leave it out with --skip');
  }
}

function print(output: Output, result: Result | undefined, text: string): void {
  const { colors, streams } = output;
  const color = { ok: colors.green, warning: colors.yellow, 'not checked': colors.yellow, failed: colors.red };
  const { isTTY, columns } = streams.stdout;
  const lines = wrap(printable(text), isTTY && columns ? Math.max(columns - INDENT, 20) : Infinity);
  const label = result ? color[result](result) + ' '.repeat(INDENT - result.length) : ' '.repeat(INDENT);
  lines.forEach((line, index) => output.print(`${index === 0 ? label : ' '.repeat(INDENT)}${line}`));
}
