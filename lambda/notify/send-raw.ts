import { chunks } from './problems/group';
import type { QueueMessage } from './problems/observation';
import type { Teller } from './send-email';
import { tellRaw } from './send-email';

/** Messages of an email. */
const MESSAGES = 50;
/** Characters of all their bodies together. */
const CHARACTERS = 16_000;

/**
 * Publishes messages as they came.
 *
 * @param why nothing better can be said of them
 * @returns ids of those that could not be published
 */
export async function tellMessages(messages: readonly QueueMessage[], why: string, teller: Teller): Promise<string[]> {
  const failed: string[] = [];
  for (const some of chunks(messages, MESSAGES)) {
    const room = Math.floor(CHARACTERS / some.length);
    const facts = some.map(({ body, messageAttributes }) => ({
      body: body.length > room ? `${body.slice(0, room)}...` : body,
      attributes: Object.fromEntries(
        Object.entries(messageAttributes ?? {}).map(([name, { stringValue = '' }]) => [
          name,
          stringValue.slice(0, 200),
        ]),
      ),
    }));
    const what = some.length === 1 ? 'an event that could not be read' : `${some.length} events that could not be read`;
    if (!(await tellRaw(what, facts, why, teller))) failed.push(...some.map(({ messageId }) => messageId));
  }
  return failed;
}
