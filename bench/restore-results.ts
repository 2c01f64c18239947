import Table from 'cli-table3';
import type { ServerEngine } from '../test/servers/versions';
import type { Measured } from './measure';
import { atLeast, atMost, checksTable, median, type Requirement } from './results';

/** `program`: this one, with one connection; `raw`: the pipe that people type; `jobs`: this program, with two connections. */
export type RestorePipeline = 'program' | 'raw' | 'jobs';

/** One restore. */
export interface RestoreRun extends Measured {
  readonly engine: ServerEngine;
  /** GB of rows. */
  readonly size: number;
  readonly pipeline: RestorePipeline;
  readonly title: string;
}

const MIB = 1024 * 1024;
const RAW_SHARE = 0.95;
const JOBS_SPEEDUP = 1.6;
/** Engines whose backups two connections load at once. */
const PARALLEL: readonly ServerEngine[] = ['postgresql'];
const PEAK_MIB = 200;

/** The runs of one engine and size. */
const groupsOf = (runs: readonly RestoreRun[]): RestoreRun[][] => {
  const groups = new Map<string, RestoreRun[]>();
  for (const run of runs) {
    const key = `${run.engine} ${run.size}`;
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()];
};

const of = (runs: readonly RestoreRun[], pipeline: RestorePipeline) => runs.filter((run) => run.pipeline === pipeline);
const secondsOf = (runs: readonly RestoreRun[], pipeline: RestorePipeline): number =>
  median(of(runs, pipeline).map(({ seconds }) => seconds));
const peakOf = (runs: readonly RestoreRun[], pipeline: RestorePipeline): number =>
  Math.max(...of(runs, pipeline).map(({ peakProcessBytes }) => peakProcessBytes)) / MIB;

/** What must hold. */
export function demands(runs: readonly RestoreRun[]): Requirement[] {
  return groupsOf(runs).flatMap((group) => {
    const { engine, size } = group[0]!;
    const name = `${engine}, ${size} GB`;
    const raw = secondsOf(group, 'raw');
    return [
      atLeast(`${name}: share of the raw pipe's throughput`, raw / secondsOf(group, 'program'), RAW_SHARE),
      ...(PARALLEL.includes(engine)
        ? [atLeast(`${name}: two connections, times the raw pipe`, raw / secondsOf(group, 'jobs'), JOBS_SPEEDUP)]
        : []),
      atMost(`${name}: peak memory of a process, MiB`, peakOf(group, 'program'), PEAK_MIB),
    ];
  });
}

/** The tables that a person reads. */
export function report(runs: readonly RestoreRun[], all: readonly Requirement[]): string {
  const table = new Table({
    head: ['', 'GB', 'pipeline', 'seconds', 'times the raw pipe', 'peak MiB'],
    style: { head: [], border: [] },
  });
  for (const group of groupsOf(runs)) {
    for (const pipeline of ['program', 'raw', 'jobs'] as const) {
      const { engine, size, title } = of(group, pipeline)[0]!;
      const seconds = secondsOf(group, pipeline);
      const times = (secondsOf(group, 'raw') / seconds).toFixed(2);
      table.push([engine, size, title, seconds.toFixed(2), times, Math.round(peakOf(group, pipeline))]);
    }
  }
  return `${table.toString()}\n${checksTable(all)}`;
}
