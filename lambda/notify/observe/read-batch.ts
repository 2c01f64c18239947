import type { AlarmSettings, Measured } from '../../../catalog/contract/alarms';
import { countOf } from '../../../catalog/units';
import { errorText } from '../../shared/errors';
import { logLine } from '../../shared/log';
import type { Observe } from '../ports';
import type { Decidable } from '../problems/decide';
import type { GoodNews, Observation, QueueMessage, Trouble } from '../problems/observation';
import { MEASURING, SUBSCRIPTIONS } from './housekeeping';
import { isOn } from './observe';

/** A message that cannot be judged yet is put back this often. */
const TRIES = 3;

/** Whether a message has to be dealt with now. */
export const isLastTry = ({ attributes }: QueueMessage): boolean => Number(attributes.ApproximateReceiveCount) >= TRIES;

/** An observation, with the message that it comes from. */
export type Received = Decidable & { readonly messageId: string };

/** The messages of a batch, read. */
export interface ReadMessages {
  readonly observations: readonly Received[];
  /** Messages that ask for a digest. */
  readonly digests: readonly string[];
  /** Messages that have to come again. */
  readonly later: readonly string[];
  /** Messages that cannot be read, and why. */
  readonly unread: readonly { readonly message: QueueMessage; readonly why: string }[];
}

/** Reads the messages of a batch. A message that cannot be read stops none of the others. */
export async function readBatch(
  messages: readonly QueueMessage[],
  observe: Observe,
  settings: AlarmSettings,
): Promise<ReadMessages> {
  const observations: Received[] = [];
  const [digests, later]: [string[], string[]] = [[], []];
  const unread: { message: QueueMessage; why: string }[] = [];
  for (const message of messages) {
    const { messageId } = message;
    const isLast = isLastTry(message);
    try {
      const observed = await observe(message);
      if (!isLast && observed.some((one) => one.state === 'problem' && one.unsure)) {
        later.push(messageId);
        continue;
      }
      if (observed.length === 0) logLine('info', 'ignored', 'a message concerns no backup', { messageId });
      for (const one of observed) {
        if (one.state === 'digest') digests.push(messageId);
        else observations.push(...decidables(one, settings).map((decidable) => ({ ...decidable, messageId })));
      }
    } catch (error) {
      const why = errorText(error);
      logLine('error', 'unread', `a message could not be read: ${why}`, { messageId, isLast });
      if (isLast) unread.push({ message, why });
      else later.push(messageId);
    }
  }
  return { observations, digests, later, unread };
}

/** The observations of single sources and concerns. */
const decidables = (
  observation: Exclude<Observation, { readonly state: 'digest' }>,
  settings: AlarmSettings,
): Decidable[] => {
  if (observation.state !== 'measured') return [observation];
  const { at } = observation;
  const { off, sources } = settings;
  const measured = observation.sources.map((health): Decidable => {
    const { source } = health;
    return { state: 'source-measured', key: source, at, health, off: [...off, ...(sources[source]?.off ?? [])] };
  });
  const ofAll = [...measuring(observation), ...subscriptions(observation)];
  return [...measured, ...ofAll.filter((one) => isOn(one, settings))];
};

/** Whether everything could be measured. */
function measuring({ at, complete, total, unmeasured: { count, named } }: Measured): (Trouble | GoodNews)[] {
  const known = { ...MEASURING, at, event: `measured ${at}` };
  if (complete) return [{ state: 'ok', ...known, ends: ['housekeeping'] }];
  // The function failed then, and Lambda reports it.
  if (count === 0) return [];
  const said = named.map(({ source, failure }) => `${source}: ${failure}`).join('; ');
  const more = count > named.length ? `; and ${count - named.length} more` : '';
  const short = `${count} of ${countOf(total, 'source')} could not be measured`;
  return [
    {
      state: 'problem',
      signal: 'housekeeping',
      ...known,
      since: at,
      sentence: `${short}: ${said}${more}`,
      short,
      variant: 'sources-unmeasured',
      hasEnd: true,
    },
  ];
}

/** Whether anybody gets the emails. The first who confirms reads since when nobody did. */
function subscriptions({ subscriptions: counted, at }: Measured): (Trouble | GoodNews)[] {
  if (!counted) return [];
  const known = { ...SUBSCRIPTIONS, at, event: `subscriptions ${at}` };
  if (counted.confirmed > 0) return [{ state: 'ok', ...known, ends: ['housekeeping'] }];
  const pending = counted.pending > 0 ? `; ${counted.pending} have not been confirmed` : '';
  const short = 'the topic has no confirmed subscription';
  return [
    {
      state: 'problem',
      signal: 'housekeeping',
      ...known,
      since: at,
      sentence: `${short}${pending}`,
      short,
      hasEnd: true,
    },
  ];
}
