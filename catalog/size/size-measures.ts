/** Bytes or rows of a backup, compared with those of the backups before it. Pure. */
import type { SizeLimits } from '../contract/alarms';
import { formatBytes, formatCount } from '../units';

/** Bytes, or rows. */
export interface SizeKind {
  /** A deviation is never less than this: small numbers vary by more. */
  readonly deviationFloor: number;
  /** A loss is more than this. */
  readonly lossFloor: number;
  readonly text: (value: number) => string;
  /** Follows the backup's own number in a sentence. */
  readonly what: string;
}

export const BYTES: SizeKind = {
  deviationFloor: 64 * 1024,
  lossFloor: 8 * 1024,
  text: formatBytes,
  what: ' before compression',
};

/** @param row what people call one */
export const rowsKind = (row: string): SizeKind => ({
  deviationFloor: 20,
  lossFloor: 10,
  text: (value) => `${formatCount(Math.round(value))} ${row}s`,
  what: '',
});

/** A strange number. */
export interface StrangeSize {
  readonly cause: 'shrunk' | 'grown';
  readonly sentence: string;
  /** The sentence in few words. */
  readonly short: string;
  /** How far off it is: all steps to there, so that the same one is not new again. */
  readonly items: readonly string[];
}

/** The history of a number. */
export class SizeMeasure {
  private readonly sorted: readonly number[];
  private readonly median: number;
  /** One robust deviation. */
  private readonly one: number;
  /** The smallest. A backup just before that lost as much is no measure for the next. */
  private readonly least: number;

  /** @param history the newest first */
  constructor(
    private readonly kind: SizeKind,
    private readonly history: readonly number[],
    private readonly bounds: SizeLimits,
  ) {
    this.sorted = [...history].sort((a, b) => a - b);
    this.median = medianOf(history);
    const spread = 1.4826 * medianOf(history.map((earlier) => Math.abs(earlier - this.median)));
    this.one = Math.max(spread, 0.05 * this.median, kind.deviationFloor);
    const [newest = 0, ...others] = history;
    const least = Math.min(...others);
    this.least = this.isLoss(newest, least) ? least : Math.min(newest, least);
  }

  deviation(value: number): number {
    return (value - this.median) / this.one;
  }

  /** Whether a value is strange; also for a value of the history. */
  strange(value: number): StrangeSize | undefined {
    const deviation = this.deviation(value);
    // Has it been about as low, or as high, at least twice: every weekend, for example?
    const low = this.sorted[1] ?? Infinity;
    const high = this.sorted.at(-2) ?? -Infinity;
    const isBelow = deviation < -this.bounds.shrink && value < low - this.one;
    if (isBelow || this.isLoss(value, this.least)) {
      const said = isBelow ? this.fromMedian(value) : this.fromLeast(value);
      return { cause: 'shrunk', ...said, items: ['below', ...this.steps(value)] };
    }
    if (deviation <= this.bounds.growth || value <= high + this.one) return undefined;
    return { cause: 'grown', ...this.fromMedian(value), items: ['above', ...this.steps(value)] };
  }

  /**
   * Whether much is gone, whatever the deviations say: those of a source that grows, or varies, are so large that nothing
   * would be below them. Who widens `shrink` widens this.
   */
  private isLoss(value: number, least: number): boolean {
    const share = Math.min(1 / 2, 2 / this.bounds.shrink);
    return value < share * least && least - value > this.kind.lossFloor;
  }

  private steps(value: number): string[] {
    const ratio = value / this.median;
    if (ratio > 1) return [2, 4, 16, 256].filter((step) => ratio >= step).map(String);
    return [...[2, 4, 16, 256].filter((step) => ratio <= 1 / step).map((step) => `1/${step}`), ...(value ? [] : ['0'])];
  }

  private fromMedian(value: number): Pick<StrangeSize, 'sentence' | 'short'> {
    const { history, median, kind } = this;
    const deviations = `${Math.abs(this.deviation(value)).toFixed(1)} deviations`;
    const off = median > 0 ? `${percentOff(value, median)}, ${deviations}` : deviations;
    return {
      sentence: `${kind.text(value)}${kind.what}; the median of the ${history.length} backups before it is ${kind.text(median)} (${off})`,
      short: this.insteadOf(value, median),
    };
  }

  private fromLeast(value: number): Pick<StrangeSize, 'sentence' | 'short'> {
    const { history, least, kind } = this;
    const count = history.filter((earlier) => earlier >= least).length;
    return {
      sentence: `${kind.text(value)}${kind.what}; the smallest of ${count} backups before it has ${kind.text(least)} (${percentOff(value, least)})`,
      short: this.insteadOf(value, least),
    };
  }

  /** `393.1 MiB instead of 1.6 GiB (-76 %)` */
  private insteadOf(value: number, usual: number): string {
    const off = usual > 0 ? ` (${percentOff(value, usual)})` : '';
    return `${this.kind.text(value)} instead of ${this.kind.text(usual)}${off}`;
  }
}

/** The middle one of some numbers. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

function percentOff(value: number, of: number): string {
  const percent = Math.round((value / of - 1) * 100);
  return `${percent > 0 ? '+' : ''}${percent} %`;
}
