/** Follows a run that goes on without this command, by its state and its log. */
import { setTimeout as sleep } from 'node:timers/promises';
import { shellWord } from '../../../catalog/shell';
import type { LogFollower } from '../aws/log-follower';
import { LogFacts } from './log-facts';
import type { FactReader, ProgramEnd, ProgramRun } from './run';

/** Pauses between two looks at a run and its log. */
const PAUSE_MS = { first: 250, longest: 2_000 };
/** The last lines of a log may come so much later than the end of their run. */
const LATE_MS = 15_000;

/** What a followed run consists of. */
export interface FollowedRunParts<Fact> {
  readonly reader: FactReader<Fact>;
  readonly log: LogFollower;
  /** Says how to follow it when this command has ended. */
  readonly afterwards: string;
  /** Looks once; how it ended, if it has. */
  readonly look: () => Promise<ProgramEnd | undefined>;
  readonly stop?: () => Promise<void>;
  readonly stopBy?: string;
}

/** A run in a task of ECS, or on an instance. */
export class FollowedRun<Fact> implements ProgramRun<Fact> {
  readonly afterwards: string;
  readonly stop?: () => Promise<void>;
  readonly stopBy?: string;
  private ended: ProgramEnd | undefined;

  constructor(private readonly parts: FollowedRunParts<Fact>) {
    this.afterwards = parts.afterwards;
    if (parts.stop) this.stop = parts.stop;
    if (parts.stopBy !== undefined) this.stopBy = parts.stopBy;
  }

  async *facts(signal: AbortSignal): AsyncGenerator<Fact> {
    const { look, log, reader } = this.parts;
    const lines = new LogFacts(reader.factOf);
    let finished = false;
    let endedAt = 0;
    for (let pause = PAUSE_MS.first; !signal.aborted; pause = Math.min(2 * pause, PAUSE_MS.longest)) {
      if (!this.ended) {
        this.ended = await look();
        if (this.ended) endedAt = Date.now();
      }
      for (const line of await log.next()) {
        const fact = lines.take(line);
        if (!fact) continue;
        finished ||= reader.isLast(fact);
        yield fact;
      }
      // A program that was killed, or never started, has no last line.
      const silent = this.ended && this.ended.exitName === undefined;
      if (this.ended && (finished || silent || Date.now() - endedAt > LATE_MS)) return;
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  end(): ProgramEnd {
    return this.ended ?? {};
  }
}

/** The command that follows a log. */
export const followText = (logGroup: string, stream: string, region: string): string =>
  `follow it with aws logs tail ${shellWord(logGroup)} --log-stream-names ${shellWord(stream)} --follow --region ${region}`;
