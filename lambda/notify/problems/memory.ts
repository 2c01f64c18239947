import { DynamoDBClient, GetItemCommand, paginateScan, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { EXPIRES, KEY, MEASURED_KEY, problemsKey } from '../../shared/alarm-table';
import { CLIENT_SETTINGS } from '../../shared/clients';
import { blank } from './decide';
import type { Memory, OpenOnes, Remembered } from '../ports';

/** What is open stays; of the rest nothing matters after this time. */
const KEPT_SECONDS = 90 * 86_400;

/**
 * Its calls take milliseconds, or they hang. They are few, and each is waited for: an adaptive client, once throttled, would
 * make so many wait for a minute and more.
 */
export const memoryClient = (): DynamoDBClient =>
  new DynamoDBClient({
    ...CLIENT_SETTINGS,
    retryMode: 'standard',
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 3_000 },
  });

/** Remembers in a table of DynamoDB. */
export class TableMemory implements Memory {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly table: string,
    private readonly now: () => Date = () => new Date(),
  ) {}

  async read(of: string): Promise<Remembered> {
    const item = await this.item(problemsKey(of));
    if (!item) return blank(of);
    const { open, goodAt, seen, measuredAt, version } = item as unknown as Remembered;
    return { of, open, goodAt, seen, ...(measuredAt !== undefined && { measuredAt }), version };
  }

  async write(next: Remembered): Promise<boolean> {
    const { of, version, ...rest } = next;
    const isOpen = Object.keys(next.open).length > 0;
    const expires = Math.floor(this.now().getTime() / 1000) + KEPT_SECONDS;
    const item = { [KEY]: problemsKey(of), ...rest, version: version + 1, ...(!isOpen && { [EXPIRES]: expires }) };
    const command = new PutItemCommand({
      TableName: this.table,
      Item: marshall(item, { removeUndefinedValues: true }),
      // What DynamoDB has not got round to removing counts as it is.
      ConditionExpression: version === 0 ? 'attribute_not_exists(#key)' : '#version = :version',
      ExpressionAttributeNames: version === 0 ? { '#key': KEY } : { '#version': 'version' },
      ...(version > 0 && { ExpressionAttributeValues: { ':version': { N: String(version) } } }),
    });
    try {
      await this.client.send(command);
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
      throw error;
    }
  }

  async open(): Promise<OpenOnes[]> {
    const pages = paginateScan(
      { client: this.client },
      {
        TableName: this.table,
        ConsistentRead: true,
        ProjectionExpression: '#key, #open',
        // What is open never expires.
        FilterExpression: 'begins_with(#key, :of) AND attribute_not_exists(#expires)',
        ExpressionAttributeNames: { '#key': KEY, '#open': 'open', '#expires': EXPIRES },
        ExpressionAttributeValues: { ':of': { S: problemsKey('') } },
      },
    );
    const all: OpenOnes[] = [];
    for await (const { Items = [] } of pages) {
      for (const item of Items) {
        const { [KEY]: key, open } = unmarshall(item) as { [KEY]: string; open: OpenOnes['open'] };
        all.push({ of: key.slice(problemsKey('').length), open });
      }
    }
    return all;
  }

  async measuredAt(): Promise<Date | undefined> {
    const item = await this.item(MEASURED_KEY);
    return item ? new Date(item.at as string) : undefined;
  }

  private async item(key: string): Promise<Record<string, unknown> | undefined> {
    // Somebody else may have written a moment ago.
    const command = new GetItemCommand({ TableName: this.table, Key: { [KEY]: { S: key } }, ConsistentRead: true });
    const { Item } = await this.client.send(command);
    return Item && unmarshall(Item);
  }
}
