import { performance } from 'node:perf_hooks';
import type { S3Client } from '@aws-sdk/client-s3';

/**
 * The time as S3 tells it: no clock of the machine can put a backup into the past. Runs on by a monotonic counter from
 * the first answer.
 */
export class ServerClock {
  private base: { readonly server: number; readonly counter: number } | undefined;

  constructor(client: S3Client) {
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const headers = (result.response as { headers?: Record<string, string> } | undefined)?.headers;
        const time = Date.parse(headers?.date ?? '');
        if (!Number.isNaN(time)) this.base ??= { server: time, counter: performance.now() };
        return result;
      },
      { step: 'deserialize', priority: 'low', name: 'serverClock' },
    );
  }

  /** Whether S3 has told the time yet. Until then it is the machine's. */
  get isSet(): boolean {
    return this.base !== undefined;
  }

  now(): Date {
    if (!this.base) return new Date();
    return new Date(this.base.server + (performance.now() - this.base.counter));
  }
}
