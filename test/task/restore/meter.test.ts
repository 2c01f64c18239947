import { ReadMeter } from '../../../task/restore/meter';
import { CapturedLog } from '../../support/captured-log';

// Fake time is that of Date.
jest.mock('node:perf_hooks', () => ({ performance: { now: () => Date.now() } }));

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test('progress has the phase, its bytes, rate, time left and table', () => {
  const captured = new CapturedLog();
  const meter = new ReadMeter(captured.log);
  jest.advanceTimersByTime(5000);
  meter.expect(1000);
  meter.add('verifying', 500);
  jest.advanceTimersByTime(5000);
  meter.add('loading', 250);
  meter.loading('shop.book');
  jest.advanceTimersByTime(5000);
  meter.begin('checking');
  jest.advanceTimersByTime(5000);
  meter.stop();
  jest.advanceTimersByTime(5000);
  expect(captured.of('progress').map(({ message, progress }) => [message, progress])).toEqual([
    [
      'verifying 500 B of 1000 B, 100 B/s, 5 seconds left',
      { phase: 'verifying', bytes: 500, totalBytes: 1000, bytesPerSecond: 100, secondsLeft: 5 },
    ],
    [
      'loading 250 B of 1000 B, 50 B/s, 15 seconds left, shop.book',
      {
        ...{ phase: 'loading', bytes: 250, totalBytes: 1000, bytesPerSecond: 50, secondsLeft: 15 },
        table: 'shop.book',
      },
    ],
    ['checking', { phase: 'checking', bytes: 0, totalBytes: 0, bytesPerSecond: 0 }],
  ]);
});

test('a second dump is counted by its own bytes', () => {
  const captured = new CapturedLog();
  const meter = new ReadMeter(captured.log);
  meter.expect(1000, 4000);
  meter.begin('dumping');
  meter.add('dumping', 2000, 'shop.book');
  jest.advanceTimersByTime(5000);
  meter.stop();
  expect(captured.of('progress')[0]).toMatchObject({
    progress: { phase: 'dumping', bytes: 2000, totalBytes: 4000, secondsLeft: 5, table: 'shop.book' },
  });
});
