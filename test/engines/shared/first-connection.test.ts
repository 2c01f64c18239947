import { firstConnection } from '../../../engines/shared/first-connection';
import { connectionError } from '../../../engines/shared/connection-error';
import { CapturedLog } from '../../support/captured-log';

const SERVER = { host: 'db.internal', port: 3306 };
const failure = (code: string) => connectionError(SERVER, Object.assign(new Error('it says why'), { code }), {});

/** Attempts of which all fail with the code, and what came of them. */
async function asked(code: string, patienceMs: number, signal = new AbortController().signal) {
  let attempts = 0;
  const connect = () => {
    attempts++;
    return Promise.reject(failure(code));
  };
  const log = new CapturedLog();
  const began = performance.now();
  const error = await firstConnection(connect, { log: log.log, signal }, patienceMs).catch((reason: unknown) => reason);
  return { attempts, error, ms: performance.now() - began };
}

test.each(['ETIMEDOUT', 'ECONNRESET'])(
  '%s: asks again until its patience is over, then fails as the last attempt did',
  async (code) => {
    // The third comes after four seconds or a little more, and a fourth after six at the earliest.
    const { attempts, error, ms } = await asked(code, 5900);
    expect([attempts, error]).toEqual([3, failure(code)]);
    expect(ms).toBeLessThan(5900);
  },
);

test.each(['ECONNREFUSED', 'ENOTFOUND', 'CERT_HAS_EXPIRED'])('%s: has answered', async (code) => {
  expect(await asked(code, 5000)).toMatchObject({ attempts: 1, error: failure(code) });
});

test('an error of the program itself is none of the server', async () => {
  const fault = new TypeError('of ours');
  const context = { log: new CapturedLog().log, signal: new AbortController().signal };
  await expect(firstConnection(() => Promise.reject(fault), context)).rejects.toBe(fault);
});

test('ends when the run is stopped', async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 100);
  const { attempts, ms } = await asked('ETIMEDOUT', 60_000, stop.signal);
  expect(attempts).toBe(1);
  expect(ms).toBeLessThan(30_000);
});
