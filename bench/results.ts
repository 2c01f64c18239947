import * as os from 'node:os';
import Table from 'cli-table3';
import type { BenchEngine } from './server';
import type { Pipeline } from './pipelines';
import { PIPELINES } from './pipelines';
import type { Load } from './rows';

/** One run of one pipeline. */
export interface Run extends Load {
  readonly engine: BenchEngine;
  readonly pipeline: Pipeline;
  readonly title: string;
  readonly seconds: number;
  /** User and system time of the pipeline's processes; not of the database and S3 servers. */
  readonly cpuSeconds: number;
  /** Greatest resident set of this program itself, without the tools that it starts; of a pipe, that of any one process. */
  readonly peakProcessBytes: number;
  /** Greatest sum of the resident sets of all processes, sampled ten times a second. */
  readonly peakTreeBytes: number;
  readonly bytesOut: number;
}

/** The runs of one pipeline on one size: medians, but the greatest memory of any run. */
export interface Summary extends Run {
  readonly runs: number;
  /** Times as fast as this pipeline the program is; 1 for the program itself. */
  readonly programSpeedup: number;
}

/** Something that must hold. */
export interface Requirement {
  readonly what: string;
  readonly got: number;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly met: boolean;
}

const MIB = 1024 * 1024;
const RAW_SHARE = 0.9;
/** With thousands of tables and few rows, a dump takes what its tool takes to look at each. */
const RAW_TIMES_OF_TABLES = 1.05;
const EVERYDAY_SPEEDUP: Record<BenchEngine, number> = { mariadb: 2, mysql: 2, postgresql: 4, mongodb: 1.5 };
/** Of the throughput without it. */
const ENCRYPTED_SHARE = 0.8;
const PEAK_MIB = 200;
const PEAK_GROWTH = 1.1;

/** The middle value; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

const greatest = (values: readonly number[]): number => Math.max(...values);

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

/** One summary an engine, size and pipeline, in the order of the runs. */
export function summarise(runs: readonly Run[]): Summary[] {
  const groups = groupBy(runs, (run) => `${run.engine} ${run.size} ${run.unit} ${run.pipeline}`);
  const program = (run: Run) =>
    groups.get(`${run.engine} ${run.size} ${run.unit} program`)!.map(({ seconds }) => seconds);
  return [...groups.values()].map((group) => {
    const seconds = median(group.map((run) => run.seconds));
    return {
      ...group[0]!,
      runs: group.length,
      seconds,
      cpuSeconds: median(group.map((run) => run.cpuSeconds)),
      bytesOut: median(group.map((run) => run.bytesOut)),
      peakProcessBytes: greatest(group.map((run) => run.peakProcessBytes)),
      peakTreeBytes: greatest(group.map((run) => run.peakTreeBytes)),
      programSpeedup: seconds / median(program(group[0]!)),
    };
  });
}

/** A requirement by a lower limit. */
export const atLeast = (what: string, got: number, limit: number): Requirement => ({
  what,
  got,
  atLeast: limit,
  met: got >= limit,
});
/** A requirement by an upper limit. */
export const atMost = (what: string, got: number, limit: number): Requirement => ({
  what,
  got,
  atMost: limit,
  met: got <= limit,
});

/** Requirements on the program, for every engine and size that was run. */
export function requirements(summaries: readonly Summary[]): Requirement[] {
  return [...groupBy(summaries, ({ engine }) => engine).values()].flatMap((own) => {
    const { engine } = own[0]!;
    const pick = (pipeline: Pipeline) => own.filter((summary) => summary.pipeline === pipeline);
    const programs = [...pick('program')].sort((a, b) => a.size - b.size);
    const growth = programs.slice(1).map((larger) => {
      const what = `${engine}: peak memory, ${larger.size} ${larger.unit} to ${programs[0]!.size} ${larger.unit}`;
      return atMost(what, larger.peakProcessBytes / programs[0]!.peakProcessBytes, PEAK_GROWTH);
    });
    return [
      ...pick('raw').map(({ size, unit, programSpeedup }) =>
        unit === 'tables'
          ? atMost(
              `${engine}, ${size} tables: times the seconds of the raw pipe`,
              1 / programSpeedup,
              RAW_TIMES_OF_TABLES,
            )
          : atLeast(`${engine}, ${size} GB: share of the raw pipe's throughput`, programSpeedup, RAW_SHARE),
      ),
      ...pick('encrypted').map(({ size, unit, programSpeedup }) =>
        atLeast(
          `${engine}, ${size} ${unit}: share of the throughput without encryption`,
          1 / programSpeedup,
          ENCRYPTED_SHARE,
        ),
      ),
      ...pick('everyday')
        .filter(({ unit }) => unit === 'GB')
        .map(({ size, programSpeedup }) =>
          atLeast(`${engine}, ${size} GB: times the everyday pipe`, programSpeedup, EVERYDAY_SPEEDUP[engine]),
        ),
      ...programs.map(({ size, unit, peakProcessBytes }) =>
        atMost(`${engine}, ${size} ${unit}: peak memory of the program, MiB`, peakProcessBytes / MIB, PEAK_MIB),
      ),
      ...growth,
    ];
  });
}

/** The tables that a person reads. */
export function report(summaries: readonly Summary[], demands: readonly Requirement[]): string {
  const table = new Table({
    head: ['', 'database', 'pipeline', 'seconds', 'this is', 'CPU s', 'peak MiB', 'all MiB', 'GB out'],
    style: { head: [], border: [] },
  });
  for (const { engine, size, unit, pipeline, title, ...own } of [...summaries].sort(byEngineSizeAndPipeline)) {
    const speed = pipeline === 'program' ? '' : `${own.programSpeedup.toFixed(2)} x as fast`;
    const mib = [own.peakProcessBytes, own.peakTreeBytes].map((bytes) => Math.round(bytes / MIB));
    const out = (own.bytesOut / 1e9).toFixed(3);
    table.push([
      engine,
      `${size} ${unit}`,
      title,
      own.seconds.toFixed(2),
      speed,
      own.cpuSeconds.toFixed(2),
      ...mib,
      out,
    ]);
  }
  return `${table.toString()}\n"this is": the speed of this program against that pipeline\n${checksTable(demands)}`;
}

/** The requirements, and whether each is met. */
export function checksTable(demands: readonly Requirement[]): string {
  const checks = new Table({ head: ['required', 'got', 'limit', ''], style: { head: [], border: [] } });
  for (const { what, got, atLeast: least, atMost: most, met } of demands) {
    checks.push([
      what,
      got.toFixed(2),
      least === undefined ? `<= ${most}` : `>= ${Number(least.toFixed(2))}`,
      met ? 'ok' : 'MISSED',
    ]);
  }
  return checks.toString();
}

function byEngineSizeAndPipeline(a: Run, b: Run): number {
  return (
    a.engine.localeCompare(b.engine) || a.size - b.size || PIPELINES.indexOf(a.pipeline) - PIPELINES.indexOf(b.pipeline)
  );
}

/** The machine that the numbers hold for. */
export const machine = () => ({
  cpu: os.cpus()[0]?.model.trim(),
  cores: os.availableParallelism(),
  memoryGiB: Math.round(os.totalmem() / 2 ** 30),
  system: `${os.type()} ${os.release()} ${os.arch()}`,
});
