import { Writable } from 'node:stream';
import { METRICS } from '../../../catalog/contract/task';
import { Log } from '../../../task/run/log';
import { writeMetrics } from '../../../task/run/metrics';
import { Meter } from '../../../task/io/meter';

function capture(isTTY = false) {
  let text = '';
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      text += chunk.toString();
      done();
    },
  }) as unknown as NodeJS.WriteStream;
  Object.assign(stream, { isTTY, columns: 60 });
  return { log: new Log(stream, () => new Date('2026-11-20T02:00:00Z')), text: () => text };
}

test('a line is one JSON object, with the common fields', () => {
  const { log, text } = capture();
  log.with({ source: 'shop' });
  log.info('start', 'first\nsecond', { bytes: 3 });
  expect(text()).toBe(
    '{"time":"2026-11-20T02:00:00.000Z","level":"info","event":"start","message":"first\\nsecond","source":"shop","bytes":3}\n',
  );
});

test('a secret shows nowhere, not even inside a field', () => {
  const { log, text } = capture();
  log.hide('s3cr"t');
  log.error('failed', 'tried s3cr"t', { detail: { line: 'password=s3cr"t' } });
  expect(text()).not.toContain('s3cr');
  expect(JSON.parse(text())).toMatchObject({ message: 'tried ***', detail: { line: 'password=***' } });
});

test('a terminal gets plain text, a progress line that overwrites itself, and no metrics', () => {
  const { log, text } = capture(true);
  log.progress('dumped 1 MiB', {});
  log.progress('dumped 2 MiB', {});
  log.info('complete', 'done');
  log.raw({ _aws: {} });
  expect(text()).toMatch(/dumped 1 MiB.*dumped 2 MiB\n.*done/s);
  expect(text()).not.toContain('{');
});

test('metrics are a line of embedded metric format, and a failed run reports no bytes', () => {
  const { log, text } = capture();
  writeMetrics(log, { bucket: 'backups', source: 'shop' }, { success: false, durationSeconds: 1.5, bytes: 5 });
  const line = JSON.parse(text()) as { _aws: { CloudWatchMetrics: object[] } };
  expect(line).toMatchObject({ Source: 'shop', BackupSuccess: 0, BackupDuration: 1.5 });
  expect(line).not.toHaveProperty(METRICS.size);
  expect(line._aws.CloudWatchMetrics).toEqual([
    {
      Namespace: 'ProvenBackups',
      Dimensions: [['Bucket', 'Source']],
      Metrics: [
        { Name: 'BackupSuccess', Unit: 'Count' },
        { Name: 'BackupDuration', Unit: 'Seconds' },
      ],
    },
  ]);
});

test('progress is logged every five seconds with bytes, rate and table', () => {
  jest.useFakeTimers();
  const { log, text } = capture();
  const meter = new Meter(log);
  meter.follow(() => ({ bytesIn: 5 * 1024 ** 2, bytesOut: 1024 ** 2, table: 'book' }));
  jest.advanceTimersByTime(5000);
  meter.stop();
  jest.useRealTimers();
  const line = JSON.parse(text()) as object;
  expect(line).toMatchObject({ event: 'progress', bytesIn: 5 * 1024 ** 2, bytesOut: 1024 ** 2, table: 'book' });
  expect(line).toHaveProperty('bytesPerSecond');
});
