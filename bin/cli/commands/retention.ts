import type { Command } from 'commander';
import { Option } from 'commander';
import { scheduleTimes, usualAllowedAge, usualTimeout } from '../../../catalog/retention/schedule-times';
import type { SimulationInput, Span } from '../../../catalog/retention/simulate';
import { runTimes, simulate } from '../../../catalog/retention/simulate';
import type { Zone } from '../../../catalog/retention/zone';
import { UsageError } from '../errors';
import type { Output } from '../print/output';
import { printSimulation } from '../print/simulation-text';
import { readRetention, readSchedule, readSeconds, readZone } from './retention-text';

const DAY_MS = 86_400_000;
/** More would take minutes to simulate, and nobody backs up that often. */
const MAX_RUNS = 200_000;

interface SimulateOptions {
  readonly retention: string;
  readonly schedule: string;
  readonly from: string;
  readonly to: string;
  readonly failures: readonly string[];
  readonly timeZone: string;
  readonly allowedAge?: string;
  readonly maxDeletePercent: string;
  readonly json?: boolean;
}

/** `proven-backups retention …` */
export function addRetentionCommand(program: Command, output: Output): void {
  const retention = program.command('retention').description('Simulates retentions');
  retention
    .command('simulate')
    .description('Shows the backups that a retention keeps, after any time of backups and prunings; without AWS')
    .requiredOption(
      '--retention <rules>',
      'oneYear, forever, 7d, or daily=14,weekly=13,monthly=12,keepFor=2d,keepLast=3',
    )
    .requiredOption('--schedule <times>', 'every 6h, daily 02:30, weekly sunday 04:00, or cron(0 2 * * ? *)')
    .requiredOption('--from <day>', 'first day, such as 2026-01-01')
    .requiredOption('--to <day>', 'last day')
    .addOption(
      new Option('--failures <days>', 'days on which every run fails: 2026-03-01..2026-03-20; repeatable')
        .argParser((value: string, before: readonly string[]) => [...before, value])
        .default([], 'none'),
    )
    .option('--time-zone <name>', 'time zone of the schedule, the days and the calendar', 'UTC')
    .option(
      '--allowed-age <time>',
      'nothing is deleted while the newest backup is older (default: that of a database with this schedule)',
    )
    .option('--max-delete-percent <number>', 'largest share of the backups that one pruning may delete', '50')
    .option('--json', 'prints JSON')
    .action((options: SimulateOptions) => {
      const { schedule, zone, ...input } = read(options);
      const { policy, from, to, guards } = input;
      const simulation = simulate(input);
      if (options.json) output.json({ policy, schedule, from, to, guards, ...simulation });
      else printSimulation(output, simulation, input, zone);
    });
}

function read(options: SimulateOptions): SimulationInput & { schedule: string; zone: Zone } {
  const zone = readZone(options.timeZone);
  const policy = readRetention(options.retention, options.timeZone);
  const { from, to } = days('--from and --to', options.from, options.to, zone);
  const schedule = readSchedule(options.schedule, options.timeZone, from);
  const { longestGap, shortestGap } = scheduleTimes(schedule, options.timeZone, from);
  if (shortestGap !== undefined && (to.getTime() - from.getTime()) / 1000 / shortestGap > MAX_RUNS) {
    throw new UsageError(
      `the simulated time must have at most ${MAX_RUNS} runs, got: ${options.schedule} from ${options.from} to ${options.to}: shorten it`,
    );
  }
  const allowedAgeSeconds =
    options.allowedAge === undefined
      ? usualAllowedAge(longestGap, usualTimeout(shortestGap ?? Infinity))
      : readSeconds('--allowed-age', options.allowedAge);
  return {
    from,
    to,
    policy,
    schedule,
    zone,
    runs: runTimes(schedule, options.timeZone, { from, to }),
    failures: options.failures.map((text) => failure(text, { from, to }, zone)),
    guards: {
      allowedAgeSeconds,
      maxDeleteShare: percent(options.maxDeletePercent) / 100,
    },
  };
}

function percent(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (number >= 1 && number <= 100) return number;
  throw new UsageError(`--max-delete-percent must be a whole number from 1 to 100, got: ${JSON.stringify(text)}`);
}

function failure(text: string, whole: Span, zone: Zone): Span {
  const [first, last, ...rest] = text.split('..');
  if (last === undefined || rest.length > 0) {
    throw new UsageError(
      `--failures must be a first and a last day, such as 2026-03-01..2026-03-20, got: ${JSON.stringify(text)}`,
    );
  }
  const span = days('--failures', first!, last, zone);
  if (span.from >= whole.from && span.to <= whole.to) return span;
  throw new UsageError(`--failures must be between --from and --to, got: ${text}: move one of them`);
}

/** From the midnight that starts the first day to the one that ends the last. */
function days(what: string, first: string, last: string, zone: Zone): Span {
  const [from, to] = [wallOf(what, first), wallOf(what, last) + DAY_MS];
  if (from >= to) throw new UsageError(`${what} must be in order, got: ${first} and ${last}: swap them`);
  return { from: startOf(from, zone), to: startOf(to, zone) };
}

/** A day can start without a midnight: where clocks go forward at that time. */
const startOf = (wall: number, zone: Zone): Date => new Date(zone.instant(wall) ?? wall - zone.offset(wall));

function wallOf(what: string, text: string): number {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  if (!Number.isNaN(time) && new Date(time).toISOString().startsWith(text)) return time;
  throw new UsageError(`${what} must be days such as 2026-03-01, got: ${JSON.stringify(text)}`);
}
