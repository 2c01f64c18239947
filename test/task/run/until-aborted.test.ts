import { untilAborted } from '../../../task/run/until-aborted';

const never = new Promise<never>(() => undefined);

test('the promise decides while the signal does not abort', async () => {
  const { signal } = new AbortController();
  await expect(untilAborted(signal, Promise.resolve(3))).resolves.toBe(3);
  await expect(untilAborted(signal, Promise.reject(new Error('no')))).rejects.toThrow('no');
});

test.each([true, false])('the signal ends the wait with its reason (already aborted: %s)', async (before) => {
  const stop = new AbortController();
  const reason = new Error('stopped');
  if (before) stop.abort(reason);
  const waiting = untilAborted(stop.signal, never);
  stop.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});

test('what the promise does afterwards harms nobody', async () => {
  const stop = new AbortController();
  let fail: (error: Error) => void = () => undefined;
  const waiting = untilAborted(stop.signal, new Promise((_, reject) => (fail = reject)));
  stop.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
  fail(new Error('too late'));
  await new Promise(setImmediate);
});
