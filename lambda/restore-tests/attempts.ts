import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ConditionalCheckFailedException, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { EXPIRES, KEY } from '../shared/alarm-table';

const DAY = 86_400;
/** Of what is tried no more, nothing is kept. */
const KEPT = 9 * DAY;
/** The next day's hour comes a little early. */
const AGAIN = DAY - 1_800;

/** Runs are an hour apart. */
const ROW = 1.5 * 3_600;

/** When a test was last tried, in a table. A test that ends without a verdict is tried again the next day. */
export class Attempts {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly TableName: string,
  ) {}

  /** Whether something may be tried. */
  async isFree(what: string, now: Date): Promise<boolean> {
    return (await this.last(what)) <= secondsOf(now) - AGAIN;
  }

  /** Remembers that something happened; whether it did in the run before as well. */
  async happensAgain(what: string, now: Date): Promise<boolean> {
    const last = await this.last(what);
    await this.client.send(new PutItemCommand(this.item(what, secondsOf(now), now)));
    return last > secondsOf(now) - ROW;
  }

  /** Takes the right to try something. Of two that ask at the same time, one gets it. */
  async take(what: string, now: Date): Promise<boolean> {
    try {
      await this.client.send(
        new PutItemCommand({
          ...this.item(what, secondsOf(now), now),
          ConditionExpression: 'attribute_not_exists(#of) OR #at <= :before',
          ExpressionAttributeNames: { '#of': KEY, '#at': 'at' },
          ExpressionAttributeValues: { ':before': { N: `${secondsOf(now) - AGAIN}` } },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  /** Gives the right back: ECS started nothing. */
  async giveBack(what: string, now: Date): Promise<void> {
    await this.client.send(new PutItemCommand(this.item(what, 0, now)));
  }

  private async last(what: string): Promise<number> {
    const { Item } = await this.client.send(
      new GetItemCommand({ TableName: this.TableName, Key: { [KEY]: { S: what } }, ConsistentRead: true }),
    );
    return Number(Item?.at?.N ?? 0);
  }

  private item(what: string, at: number, now: Date) {
    const expires = secondsOf(now) + KEPT;
    const Item = { [KEY]: { S: what }, at: { N: `${at}` }, [EXPIRES]: { N: `${expires}` } };
    return { TableName: this.TableName, Item };
  }
}

const secondsOf = (time: Date): number => Math.floor(time.getTime() / 1000);
