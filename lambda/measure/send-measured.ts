import type { SQSClient } from '@aws-sdk/client-sqs';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Measured, SourceHealth } from '../../catalog/contract/alarms';

/** Sources of a message, at most. */
const SOURCES = 50;
/** Bytes of them, at most: well below the 256 KiB that every queue takes. */
const BYTES = 200_000;

/** Sends measurements to the notify function. */
export async function sendMeasured(client: SQSClient, QueueUrl: string, measured: Measured): Promise<void> {
  for (const sources of chunks(measured.sources)) {
    const MessageBody = JSON.stringify({ ...measured, sources });
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  }
}

/** At least one, also without any source: that the measuring lives is worth telling. */
function chunks(sources: readonly SourceHealth[]): SourceHealth[][] {
  const all: SourceHealth[][] = [[]];
  let bytes = 0;
  for (const source of sources) {
    const more = Buffer.byteLength(JSON.stringify(source)) + 1;
    if (all.at(-1)!.length === SOURCES || (all.at(-1)!.length > 0 && bytes + more > BYTES)) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)!.push(source);
    bytes += more;
  }
  return all;
}
