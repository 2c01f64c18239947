import { METRICS } from '../../../catalog/contract/task';
import { writeMetrics } from '../../../task/run/metrics';
import { CapturedLog } from '../../support/captured-log';

function capture(isTTY = false) {
  const captured = new CapturedLog(isTTY);
  return { log: captured.log, text: () => captured.text };
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
