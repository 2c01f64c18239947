import { performance } from 'node:perf_hooks';
import type { RestoreProgress } from '../../catalog/contract/restore';
import { formatBytes } from '../../catalog/units';
import type { Log } from '../run/log';

const LOG_INTERVAL_MS = 5000;
const TERMINAL_INTERVAL_MS = 100;

/** Counts the stored bytes that a restore reads, and reports them every few seconds. */
export class ReadMeter {
  private now: RestoreProgress['phase'] = 'loading';
  private bytes = 0;
  private total = 0;
  private table: string | undefined;
  private last = { at: performance.now(), bytes: 0 };
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly log: Log) {
    const interval = log.interactive ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS;
    this.timer = setInterval(() => this.report(), interval).unref();
  }

  /** Begins a phase, which reads this many bytes; as many as before when left out. */
  phase(phase: RestoreProgress['phase'], totalBytes = this.total): void {
    this.now = phase;
    this.total = totalBytes;
    this.bytes = 0;
    this.last = { at: performance.now(), bytes: 0 };
  }

  /** Says how many stored bytes are to be loaded. */
  expect(totalBytes: number): void {
    this.phase('loading', totalBytes);
  }

  add(bytes: number): void {
    this.bytes += bytes;
  }

  loading(table: string | undefined): void {
    this.table = table;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private report(): void {
    if (this.total === 0) return;
    const now = performance.now();
    const bytesPerSecond = Math.round(((this.bytes - this.last.bytes) * 1000) / Math.max(1, now - this.last.at));
    this.last = { at: now, bytes: this.bytes };
    const progress: RestoreProgress = {
      ...{ phase: this.now, bytes: this.bytes, totalBytes: this.total, bytesPerSecond },
      ...(this.table !== undefined && { table: this.table }),
    };
    this.log.progress(
      `${this.now} ${formatBytes(this.bytes)} of ${formatBytes(this.total)}, ${formatBytes(bytesPerSecond)}/s${this.table === undefined ? '' : `, ${this.table}`}`,
      { progress },
    );
  }
}
