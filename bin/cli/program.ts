import { Command, CommanderError, Help } from 'commander';
import type { Option } from 'commander';
import { version } from '../../package.json';
import { BUCKET_VARIABLE } from './commands/options';
import { CommandError, EXIT } from './errors';
import { colorsOf } from './print/colors';
import type { Streams } from './print/output';
import { Output } from './print/output';

/**
 * Runs the command line.
 *
 * @param args without the names of Node.js and the program
 * @returns the exit code
 */
export async function main(args: readonly string[], streams: Streams): Promise<number> {
  const output = new Output(streams);
  try {
    await programOf(output, args[0]).parseAsync(args, { from: 'user' });
    return output.exitCode;
  } catch (error) {
    // commander has printed its message already; help and version end this way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const expected = error instanceof CommandError;
    const what = expected ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
    output.error(what);
    return expected ? error.exitCode : EXIT.failed;
  }
}

type AddCommand = (program: Command, output: Output) => void;

/** In the order of the help. Each is loaded when it is needed: the clients of AWS that they use take a second to load. */
const COMMANDS: Readonly<Record<string, () => AddCommand>> = {
  list: () => (require('./commands/list') as typeof import('./commands/list')).addListCommand,
  show: () => (require('./commands/show') as typeof import('./commands/show')).addShowCommand,
  fetch: () => (require('./commands/fetch') as typeof import('./commands/fetch')).addFetchCommand,
  restore: () => (require('./commands/restore') as typeof import('./commands/restore')).addRestoreCommand,
  prove: () => (require('./commands/prove') as typeof import('./commands/prove')).addProveCommand,
  report: () => (require('./commands/report') as typeof import('./commands/report')).addReportCommand,
  run: () => (require('./commands/run') as typeof import('./commands/run')).addRunCommand,
  prune: () => (require('./commands/prune') as typeof import('./commands/prune')).addPruneCommand,
  undelete: () => (require('./commands/undelete') as typeof import('./commands/undelete')).addUndeleteCommand,
  retention: () => (require('./commands/retention') as typeof import('./commands/retention')).addRetentionCommand,
  alarm: () => (require('./commands/alarm') as typeof import('./commands/alarm')).addAlarmCommand,
  doctor: () => (require('./commands/doctor') as typeof import('./commands/doctor')).addDoctorCommand,
};

/** @param name of the only command that the program needs; with any other word it has all of them */
function programOf(output: Output, name = ''): Command {
  const { stdout, stderr } = output.streams;
  const program = new Command('proven-backups')
    .description('Works with database backups: lists, proves, restores, fetches, makes, prunes and checks them')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error:/, colorsOf(stderr).red('error:'))),
      getOutHelpWidth: () => stdout.columns ?? 80,
      getErrHelpWidth: () => stderr.columns ?? 80,
      getOutHasColors: () => Boolean(stdout.isTTY),
      getErrHasColors: () => Boolean(stderr.isTTY),
    })
    .configureHelp({ optionDescription: describe })
    .addHelpText('after', HELP);
  const commands = Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]!] : Object.values(COMMANDS);
  for (const load of commands) load()(program, output);
  return program;
}

/** commander does not say which options are required. */
function describe(this: Help, option: Option): string {
  const description = Help.prototype.optionDescription.call(this, option);
  return option.mandatory ? `${description} (required)` : description;
}

const HELP = `
Environment:
  ${BUCKET_VARIABLE}  bucket of commands without --bucket and --stack

Exit codes:
  ${EXIT.done}  done
  ${EXIT.failed}  failed
  ${EXIT.usage}  wrong usage
  ${EXIT.problems}  done, but something needs attention
  ${EXIT.later}  not yet: a retrieval, a restore or a restore test goes on without the command
  ${EXIT.untested}  a restore test could not run: it says nothing about the backup`;
