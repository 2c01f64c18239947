import { moreMemory } from './fargate-memory';
import type { ReasonTable } from './reason-advice';
import { logOf } from './steps';

/** The dump tool failed, or what it wrote is not complete. */
export const DUMP_REASONS: ReasonTable<'tool-killed' | 'tool-failed' | 'dump-incomplete' | 'count-failed'> = {
  'tool-killed': {
    title: 'the dump tool was killed',
    likelyCause: 'A signal ended the dump tool. Most often memory ran out.',
    action: (context) => moreMemory(context.problem),
    steps: (context) => [{ say: moreMemory(context.problem) }],
  },
  'tool-failed': {
    title: 'the dump tool failed',
    likelyCause: 'A broken or locked table, a server that restarted, or a connection that broke are common.',
    action: "Read the tool's own words, and repair what they name.",
    steps: (context) => [
      logOf(context, 'Read the whole log of the run:'),
      { say: 'If the server restarted, make a backup once it is up again.' },
    ],
  },
  'dump-incomplete': {
    title: 'the dump ended before it was complete',
    likelyCause: 'The dump tool ended without its end marker: the connection broke, or the server restarted.',
    action: 'Make a backup now, and look at the server if that fails too.',
    steps: (context) => [logOf(context, 'Read the whole log of the run:')],
  },
  'count-failed': {
    title: 'the rows could not be counted',
    likelyCause: 'The session that counts the rows broke: the server restarted, or ended it because of a time limit.',
    action: 'Make a backup now, and look at the server if that fails too.',
    steps: (context) => [logOf(context, 'Read the whole log of the run:')],
  },
};
