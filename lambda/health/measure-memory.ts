import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBServiceException, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { EXPIRES, failedTestKey, firstSeenKey, KEY, readingKey, MEASURED_KEY } from '../shared/alarm-table';
import { errorText } from '../shared/errors';
import { logLine } from '../shared/log';
import type { CatalogReading } from './catalog-reading';

/** The last reading of the catalog of a source. */
export interface RememberedReading {
  readonly fingerprint: string;
  readonly reading: CatalogReading;
  /** Whether it is time to remember it anew, although nothing has changed. */
  readonly isOld?: boolean;
}

/** Items that nobody has asked for this long are forgotten: a source that was removed and comes back begins anew. */
const KEPT_SECONDS = 90 * 86_400;
/** Items that are asked for are renewed, by one write a week. */
const RENEWED_SECONDS = 7 * 86_400;

const secondsOf = (time: Date): number => Math.floor(time.getTime() / 1000);
const expiring = (now: Date) => ({ [EXPIRES]: { N: String(secondsOf(now) + KEPT_SECONDS) } });
const isOld = (item: Item, now: Date): boolean =>
  Number(item[EXPIRES]?.N ?? 0) < secondsOf(now) + KEPT_SECONDS - RENEWED_SECONDS;

type Item = Record<string, AttributeValue>;

/**
 * The memory of the measuring from run to run. Without it everything is measured all the same: a table that cannot be
 * reached is a warning, said once a run.
 */
export class MeasureMemory {
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
      const item = await this.get(of);
      const known = item?.since?.S;
      if (item && known !== undefined && !isOld(item, now)) return known;
      const first = known ?? now.toISOString();
      await this.put({ [KEY]: { S: of }, since: { S: first }, ...expiring(now) });
      return first;
    });
    return since === undefined ? now : new Date(since);
  }

  /** When the measuring last reported. */
  async measuredAt(): Promise<Date | undefined> {
    const at = (await this.unlessUnreachable(() => this.get(MEASURED_KEY)))?.at?.S;
    return at === undefined ? undefined : new Date(at);
  }

  /** Remembers when the measuring reported. */
  async measured(at: Date): Promise<void> {
    await this.unlessUnreachable(() => this.put({ [KEY]: { S: MEASURED_KEY }, at: { S: at.toISOString() } }));
  }

  /** The backup of a source whose restore test failed last, as the end of its task said. */
  async failedTest(source: string): Promise<string | undefined> {
    return (await this.unlessUnreachable(() => this.get(failedTestKey(source))))?.id?.S;
  }

  /** The last reading of a source. */
  async lastReading(source: string, now: Date): Promise<RememberedReading | undefined> {
    const item = await this.unlessUnreachable(() => this.get(readingKey(source)));
    if (item?.fingerprint?.S === undefined || item.reading?.S === undefined) return undefined;
    const reading = JSON.parse(item.reading.S) as CatalogReading;
    return { fingerprint: item.fingerprint.S, reading, isOld: isOld(item, now) };
  }

  /** Remembers a reading of a source. One that is too large for an item of the table is read again every time. */
  async rememberReading(source: string, { fingerprint, reading }: RememberedReading, now: Date): Promise<void> {
    const of = readingKey(source);
    const text = JSON.stringify(reading);
    const item = { [KEY]: { S: of }, fingerprint: { S: fingerprint }, reading: { S: text }, ...expiring(now) };
    await this.unlessUnreachable(async () => {
      try {
        await this.put(item);
      } catch (error) {
        if (!(error instanceof DynamoDBServiceException) || error.name !== 'ValidationException') throw error;
        const message = `what was read of ${source} cannot be remembered: ${errorText(error)}`;
        logLine('warn', 'memory', message, { table: this.table, source, characters: text.length });
      }
    });
  }

  private async get(of: string): Promise<Item | undefined> {
    const { Item } = await this.client.send(new GetItemCommand({ TableName: this.table, Key: { [KEY]: { S: of } } }));
    return Item;
  }

  private async put(Item: Item): Promise<void> {
    await this.client.send(new PutItemCommand({ TableName: this.table, Item }));
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
