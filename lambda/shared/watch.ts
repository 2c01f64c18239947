import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ConditionalCheckFailedException, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { firstSeenKey, KEY, lookKey, MEASURED_KEY } from './alarm-table';
import { errorText } from './errors';
import { logLine } from './log';
import type { Look } from './look';

/** What was last read of the catalog of a source. */
export interface RememberedLook {
  readonly fingerprint: string;
  readonly look: Look;
}

/**
 * What the measuring remembers from run to run. Without it everything is measured all the same: a table that cannot be
 * reached is a warning, said once a run.
 */
export class Watch {
  /** Why the table could not be reached, if that is so. */
  failure: string | undefined;

  constructor(
    private readonly client: DynamoDBClient,
    private readonly table: string,
  ) {}

  /** Since when a source without any backup has been waited for: the first time that this is asked. */
  async waitedSince(source: string, now: Date): Promise<Date> {
    const of = firstSeenKey(source);
    const since = await this.unlessUnreachable(async () => {
      try {
        await this.put({ [KEY]: { S: of }, since: { S: now.toISOString() } }, true);
        return now;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        return new Date((await this.get(of))?.since?.S ?? now);
      }
    });
    return since ?? now;
  }

  /** When the measuring last told what it found. */
  async measuredAt(): Promise<Date | undefined> {
    const at = (await this.unlessUnreachable(() => this.get(MEASURED_KEY)))?.at?.S;
    return at === undefined ? undefined : new Date(at);
  }

  /** Remembers when the measuring told what it found. */
  async measured(at: Date): Promise<void> {
    await this.unlessUnreachable(() => this.put({ [KEY]: { S: MEASURED_KEY }, at: { S: at.toISOString() } }));
  }

  /** What was last read of a source. */
  async look(source: string): Promise<RememberedLook | undefined> {
    const item = await this.unlessUnreachable(() => this.get(lookKey(source)));
    if (item?.fingerprint?.S === undefined || item.look?.S === undefined) return undefined;
    return { fingerprint: item.fingerprint.S, look: JSON.parse(item.look.S) as Look };
  }

  /** Remembers what was read of a source. */
  async looked(source: string, { fingerprint, look }: RememberedLook): Promise<void> {
    const of = lookKey(source);
    const item = { [KEY]: { S: of }, fingerprint: { S: fingerprint }, look: { S: JSON.stringify(look) } };
    await this.unlessUnreachable(() => this.put(item));
  }

  private async get(of: string): Promise<Record<string, AttributeValue> | undefined> {
    const { Item } = await this.client.send(new GetItemCommand({ TableName: this.table, Key: { [KEY]: { S: of } } }));
    return Item;
  }

  private async put(Item: Record<string, AttributeValue>, onlyNew = false): Promise<void> {
    const condition = onlyNew && {
      ConditionExpression: 'attribute_not_exists(#key)',
      ExpressionAttributeNames: { '#key': KEY },
    };
    await this.client.send(new PutItemCommand({ TableName: this.table, Item, ...condition }));
  }

  /** After a first failure it is not asked again: each question would wait for all the tries of the client. */
  private async unlessUnreachable<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.failure !== undefined) return undefined;
    try {
      return await work();
    } catch (error) {
      if (this.failure === undefined) {
        this.failure = errorText(error);
        const message = `the table ${this.table} cannot be used: ${this.failure}: sources without a backup are waited for from now on, and every manifest is read again`;
        logLine('warn', 'memory', message, { table: this.table });
      }
      return undefined;
    }
  }
}
