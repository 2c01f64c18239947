import { Meter } from '../../../task/io/meter';
import { CapturedLog } from '../../support/captured-log';

const MIB = 1024 ** 2;

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test('progress is logged every five seconds, of all streams together', () => {
  const captured = new CapturedLog();
  const meter = new Meter(captured.log);
  const first = meter.follow(() => ({ bytesIn: 5 * MIB, bytesOut: MIB, table: 'book' }));
  meter.follow(() => ({ bytesIn: 3 * MIB, bytesOut: 2 * MIB, table: 'orders' }));
  meter.follow(() => ({ bytesIn: 0, bytesOut: 0, table: undefined }));
  jest.advanceTimersByTime(5000);
  first();
  jest.advanceTimersByTime(5000);
  meter.stop();
  expect(captured.of('progress')).toMatchObject([
    { bytesIn: 8 * MIB, bytesOut: 3 * MIB, table: 'book, orders', bytesPerSecond: expect.any(Number) },
    { bytesIn: 8 * MIB, bytesOut: 3 * MIB, table: 'orders', bytesPerSecond: 0 },
  ]);
  expect(captured.lines[0]!.message).toMatch(/^dumped 8\.0 MiB, stored 3\.0 MiB, .*\/s, book, orders$/);
});

test('what is counted in the end are the streams that ended', () => {
  const meter = new Meter(new CapturedLog().log);
  let bytes = 1;
  const ended = meter.follow(() => ({ bytesIn: bytes, bytesOut: bytes, table: undefined }));
  meter.follow(() => ({ bytesIn: 7, bytesOut: 7, table: undefined }));
  bytes = 5;
  expect([meter.bytesIn, meter.bytesOut]).toEqual([0, 0]);
  ended();
  expect([meter.bytesIn, meter.bytesOut]).toEqual([5, 5]);
  meter.stop();
});

test('without a stream there is nothing to report', () => {
  const captured = new CapturedLog();
  const meter = new Meter(captured.log);
  jest.advanceTimersByTime(20_000);
  meter.stop();
  expect(captured.text).toBe('');
});

test('a terminal gets a line many times a second, and the last state of each stream', () => {
  const captured = new CapturedLog(true);
  const meter = new Meter(captured.log);
  const ended = meter.follow(() => ({ bytesIn: MIB, bytesOut: MIB, table: undefined }));
  jest.advanceTimersByTime(1000);
  ended();
  meter.stop();
  expect(captured.text.match(/dumped 1\.0 MiB/g)).toHaveLength(11);
});
