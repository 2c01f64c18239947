import type { Measured, Signal } from '../../../catalog/contract/alarms';
import { observe } from '../../../lambda/notify/observe/observe';
import { readBatch } from '../../../lambda/notify/observe/read-batch';
import { failedFunction } from './events/others';
import { contextWith, messageOf, SETTINGS } from './events/message';

const measured: Measured = {
  ...{
    kind: 'measured',
    bucket: SETTINGS.bucket,
    at: '2026-11-20T02:00:00.000Z',
    sources: [],
    complete: false,
    total: 2,
  },
  unmeasured: { count: 1, named: [{ source: 'shop', failure: 'AccessDenied' }] },
  subscriptions: { confirmed: 0, pending: 1 },
};

/** Causes that are told. */
async function told(body: object, off: Signal[]): Promise<string[]> {
  const settings = { ...SETTINGS, off };
  const read = (message: ReturnType<typeof messageOf>) => observe(message, contextWith({ settings }));
  const { observations } = await readBatch([messageOf(body)], read, settings);
  return observations.flatMap((one) => (one.state === 'problem' ? [one.cause] : []));
}

test.each<[Signal[], string[]]>([
  [[], ['measure', 'no-subscriber']],
  [['silent'], ['measure', 'no-subscriber']],
  [['housekeeping'], ['measure']],
  [['housekeeping', 'silent'], []],
])(
  'a source that could not be measured may be silent: it is told unless both signals are off: %j',
  async (off, causes) => {
    expect(await told(measured, off)).toEqual(causes);
    const functionFailed = await told(failedFunction('acme-measure', { errorMessage: 'no time' }), off);
    expect(functionFailed).toEqual(causes.filter((cause) => cause === 'measure'));
  },
);
