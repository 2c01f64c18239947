import { performance } from 'node:perf_hooks';
import { formatBytes } from '../../catalog/units';
import type { Log } from '../run/log';

/** Progress of one stream. */
export interface StreamProgress {
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Table being dumped, if known. */
  readonly table: string | undefined;
}

const LOG_INTERVAL_MS = 5000;
const TERMINAL_INTERVAL_MS = 100;

/** Counts the bytes of all streams of a run, and reports them every few seconds. */
export class Meter {
  private readonly streams = new Set<() => StreamProgress>();
  private ended = { bytesIn: 0, bytesOut: 0 };
  private readonly timer: NodeJS.Timeout;
  private last = { at: performance.now(), bytes: 0 };

  constructor(private readonly log: Log) {
    this.timer = setInterval(() => this.report(), log.interactive ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS).unref();
  }

  /** Bytes before compression, of streams that have ended. */
  get bytesIn(): number {
    return this.ended.bytesIn;
  }

  /** Bytes after compression, of streams that have ended. */
  get bytesOut(): number {
    return this.ended.bytesOut;
  }

  /**
   * Counts a stream from now on.
   *
   * @returns call it when the stream has ended
   */
  follow(read: () => StreamProgress): () => void {
    this.streams.add(read);
    return () => {
      if (this.log.interactive) this.report();
      this.streams.delete(read);
      this.count(read());
    };
  }

  /** Counts what passed beside the streams. */
  count({ bytesIn, bytesOut }: Pick<StreamProgress, 'bytesIn' | 'bytesOut'>): void {
    this.ended = { bytesIn: this.ended.bytesIn + bytesIn, bytesOut: this.ended.bytesOut + bytesOut };
  }

  /** Forgets the streams that have ended: those of an attempt that failed. */
  restart(): void {
    this.ended = { bytesIn: 0, bytesOut: 0 };
    this.last = { at: performance.now(), bytes: 0 };
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private report(): void {
    if (this.streams.size === 0) return;
    const readings = [...this.streams].map((read) => read());
    const sum = (what: 'bytesIn' | 'bytesOut') =>
      readings.reduce((total, reading) => total + reading[what], this.ended[what]);
    const [bytesIn, bytesOut] = [sum('bytesIn'), sum('bytesOut')];
    const now = performance.now();
    const bytesPerSecond = Math.round(((bytesIn - this.last.bytes) * 1000) / Math.max(1, now - this.last.at));
    this.last = { at: now, bytes: bytesIn };
    const table = readings.flatMap((reading) => reading.table ?? []).join(', ');
    this.log.progress(
      `dumped ${formatBytes(bytesIn)}, stored ${formatBytes(bytesOut)}, ${formatBytes(bytesPerSecond)}/s${table && `, ${table}`}`,
      { bytesIn, bytesOut, bytesPerSecond, ...(table && { table }) },
    );
  }
}
