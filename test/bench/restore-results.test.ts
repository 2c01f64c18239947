import { demands, type RestorePipeline, type RestoreRun } from '../../bench/restore-results';

const run = (pipeline: RestorePipeline, seconds: number, busySeconds: number): RestoreRun => ({
  ...{ engine: 'postgresql', size: 1, pipeline, title: pipeline, seconds, busySeconds },
  ...{ cpuSeconds: 3, peakProcessBytes: 100 * 1024 * 1024, peakTreeBytes: 0 },
});

test.each([
  // The pipe leaves one of two cores idle: twice its speed is possible.
  [10, 6, 1.6, true],
  [10, 7, 1.6, false],
  // It leaves a quarter of them.
  [15, 8.8, 1.13, true],
  [15, 9, 1.13, false],
])(
  'a pipe of 10 s that keeps cores busy for %s s: two connections of %s s must be %s times as fast',
  (busy, jobs, least, met) => {
    const all = demands([run('raw', 10, busy), run('program', 10, busy), run('jobs', jobs, busy)], 2);
    const demand = all.find(({ what }) => what.includes('two connections'));
    expect(demand?.atLeast).toBeCloseTo(least, 1);
    expect(demand?.met).toBe(met);
  },
);

test.each([
  [18, 10, 1.42, true],
  [18, 11, 1.42, false],
  // One core rests.
  [12, 7.5, 2, true],
])(
  'a restore of 15 s that takes %s CPU seconds on two cores: a load of %s s must be %s times as fast',
  (busy, loadSeconds, least, met) => {
    const restore = run('program', 15, busy);
    const all = demands([restore, { ...run('prove', 30, 40), loadSeconds }], 2);
    const demand = all.find(({ what }) => what.includes('load of a test'));
    expect(demand?.atLeast).toBeCloseTo(least, 1);
    expect(demand?.met).toBe(met);
  },
);
