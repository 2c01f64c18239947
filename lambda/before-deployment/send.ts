import { setTimeout as sleep } from 'node:timers/promises';
import { HandlerError } from '../shared/errors';

/** CloudFormation takes answers of up to 4 KB. */
const MAX_REASON = 1_000;
const ATTEMPTS = 4;

/** A sentence as CloudFormation takes it. */
export const shortened = (reason: string): string =>
  reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON)}…` : reason;

/**
 * Puts an answer to a presigned URL of CloudFormation.
 *
 * @throws HandlerError if it does not arrive
 */
export async function send(url: string, answer: object): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    // Bytes, because a text would get a content type, which the URL is not signed for.
    const response = await fetch(url, { method: 'PUT', body: Buffer.from(JSON.stringify(answer)) }).catch(
      (error: Error) => error,
    );
    if ('ok' in response && response.ok) return;
    const said = 'ok' in response ? `status ${response.status}` : response.message;
    // Not the URL: whoever has it can answer.
    if (attempt === ATTEMPTS) throw new HandlerError(`CloudFormation did not take the answer: ${said}`);
    await sleep(500 * 2 ** attempt);
  }
}

/** Tells the wait condition how one backup ended. Signals of the same backup count once. */
export const signal = (handle: string, backup: string, status: 'SUCCESS' | 'FAILURE', reason: string): Promise<void> =>
  send(handle, { Status: status, UniqueId: backup, Reason: shortened(reason), Data: '' });
