import { Emulator } from '../../emulator/emulator';
import { S3FaultProxy } from '../../support/s3-fault-proxy';
import { alarmSettingsOf, hoursAgo } from './alarm-scene';
import { ageAlarm, NO_DATA } from './events/alarms';
import { deleteCall } from './events/others';
import { measureIn, toldBy } from '../measure/measure-support';
import { ago, HOUR, measured, message, NotifyScene, run, subjects } from './notify-support';

let emulator: Emulator;
beforeAll(async () => (emulator = await Emulator.start()));
afterAll(() => emulator.stop());

let scenes = 0;
const scene = (...sources: string[]) =>
  NotifyScene.create(emulator, `upkeep-${scenes++}`, sources.length > 0 ? sources : ['shop']);

describe('before anybody has confirmed a subscription', () => {
  it('what is told is told again to the first who does', async () => {
    const here = await scene();
    const { bucket } = here.alarms;
    await here.batch([message(run('shop', 11, ago(3)))]);
    const nobody = measured(bucket, 'shop', ago(2));
    await here.batch([message({ ...nobody, subscriptions: { confirmed: 0, pending: 1 } })]);
    await here.emails();
    const somebody = { ...measured(bucket, 'shop', ago(1)), subscriptions: { confirmed: 1, pending: 0 } };
    await here.batch([message(somebody)]);
    expect((await subjects(here)).sort()).toEqual([
      expect.stringMatching(/^FAILED shop/),
      expect.stringMatching(/^RECOVERED subscriptions/),
    ]);
    await here.batch([message({ ...somebody, at: ago(0).toISOString() })]);
    expect(await subjects(here)).toEqual([]);
  });

  it('a source that is removed is forgotten', async () => {
    const here = await scene('shop', 'blog');
    const { bucket } = here.alarms;
    await here.batch([message(run('blog', 11, ago(3)))]);
    await here.emails();
    await here.alarms.configure(alarmSettingsOf(bucket, ['shop']));
    await here.batch([message(measured(bucket, 'shop', ago(1)))]);
    expect(await subjects(here)).toEqual([]);
    expect(await here.alarms.remembered('problems/blog')).toMatchObject({ open: {} });
  });
});

describe('housekeeping', () => {
  const denied = (here: NotifyScene, at: Date) =>
    message(
      deleteCall('DeleteObject', { bucketName: here.alarms.bucket, key: 'shop/x' }, { eventTime: at.toISOString() }),
    );
  const measuredAt = (here: NotifyScene, at: Date) => message(measured(here.alarms.bucket, 'shop', at));
  const later = (days: number) => new Date(Date.now() + days * 24 * HOUR);

  it('that nothing calls well is over after 14 days, with the first measuring after them', async () => {
    const here = await scene();
    await here.batch([denied(here, ago(1))]);
    expect(await subjects(here)).toEqual([expect.stringMatching(/^DELETE DENIED/)]);
    await here.batch([measuredAt(here, later(13.9))], { now: later(13.9) });
    expect(await subjects(here)).toEqual([]);
    await here.batch([measuredAt(here, later(14))], { now: later(14) });
    expect(await subjects(here)).toEqual([expect.stringMatching(/^RECOVERED .*it has not happened again/)]);
    await here.batch([measuredAt(here, later(15))], { now: later(15) });
    expect(await subjects(here)).toEqual([]);
  });

  it('is told when the measuring cannot read what it is to measure, and when it can again', async () => {
    const here = await scene();
    await here.alarms.backup(hoursAgo(1));
    const proxy = await S3FaultProxy.start(emulator.endpoint);
    proxy.rule = ({ operation }) => (operation === 'GetObject' ? { status: 403, code: 'AccessDenied' } : undefined);
    const measuring = async (endpoint?: string) => {
      await measureIn(here.alarms, { endpoint });
      await here.batch((await toldBy(here.alarms)).map((measured) => message(measured)));
    };
    await measuring(proxy.endpoint).finally(() => proxy.stop());
    const [told, ...others] = await here.emails();
    expect(others).toEqual([]);
    expect(told!.subject).toMatch(/^MEASURING FAILED: 1 of 1 source could not be measured: shop/);
    expect(told!.text).toContain('AccessDenied');
    // CloudWatch, too, hears nothing of the source any more: that is no second email.
    const dimensions = { Bucket: here.alarms.bucket, Source: 'shop' };
    await here.batch([message(ageAlarm(NO_DATA, dimensions))]);
    expect(await subjects(here)).toEqual([]);
    await measuring();
    expect(await subjects(here)).toEqual([expect.stringMatching(/^RECOVERED measuring/)]);
  });

  it('of the measuring is over when a run of it is complete', async () => {
    const here = await scene();
    const found = measured(here.alarms.bucket, 'shop', ago(0));
    const named = [{ source: 'crm', failure: 'AccessDenied' }];
    const blind = { ...measured(here.alarms.bucket, 'shop', ago(2)), complete: false, total: 12 };
    await here.batch([message({ ...blind, unmeasured: { count: 2, named } })]);
    const [told] = await here.emails();
    expect(told!.subject).toMatch(/^MEASURING FAILED/);
    expect(told!.text.replace(/\s+/g, ' ')).toContain(
      '2 of 12 sources could not be measured: crm: AccessDenied; and 1 more',
    );
    await here.batch([message({ ...blind, at: ago(1).toISOString() })]);
    expect(await subjects(here)).toEqual([]);
    await here.batch([message(found)]);
    expect(await subjects(here)).toEqual([expect.stringMatching(/^RECOVERED measuring/)]);
  });
});
