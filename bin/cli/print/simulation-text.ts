/** Shows the result of a simulation. */
import type { Simulation, SimulationInput, Span, StoredBackup } from '../../../catalog/retention/simulate';
import type { Zone } from '../../../catalog/retention/zone';
import { countOf, formatCount } from '../../../catalog/units';
import type { Output } from './output';

const DAY_MS = 86_400_000;
/** Of more rows than this, neighbours that the same rules keep become one. */
const MANY = 60;
/** Up to this many neighbours stay rows of their own. */
const FEW = 3;

type Clock = (time: Date) => string;

/** Prints the result of a simulation. */
export function printSimulation(output: Output, result: Simulation, input: SimulationInput, zone: Zone): void {
  const { made, failed, deleted, stored, most } = result;
  const at: Clock = (time) => new Date(zone.wall(time.getTime())).toISOString().slice(0, 16).replace('T', ' ');
  output.print(
    `${countOf(made, 'backup')} made, ${countOf(failed, 'run')} failed, ${countOf(deleted, 'backup')} deleted`,
  );
  output.print(`Stored at the end: ${formatCount(stored.length)}`);
  if (most) output.print(`Most stored at any time: ${formatCount(most.count)}, first on ${at(most.time)}`);
  if (stored.length > 0) {
    printCalendar(output, stored, input, at);
    output.print();
    output.table(
      ['backup', 'number', 'stored because'],
      stored.length > MANY ? together(stored, at) : each(stored, at),
    );
  }
  printFailures(output, result, at);
  printRefusals(output, result, at);
}

const RULER = [1, 5, 10, 15, 20, 25, 30].reduce((line, day) => line.padEnd(7 + 2 * day) + day, '');

/** One line per month, from that of the oldest backup on, with a digit for each day that has backups. */
function printCalendar(output: Output, stored: readonly StoredBackup[], input: SimulationInput, at: Clock): void {
  const { bold, dim, green, red } = output.colors;
  const counts = new Map<string, number>();
  for (const { time } of stored) counts.set(dayOf(time, at), (counts.get(dayOf(time, at)) ?? 0) + 1);
  const failures = (input.failures ?? []).map((failure) => daysOf(failure, at));
  const whole = daysOf(input, at);
  const mark = (day: string): string => {
    const count = counts.get(day);
    if (count !== undefined) return green(bold(count > 9 ? '+' : String(count)));
    if (!isOn(day, whole)) return ' ';
    return failures.some((days) => isOn(day, days)) ? red('x') : dim('.');
  };
  output.print();
  output.print(dim(RULER));
  for (const month of months(dayOf(stored.at(-1)!.time, at), whole.last)) {
    const cells = Array.from({ length: 31 }, (_, index) => mark(`${month}-${String(index + 1).padStart(2, '0')}`));
    output.print(`${month}  ${cells.join(' ')}`.trimEnd());
  }
  output.print('1 to 9, +: backups of the day that are stored; .: none; x: every run failed');
}

const dayOf = (time: Date, at: Clock): string => at(time).slice(0, 10);
const daysOf = ({ from, to }: Span, at: Clock) => ({
  first: dayOf(from, at),
  last: dayOf(new Date(to.getTime() - 1), at),
});
/** Not for the 31st of a shorter month, which is no date. */
const isOn = (day: string, { first, last }: { first: string; last: string }): boolean =>
  day >= first && day <= last && !Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day);

/** `2026-11`, `2026-12`, `2027-01` */
function months(firstDay: string, lastDay: string): string[] {
  const all: string[] = [];
  for (let month = firstDay.slice(0, 7); month <= lastDay.slice(0, 7);) {
    all.push(month);
    month = new Date(Date.parse(`${month}-01`) + 31 * DAY_MS).toISOString().slice(0, 7);
  }
  return all;
}

const each = (stored: readonly StoredBackup[], at: Clock): string[][] =>
  stored.map(({ time, reasons }) => [at(time), '1', reasons.join('; ')]);

/** One row for neighbours that the same rules keep. */
function together(stored: readonly StoredBackup[], at: Clock): string[][] {
  const groups: { rules: string; backups: StoredBackup[] }[] = [];
  for (const backup of stored) {
    const rules = backup.reasons.map((reason) => reason.replace(/^(\w+ly) of .*/, '$1')).join('; ');
    const last = groups.at(-1);
    if (last?.rules === rules) last.backups.push(backup);
    else groups.push({ rules, backups: [backup] });
  }
  return groups.flatMap(({ rules, backups }) =>
    backups.length <= FEW
      ? each(backups, at)
      : [[`${at(backups[0]!.time)} back to ${at(backups.at(-1)!.time)}`, String(backups.length), rules]],
  );
}

function printFailures(output: Output, { failures }: Simulation, at: Clock): void {
  if (failures.length === 0) return;
  output.print();
  output.table(
    ['no success', 'failed runs', 'left at its end'],
    failures.map(({ from, to, failed, left, oldest, newest }) => [
      `${at(from)} to ${at(to)}`,
      String(failed),
      oldest && newest ? `${left} backups, of ${at(oldest)} to ${at(newest)}` : 'nothing',
    ]),
  );
}

function printRefusals(output: Output, { refusals }: Simulation, at: Clock): void {
  for (const { first, last, prunings, sentence } of refusals) {
    const when =
      prunings === 1 ? `The pruning of ${at(first)}` : `The ${prunings} prunings of ${at(first)} to ${at(last)}`;
    output.print();
    output.print(`${output.colors.yellow(`${when} deleted nothing:`)} ${sentence}`);
  }
}
