import Table from 'cli-table3';
import type { BenchEngine } from './server';
import type { Measured } from './measure';
import { atLeast, atMost, checksTable, median, type Requirement } from './results';

/**
 * `program`: this one, with one connection; `raw`: the pipe that people type; `jobs`: this program, with two connections;
 * `prove`: a restore test by this program.
 */
export type RestorePipeline = 'program' | 'raw' | 'jobs' | 'prove';

/** What the verdict of a restore test has measured. */
export interface Proof {
  /** Until all was loaded. */
  readonly loadSeconds: number;
  /** Of the program alone, without its server. */
  readonly peakMemoryBytes: number;
  readonly peakDiskBytes: number;
  /** What the program demands to be free before it begins. */
  readonly estimatedDiskBytes: number;
}

/** One restore. */
export interface RestoreRun extends Measured, Partial<Proof> {
  readonly engine: BenchEngine;
  /** GB of rows. */
  readonly size: number;
  readonly pipeline: RestorePipeline;
  readonly title: string;
  /** CPU seconds of the pipeline, its server and S3. */
  readonly busySeconds: number;
}

const MIB = 1024 * 1024;
const RAW_SHARE = 0.95;
const JOBS_SPEEDUP = 1.6;
/** Of the speed-up at which no core would rest, this share must be reached: what is compared with may need most of the machine itself. */
const CORES_SHARE = 0.85;
/** Engines whose backups two connections load at once. */
const PARALLEL: readonly BenchEngine[] = ['postgresql'];
const PEAK_MIB = 200;
/** Times that the load of a restore test is as fast as a restore into a durable server, where the cores allow it. */
const PROOF_SPEEDUP = 2;
/** Of the disk that a restore test demands, it needs at least so much. */
const DISK_SHARE = 0.8;

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
const secondsIn = (runs: readonly RestoreRun[]): number[] => runs.map(({ seconds }) => seconds);
const secondsOf = (runs: readonly RestoreRun[], pipeline: RestorePipeline): number =>
  median(secondsIn(of(runs, pipeline)));
const loadOf = (proofs: readonly RestoreRun[]): number => median(proofs.map(({ loadSeconds = 0 }) => loadSeconds));
const peakOf = (runs: readonly RestoreRun[], pipeline: RestorePipeline): number =>
  Math.max(...of(runs, pipeline).map(({ peakProcessBytes }) => peakProcessBytes)) / MIB;

/** A speed-up that must be reached, or a share of what the cores allow to what takes as much work: where the server is elsewhere, more. */
const speedUp = (wanted: number, runs: readonly RestoreRun[], cores: number): number =>
  Math.min(
    wanted,
    (CORES_SHARE * cores * median(secondsIn(runs))) / median(runs.map(({ busySeconds }) => busySeconds)),
  );

function demandsOnProofs(group: readonly RestoreRun[], name: string, cores: number): Requirement[] {
  const [restores, proofs] = [of(group, 'program'), of(group, 'prove')];
  const faster = median(secondsIn(restores)) / loadOf(proofs);
  const disk = median(
    proofs.map(({ peakDiskBytes = 0, estimatedDiskBytes = 0 }) => peakDiskBytes / estimatedDiskBytes),
  );
  const memory = Math.max(...proofs.map(({ peakMemoryBytes = 0 }) => peakMemoryBytes));
  return [
    atLeast(`${name}: times a restore, the load of a test`, faster, speedUp(PROOF_SPEEDUP, restores, cores)),
    atMost(`${name}: peak memory of the program, MiB`, memory / MIB, PEAK_MIB),
    atLeast(`${name}: share of the disk that was demanded`, disk, DISK_SHARE),
    atMost(`${name}: share of the disk that was demanded`, disk, 1),
  ];
}

/**
 * What must hold.
 *
 * @param cores of the machine
 */
export function demands(runs: readonly RestoreRun[], cores: number): Requirement[] {
  return groupsOf(runs).flatMap((group) => {
    const { engine, size } = group[0]!;
    const name = `${engine}, ${size} GB`;
    if (of(group, 'prove').length > 0) return demandsOnProofs(group, name, cores);
    const raw = secondsOf(group, 'raw');
    return [
      atLeast(`${name}: share of the raw pipe's throughput`, raw / secondsOf(group, 'program'), RAW_SHARE),
      ...(PARALLEL.includes(engine)
        ? [
            atLeast(
              `${name}: two connections, times the raw pipe`,
              raw / secondsOf(group, 'jobs'),
              speedUp(JOBS_SPEEDUP, of(group, 'raw'), cores),
            ),
          ]
        : []),
      atMost(`${name}: peak memory of a process, MiB`, peakOf(group, 'program'), PEAK_MIB),
    ];
  });
}

/** The tables that a person reads. */
export function report(runs: readonly RestoreRun[], all: readonly Requirement[]): string {
  const table = new Table({
    head: ['', 'GB', 'pipeline', 'seconds', 'of that, load', 'CPU s', 'times the raw pipe', 'peak MiB', 'disk MiB'],
    style: { head: [], border: [] },
  });
  for (const group of groupsOf(runs)) {
    for (const pipeline of new Set(group.map((run) => run.pipeline))) {
      const own = of(group, pipeline);
      const { engine, size, title, peakDiskBytes } = own[0]!;
      const isProof = peakDiskBytes !== undefined;
      const seconds = secondsOf(group, pipeline);
      const raw = of(group, 'raw');
      table.push([
        ...[engine, size, title, seconds.toFixed(2), isProof ? loadOf(own).toFixed(2) : ''],
        median(own.map(({ busySeconds }) => busySeconds)).toFixed(1),
        raw.length > 0 ? (secondsOf(group, 'raw') / seconds).toFixed(2) : '',
        Math.round(
          isProof ? Math.max(...own.map(({ peakMemoryBytes = 0 }) => peakMemoryBytes)) / MIB : peakOf(group, pipeline),
        ),
        isProof ? Math.round(peakDiskBytes / MIB) : '',
      ]);
    }
  }
  return `${table.toString()}\n${checksTable(all)}`;
}
