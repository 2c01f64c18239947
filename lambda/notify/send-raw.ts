import { chunks } from './problems/group';
import type { QueueMessage } from './problems/observation';
import type { Sender } from './send-email';
import { sendRaw } from './send-email';

/** Messages per email. */
const MESSAGES = 50;
/** Characters of all bodies of an email together. */
const CHARACTERS = 16_000;

/**
 * Sends messages as they came.
 *
 * @param why they could not be understood
 * @returns ids of the messages that could not be sent
 */
export async function sendRawMessages(
  messages: readonly QueueMessage[],
  why: string,
  sender: Sender,
): Promise<string[]> {
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
    if (!(await sendRaw(what, facts, why, sender))) failed.push(...some.map(({ messageId }) => messageId));
  }
  return failed;
}
