import { performance } from 'node:perf_hooks';
import type { Log } from '../run/log';

interface Reading {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly table: string | undefined;
}

const LOG_INTERVAL_MS = 5000;
const TERMINAL_INTERVAL_MS = 100;
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `1.4 GiB` */
export function formatBytes(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`;
}

/** Counts the bytes of a run, and reports them every few seconds. */
export class Meter {
  bytesIn = 0;
  bytesOut = 0;
  private reading: (() => Reading) | undefined;
  private readonly timer: NodeJS.Timeout;
  private last = { at: performance.now(), bytes: 0 };

  constructor(private readonly log: Log) {
    this.timer = setInterval(() => this.report(), log.interactive ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS).unref();
  }

  /** From now on reports what this reading says, on top of the streams counted so far. */
  watch(reading: () => Reading): void {
    this.reading = reading;
  }

  /** Adds a stream that has ended. */
  count(bytesIn: number, bytesOut: number): void {
    if (this.log.interactive) this.report();
    this.reading = undefined;
    this.bytesIn += bytesIn;
    this.bytesOut += bytesOut;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private report(): void {
    if (!this.reading) return;
    const { bytesIn, bytesOut, table } = this.reading();
    const total = this.bytesIn + bytesIn;
    const now = performance.now();
    const bytesPerSecond = Math.round(((total - this.last.bytes) * 1000) / Math.max(1, now - this.last.at));
    this.last = { at: now, bytes: total };
    const stored = this.bytesOut + bytesOut;
    const at = table === undefined ? '' : `, ${table}`;
    this.log.progress(
      `dumped ${formatBytes(total)}, stored ${formatBytes(stored)}, ${formatBytes(bytesPerSecond)}/s${at}`,
      {
        bytesIn: total,
        bytesOut: stored,
        bytesPerSecond,
        ...(table === undefined ? {} : { table }),
      },
    );
  }
}
