import { DynamoDBClient, GetItemCommand, paginateScan, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { EXPIRES, failedTestKey, KEY, MEASURED_KEY, problemsKey } from '../../shared/alarm-table';
import { CLIENT_SETTINGS } from '../../shared/clients';
import { errorText } from '../../shared/errors';
import { logLine } from '../../shared/log';
import type { OpenProblems, Remembered } from './remembered';
import { blank } from './remembered';

/** Open problems stay; the rest does not matter after this time. */
const KEPT_SECONDS = 90 * 86_400;
const expiry = (): number => Math.floor(Date.now() / 1000) + KEPT_SECONDS;
/** After so many failures in a row the table is left alone: each costs many tries, and the function its time. */
const MAX_FAILURES = 5;

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

/**
 * Remembers open problems across invocations, in a table of DynamoDB. While the table cannot be reached, every problem is
 * new: an email too many is better than none.
 */
export class ProblemMemory {
  private failures = 0;

  constructor(
    private readonly client: DynamoDBClient,
    private readonly table: string,
  ) {}

  /** The memory of a source or concern, and whether it could be read. */
  async read(key: string): Promise<{ readonly remembered: Remembered; readonly known: boolean }> {
    const remembered = await this.attempt('read', key, async () => {
      const item = await this.item(problemsKey(key));
      if (!item) return blank(key);
      // 0.1.0 did not remember changes.
      const { changes = [], ...known } = item as unknown as Omit<Remembered, 'changes'> & Partial<Remembered>;
      const { open, goodAt, measuredAt, flapping, notes, seen, version } = known;
      const optional = {
        ...(measuredAt !== undefined && { measuredAt }),
        ...(flapping && { flapping }),
        ...(notes && { notes }),
      };
      return { key, open, goodAt, changes, seen, version, ...optional };
    });
    return { remembered: remembered ?? blank(key), known: remembered !== undefined };
  }

  /** @returns false if somebody else wrote in between: read again */
  async write(next: Remembered): Promise<boolean> {
    return (await this.attempt('write', next.key, () => this.put(next))) ?? true;
  }

  /** All open problems of all sources and concerns. */
  async open(): Promise<readonly OpenProblems[]> {
    return (await this.attempt('read', 'all open problems', () => this.scan())) ?? [];
  }

  /** Remembers a backup whose restore test failed, for the measuring, which reads its verdict. */
  async rememberFailedTest(source: string, id: string): Promise<void> {
    const Item = marshall({ [KEY]: failedTestKey(source), id, [EXPIRES]: expiry() });
    await this.attempt('write', source, () => this.client.send(new PutItemCommand({ TableName: this.table, Item })));
  }

  /** When the measuring last reported; `undefined` if it never did. */
  async measuredAt(): Promise<Date | undefined> {
    const item = await this.attempt('read', 'the last measuring', () => this.item(MEASURED_KEY));
    return item ? new Date(item.at as string) : undefined;
  }

  private async put(next: Remembered): Promise<boolean> {
    const { key, version, ...rest } = next;
    // A flapping source is looked at again although nothing may be open now.
    const isOpen = Object.keys(next.open).length > 0 || next.flapping !== undefined;
    const item = { ...rest, [KEY]: problemsKey(key), version: version + 1, ...(!isOpen && { [EXPIRES]: expiry() }) };
    const command = new PutItemCommand({
      TableName: this.table,
      Item: marshall(item, { removeUndefinedValues: true }),
      // Items that DynamoDB has not removed yet count as they are.
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

  private async scan(): Promise<OpenProblems[]> {
    const pages = paginateScan(
      { client: this.client },
      {
        TableName: this.table,
        ConsistentRead: true,
        ProjectionExpression: '#key, #open',
        // Open problems never expire.
        FilterExpression: 'begins_with(#key, :prefix) AND attribute_not_exists(#expires)',
        ExpressionAttributeNames: { '#key': KEY, '#open': 'open', '#expires': EXPIRES },
        ExpressionAttributeValues: { ':prefix': { S: problemsKey('') } },
      },
    );
    const all: OpenProblems[] = [];
    for await (const { Items = [] } of pages) {
      for (const item of Items) {
        const { [KEY]: key, open } = unmarshall(item) as { [KEY]: string; open: OpenProblems['open'] };
        all.push({ key: key.slice(problemsKey('').length), open });
      }
    }
    return all;
  }

  private async item(key: string): Promise<Record<string, unknown> | undefined> {
    // Somebody else may have written a moment ago.
    const command = new GetItemCommand({ TableName: this.table, Key: { [KEY]: { S: key } }, ConsistentRead: true });
    const { Item } = await this.client.send(command);
    return Item && unmarshall(Item);
  }

  private async attempt<T>(what: 'read' | 'write', key: string, work: () => Promise<T>): Promise<T | undefined> {
    if (this.failures >= MAX_FAILURES) return undefined;
    try {
      const answer = await work();
      this.failures = 0;
      return answer;
    } catch (error) {
      this.failures++;
      const done = what === 'read' ? 'read' : 'written';
      logLine(
        'error',
        'memory',
        `the table could not be ${done}, so something may be told twice: ${errorText(error)}`,
        {
          key,
        },
      );
      return undefined;
    }
  }
}
