import * as fs from 'node:fs';
import * as path from 'node:path';
import { DiskMeter } from '../../../task/prove/disk';
import { peakMemory } from '../../../task/prove/memory';
import { temporaryDirectory } from '../../support/processes';

test('the most that a directory has taken is remembered, of folders in it, too', async () => {
  const directory = temporaryDirectory('disk');
  const meter = new DiskMeter(directory);
  try {
    fs.mkdirSync(path.join(directory, 'data'));
    fs.writeFileSync(path.join(directory, 'data/a'), Buffer.alloc(1024 ** 2, 1));
    await meter.measure();
    fs.rmSync(path.join(directory, 'data'), { recursive: true });
    await meter.measure();
    expect(meter.peak).toBeGreaterThanOrEqual(1024 ** 2);
    expect(meter.peak).toBeLessThan(2 * 1024 ** 2);
  } finally {
    meter.stop();
    fs.rmSync(directory, { recursive: true, force: true });
  }
});

test('outside of a task, memory is that of the program, not of the machine', () => {
  const peak = peakMemory(false);
  expect(peak).toBeGreaterThanOrEqual(process.memoryUsage.rss() / 2);
  expect(peak).toBeLessThanOrEqual(process.resourceUsage().maxRSS * 1024);
});
