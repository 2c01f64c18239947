/** The schema of the alarms in a backups file. */
import * as z from 'zod';
import { AlarmSignal } from '../../lib';
import { exactly, GOT, has, integer, isMap, isText, list, map, scalar, text, ways } from './fields';
import { meant } from '../meant';
import { timeOfDayText, timeZone, weekly } from './time-schema';

const SIGNALS: readonly string[] = Object.values(AlarmSignal);
const SOURCE_SIGNALS = SIGNALS.filter((signal) => signal !== AlarmSignal.HOUSEKEEPING);

/** Signals that are turned off, each with the reason. */
const signalsOff = (allowed: readonly string[]) => {
  const error = `must be a map of signals, each with the reason why it is off, got: ${GOT}`;
  const reason = text('the reason why it is off');
  return z.record(z.string(), reason, { error }).superRefine((signals, context) => {
    for (const key of Object.keys(signals).filter((one) => !allowed.includes(one))) {
      const mend = meant(key, allowed);
      const message = `must be one of ${allowed.join(', ')}, got: ${JSON.stringify(key)}${mend === undefined ? '' : `: ${mend}`}`;
      context.addIssue({ code: 'custom', path: [key], message });
    }
  });
};

const DIGEST = 'off, each, or a map with daily or weekly';
const digest = ways(DIGEST, [
  { fits: isText, schema: exactly(DIGEST, ['off', 'each'], "for one a day write digest: { daily: '08:00' }") },
  { fits: has('daily'), schema: map('a map', { daily: timeOfDayText, timeZone }) },
  { fits: has('weekly'), schema: map('a map', { weekly, timeZone }) },
]);

const ALARMS = 'a map with emails';
const OFF = 'alarms cannot be off as a whole: list signals in signalsOff, each with the reason';
const options = map(ALARMS, {
  emails: list('addresses', text('an address like backups@example.com', /^\S+@\S+\.\S+$/)).optional(),
  timeZone,
  digest: digest.optional(),
  signalsOff: signalsOff(SIGNALS).optional(),
  topicEncryptionKey: text(
    'the ARN of a KMS key, arn:aws:kms:…:key/…',
    /^arn:[^:]+:kms:[^:]+:\d{12}:key\/\S+$/,
  ).optional(),
});

export const alarms = ways(ALARMS, [
  { fits: isText, schema: exactly(ALARMS, [], OFF) },
  { fits: isMap, schema: options },
]);

const deviations = () =>
  scalar('a number above 0', (value) => (/^\d+(\.\d+)?$/.test(value) && Number(value) > 0 ? Number(value) : undefined));

/** The alarms of one database. */
export const sourceAlarms = {
  sizeBounds: map('a map', {
    shrink: deviations().optional(),
    growth: deviations().optional(),
    minHistory: integer(3, 14).optional(),
    ignoreTables: list('names of tables', text('a name')).optional(),
  }).optional(),
  signalsOff: signalsOff(SOURCE_SIGNALS).optional(),
};
