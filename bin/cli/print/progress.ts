/** Shows how far a long work is, on standard error: on one line of a terminal, elsewhere now and then. */
import { performance } from 'node:perf_hooks';
import { formatBytes, formatDuration } from '../../../catalog/units';
import type { Output } from './output';

const TERMINAL_MS = 500;
const ELSEWHERE_MS = 30_000;

/** Progress of a work whose bytes are known. */
export class Progress {
  private readonly begun = performance.now();
  private done = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly output: Output,
    private readonly bytes: number,
  ) {
    const pause = this.isTerminal ? TERMINAL_MS : ELSEWHERE_MS;
    this.timer = setInterval(() => this.show(), pause).unref();
  }

  /** Seconds since its start. */
  get seconds(): number {
    return (performance.now() - this.begun) / 1000;
  }

  add(bytes: number): void {
    this.done += bytes;
  }

  /** Shows nothing any more. */
  end(): void {
    clearInterval(this.timer);
    this.output.progress();
  }

  private get isTerminal(): boolean {
    return Boolean(this.output.streams.stderr.isTTY);
  }

  private show(): void {
    const rate = this.done / this.seconds;
    const left = rate > 0 ? `, ${formatDuration((this.bytes - this.done) / rate, 'short')} left` : '';
    const percent = this.bytes > 0 ? Math.floor((100 * this.done) / this.bytes) : 100;
    const text = `${percent} %: ${formatBytes(this.done)} of ${formatBytes(this.bytes)}, ${formatBytes(rate)}/s${left}`;
    if (this.isTerminal) this.output.progress(text);
    else this.output.tell(text);
  }
}
