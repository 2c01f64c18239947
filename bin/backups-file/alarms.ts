/** Turns the alarms of a backups file into properties of constructs. */
import { aws_kms as kms } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { AlarmOptions, AlarmSignal, SignalOff, SourceAlarmProps } from '../../lib';
import { Digest } from '../../lib';
import { dailyOf, weeklyOf, zoneOf } from './imports';
import type { BackupsFile, DatabaseEntry } from './schema';

type Alarms = NonNullable<BackupsFile['alarms']>;

export function alarmsOf(scope: Construct, entry: BackupsFile['alarms']): AlarmOptions | undefined {
  if (entry === undefined) return undefined;
  const { emails, timeZone, topicEncryptionKey: key } = entry;
  return {
    emails,
    timeZone: zoneOf(timeZone),
    digest: digestOf(entry),
    signalsOff: signalsOffOf(entry.signalsOff),
    topicEncryptionKey: key === undefined ? undefined : kms.Key.fromKeyArn(scope, 'TopicKey', key),
  };
}

export const sourceAlarmsOf = ({ sizeBounds, signalsOff }: DatabaseEntry): SourceAlarmProps => ({
  sizeBounds,
  signalsOff: signalsOffOf(signalsOff),
});

/** In the time zone of the emails, unless it has its own. */
function digestOf({ digest, timeZone }: Alarms): Digest | undefined {
  if (digest === undefined) return undefined;
  if (digest === 'off') return Digest.off();
  if (digest === 'each') return Digest.each();
  const zoned = { timeZone, ...digest };
  return 'daily' in zoned ? Digest.daily(dailyOf(zoned)) : Digest.weekly(weeklyOf(zoned));
}

const signalsOffOf = (entry: Alarms['signalsOff']): SignalOff[] | undefined =>
  entry && Object.entries(entry).map(([signal, reason]) => ({ signal: signal as AlarmSignal, reason }));
