import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from '../support/processes';
import { Program } from '../support/program';
import { Fixture } from './fixture';

jest.setTimeout(120_000);

const LATER = '2026-11-20T02:00:00Z';

describe('a run', () => {
  let fixture: Fixture;
  beforeAll(async () => (fixture = await Fixture.start()));
  afterAll(() => fixture?.stop());
  afterEach(() => fixture.proxy.reset());

  /** Lets the first part of the next run's upload wait; `reached` resolves when it does. */
  function holdFirstPart(): { reached: Promise<void>; release: () => void } {
    let release: () => void = () => undefined;
    const hold = new Promise<void>((resolve) => (release = resolve));
    const reached = new Promise<void>((resolve) => {
      fixture.proxy.rule = ({ operation }) => {
        if (operation !== 'UploadPart') return undefined;
        resolve();
        return { hold };
      };
    });
    return { reached, release };
  }

  test.each([
    [
      'SIGTERM',
      'interrupted',
      /^the backup was interrupted by SIGTERM \(the task was stopped, .*\): it left no backup; .*$/,
    ],
    [
      'SIGINT',
      'interruptedBySigint',
      /^the backup was interrupted by SIGINT \(someone pressed Ctrl-C\): it left no backup; .*$/,
    ],
  ] as const)('stopped by %s leaves nothing behind', async (signal, exit, sentence) => {
    const source = signal.toLowerCase();
    const { reached, release } = holdFirstPart();
    const program = Program.start(fixture.sqlite(source));
    await reached;
    program.signal(signal);
    const result = await program.result();
    release();
    await fixture.expectFailure(result, source, exit, sentence, { kind: 'interrupted', object: signal });
    await fixture.expectNextRunSucceeds(fixture.sqlite(source));
  });

  test('that takes longer than its timeout stops itself', async () => {
    const { release } = holdFirstPart();
    const result = await Program.run(fixture.sqlite('timeout', { timeoutSeconds: 2 }));
    release();
    const sentence =
      /^the backup took longer than its timeout of 2 seconds and was stopped: raise timeout, or give the task more cpu$/;
    await fixture.expectFailure(result, 'timeout', 'timedOut', sentence, { kind: 'timed-out' });
    await fixture.expectNextRunSucceeds(fixture.sqlite('timeout'));
  });

  test('beside another of the same source ends at once, and leaves the other alone', async () => {
    const { reached, release } = holdFirstPart();
    const first = Program.start(fixture.sqlite('two'));
    await reached;
    const second = await Program.run(fixture.sqlite('two'));
    expect(second).toMatchObject({
      ...{ exit: 'alreadyRunning', reason: { kind: 'already-running' } },
      failure: expect.stringMatching(
        /^another run of source two has held its lock since .* and renewed it \d+ s ago: this run made no backup; .*$/,
      ),
    });
    // The other run tells how it ends.
    expect(second.output).not.toContain('BackupSuccess');
    const other = Program.run(fixture.sqlite('two-other'));
    release();
    expect(await first.result()).toMatchObject({ exit: 'success' });
    expect(await other).toMatchObject({ exit: 'success' });
    expect(await fixture.bucket.manifests('two')).toHaveLength(1);
  });

  test('renews its lock for as long as it takes', async () => {
    const { reached, release } = holdFirstPart();
    const first = Program.start(fixture.sqlite('renewed', { lockLeaseSeconds: 12 }));
    await reached;
    await sleep(13_000);
    expect(await Program.run(fixture.sqlite('renewed', { lockLeaseSeconds: 12 }))).toMatchObject({
      exit: 'alreadyRunning',
    });
    release();
    expect(await first.result()).toMatchObject({ exit: 'success' });
  });

  test('for a scheduled time that has its backup already does nothing, and succeeds', async () => {
    const options = { ...fixture.sqlite('twice'), scheduledTime: LATER };
    expect(await Program.run(options)).toMatchObject({ exit: 'success' });
    fixture.proxy.reset();
    const again = await Program.run(options);
    expect(again).toMatchObject({ exit: 'success' });
    expect(again.log).toContainEqual(
      expect.objectContaining({
        ...{ event: 'already-complete', backupId: '2026-11-20T02-00-00Z' },
        message: 'backup 2026-11-20T02-00-00Z of twice exists already for this scheduled time: nothing to do',
      }),
    );
    expect(fixture.proxy.counts.get('UploadPart')).toBeUndefined();
    expect((await fixture.bucket.manifests('twice')).map(({ backupId }) => backupId)).toEqual(['2026-11-20T02-00-00Z']);
  });

  test('after one that was killed takes its lock over when the lease is over, and removes its upload', async () => {
    const { reached, release } = holdFirstPart();
    const killed = Program.start(fixture.sqlite('stale', { lockLeaseSeconds: 60 }));
    await reached;
    killed.signal('SIGKILL');
    expect(await killed.result()).toMatchObject({ exit: 'SIGKILL' });
    release();
    expect(await fixture.bucket.unfinishedUploads()).toEqual([
      expect.stringMatching(/^stale\/[\dTZ-]+\/shop\.db\.zst$/),
    ]);
    expect(await Program.run(fixture.sqlite('stale', { lockLeaseSeconds: 60 }))).toMatchObject({
      exit: 'alreadyRunning',
    });
    await fixture.emulator.moveClock(61);
    const next = await Program.run(fixture.sqlite('stale', { lockLeaseSeconds: 60 }));
    expect(next).toMatchObject({ exit: 'success' });
    expect(next.log).toContainEqual(expect.objectContaining({ level: 'warn', event: 'abandoned-upload' }));
    expect(await fixture.bucket.unfinishedUploads()).toEqual([]);
    expect(await fixture.bucket.manifests('stale')).toHaveLength(1);
    for (const name of fs.readdirSync(fixture.directory).filter((entry) => entry.startsWith('run-'))) {
      fs.rmSync(path.join(fixture.directory, name), { recursive: true });
    }
  });

  describe('with a clock that is wrong', () => {
    const library = (): string =>
      findProgram(
        ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`),
        'faketime',
      );

    test('goes by the clock of S3: neither its id nor its times are in the past', async () => {
      const before = Date.now();
      expect(await Program.run(fixture.sqlite('past'))).toMatchObject({ exit: 'success' });
      const environment = { LD_PRELOAD: library(), FAKETIME: '-3d' };
      const back = await Program.run({ ...fixture.sqlite('past'), environment });
      expect(back).toMatchObject({ exit: 'success' });
      expect(Date.parse(String(back.log[0]!.time))).toBeLessThan(before - 2 * 86_400_000);
      const [first, second] = await fixture.bucket.manifests('past');
      expect(second!.backupId > first!.backupId).toBe(true);
      expect(Date.parse(second!.startedAt)).toBeGreaterThanOrEqual(Date.parse(first!.endedAt) - 1000);
      expect(second!.endedAt >= second!.startedAt).toBe(true);
    });

    test('is not shortened, lengthened or robbed of its lock by a clock that is set back midway', async () => {
      const file = path.join(fixture.directory, 'faketime');
      fs.writeFileSync(file, '+0');
      const environment = {
        ...{ LD_PRELOAD: library(), FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1' },
        // Nobody can set this one back on a real machine.
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      };
      const { reached, release } = holdFirstPart();
      const job = { lockLeaseSeconds: 12 };
      const first = Program.start({ ...fixture.sqlite('midway', job), environment });
      await reached;
      fs.writeFileSync(file, '-1d');
      await sleep(13_000);
      expect(await Program.run(fixture.sqlite('midway', job))).toMatchObject({ exit: 'alreadyRunning' });
      release();
      expect(await first.result()).toMatchObject({ exit: 'success' });
      const [manifest] = await fixture.bucket.manifests('midway');
      const seconds = (Date.parse(manifest!.endedAt) - Date.parse(manifest!.startedAt)) / 1000;
      expect(seconds).toBeGreaterThan(2);
      expect(seconds).toBeLessThan(3600);
    });
  });
});
