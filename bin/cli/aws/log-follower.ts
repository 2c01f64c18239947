import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { GetLogEventsCommand, ResourceNotFoundException } from '@aws-sdk/client-cloudwatch-logs';
import { ask } from './aws';

/** Reads a stream of a log from its beginning, as it grows. */
export class LogFollower {
  private token: string | undefined;

  constructor(
    private readonly client: CloudWatchLogsClient,
    private readonly group: string,
    private readonly stream: string,
  ) {}

  /**
   * The lines since the last call; none if there is nothing new, or no stream yet.
   *
   * @throws CommandError if the log cannot be read
   */
  async next(): Promise<readonly string[]> {
    const lines: string[] = [];
    for (;;) {
      const { events, token } = await this.page();
      lines.push(...events);
      // The end of the stream has the token that was sent.
      if (token === undefined || token === this.token) return lines;
      this.token = token;
      if (events.length === 0) return lines;
    }
  }

  private async page(): Promise<{ readonly events: readonly string[]; readonly token?: string }> {
    const command = new GetLogEventsCommand({
      ...{ logGroupName: this.group, logStreamName: this.stream, startFromHead: true },
      ...(this.token !== undefined && { nextToken: this.token }),
    });
    const wish = { doing: `read the log ${this.group}`, action: 'logs:GetLogEvents and kms:Decrypt' };
    return ask(wish, async () => {
      try {
        const { events = [], nextForwardToken: token } = await this.client.send(command);
        return { events: events.map(({ message }) => message ?? ''), token };
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return { events: [] };
        throw error;
      }
    });
  }
}
