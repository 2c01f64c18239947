import { Command, CommanderError, Help } from 'commander';
import type { Option } from 'commander';
import { version } from '../../package.json';
import { addAlarmCommand } from './commands/alarm';
import { addDoctorCommand } from './commands/doctor';
import { addFetchCommand } from './commands/fetch';
import { addListCommand } from './commands/list';
import { addPruneCommand } from './commands/prune';
import { addRestoreCommand } from './commands/restore';
import { addRetentionCommand } from './commands/retention';
import { addRunCommand } from './commands/run';
import { addShowCommand } from './commands/show';
import { addUndeleteCommand } from './commands/undelete';
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
    await programOf(output).parseAsync(args, { from: 'user' });
    return output.exitCode;
  } catch (error) {
    // commander has printed its message already; help and version end this way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const expected = error instanceof CommandError;
    const what = expected ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
    output.tell(`${colorsOf(streams.stderr).red('error:')} ${what}`);
    return expected ? error.exitCode : EXIT.failed;
  }
}

function programOf(output: Output): Command {
  const { stdout, stderr } = output.streams;
  const program = new Command('proven-backups')
    .description('Works with database backups: lists, restores, fetches, makes, prunes and checks them')
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
  addListCommand(program, output);
  addShowCommand(program, output);
  addFetchCommand(program, output);
  addRestoreCommand(program, output);
  addRunCommand(program, output);
  addPruneCommand(program, output);
  addUndeleteCommand(program, output);
  addRetentionCommand(program, output);
  addAlarmCommand(program, output);
  addDoctorCommand(program, output);
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
  ${EXIT.later}  not yet: a retrieval or a restore goes on without the command`;
