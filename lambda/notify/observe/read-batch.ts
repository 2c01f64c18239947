import type { AlarmSettings, Measured } from '../../../catalog/contract/alarms';
import { errorText } from '../../shared/errors';
import { logLine } from '../../shared/log';
import type { Decidable } from '../problems/decide';
import type { Observation, QueueMessage } from '../problems/observation';
import { MEASURING, SUBSCRIPTIONS } from './housekeeping';
import type { Observe } from '../ports';

/** As often as a message that cannot be judged yet is put back, to be looked at later. */
const TRIES = 3;

/** Whether a message has to be dealt with now. */
export const isLastTry = ({ attributes }: QueueMessage): boolean => Number(attributes.ApproximateReceiveCount) >= TRIES;

/** Something to decide on, and the message that says so. */
export interface Taken {
  readonly messageId: string;
  readonly observation: Decidable;
}

/** What a batch says. */
export interface TakenIn {
  readonly taken: readonly Taken[];
  /** Messages that ask for a digest. */
  readonly digests: readonly string[];
  /** Messages that are to come again. */
  readonly later: readonly string[];
  /** Messages that nobody can read, and why. */
  readonly unread: readonly { readonly message: QueueMessage; readonly why: string }[];
}

/** Reads the messages of a batch. One that cannot be read stops none of the others. */
export async function takeIn(
  messages: readonly QueueMessage[],
  observe: Observe,
  settings: AlarmSettings,
): Promise<TakenIn> {
  const taken: Taken[] = [];
  const [digests, later]: [string[], string[]] = [[], []];
  const unread: { message: QueueMessage; why: string }[] = [];
  for (const message of messages) {
    const { messageId } = message;
    const isLast = isLastTry(message);
    try {
      const observations = await observe(message);
      if (!isLast && observations.some((one) => one.state === 'problem' && one.unsure)) {
        later.push(messageId);
        continue;
      }
      if (observations.length === 0) logLine('info', 'ignored', 'a message says nothing of backups', { messageId });
      for (const observation of observations) {
        if (observation.state === 'digest') digests.push(messageId);
        else taken.push(...decidables(observation, settings).map((one) => ({ messageId, observation: one })));
      }
    } catch (error) {
      const why = errorText(error);
      logLine('error', 'unread', `a message could not be read: ${why}`, { messageId, isLast });
      if (isLast) unread.push({ message, why });
      else later.push(messageId);
    }
  }
  return { taken, digests, later, unread };
}

const decidables = (
  observation: Exclude<Observation, { readonly state: 'digest' }>,
  { off, sources }: AlarmSettings,
): Decidable[] => {
  if (observation.state !== 'measured') return [observation];
  const { at } = observation;
  const measured = observation.sources.map((health): Decidable => {
    const { source } = health;
    return { state: 'source-measured', of: source, at, health, off: [...off, ...(sources[source]?.off ?? [])] };
  });
  if (off.includes('housekeeping')) return measured;
  return [...measured, ...measuring(observation), ...subscriptions(observation)];
};

/** Whether everything could be measured. */
function measuring({ at, complete, total, unmeasured: { count, named } }: Measured): Decidable[] {
  const known = { ...MEASURING, at, event: `measured ${at}` };
  if (complete) return [{ state: 'ok', ...known, ends: ['housekeeping'] }];
  // The function has failed then, and Lambda says why.
  if (count === 0) return [];
  const said = named.map(({ source, failure }) => `${source}: ${failure}`).join('; ');
  const more = count > named.length ? `; and ${count - named.length} more` : '';
  const sentence = `${count} of ${total} ${total === 1 ? 'source' : 'sources'} could not be measured: ${said}${more}`;
  return [{ state: 'problem', signal: 'housekeeping', ...known, since: at, sentence, hasEnd: true }];
}

/** Whether anybody is told. Who is the first to confirm reads since when nobody was. */
function subscriptions({ subscriptions: counted, at }: Measured): Decidable[] {
  if (!counted) return [];
  const known = { ...SUBSCRIPTIONS, at, event: `subscriptions ${at}` };
  if (counted.confirmed > 0) return [{ state: 'ok', ...known, ends: ['housekeeping'] }];
  const pending = counted.pending > 0 ? `, ${counted.pending} have not been confirmed` : '';
  const sentence = `the topic has no confirmed subscription: nobody is told what goes wrong${pending}`;
  return [{ state: 'problem', signal: 'housekeeping', ...known, since: at, sentence, hasEnd: true }];
}
