#!/usr/bin/env node
/** The command-line tool: `proven-backups <command>`. */
import { main } from './cli/program';

// The AWS SDK warns about versions of Node.js that a later release drops; the package says which ones it supports.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
// A reader may stop early (`| head`); the command still runs to its end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
// Node.js ends as soon as nothing can happen any more, whatever is still waited for.
process.exitCode = 1;
// Not process.exit: the pipe may still hold output.
void main(process.argv.slice(2), process).then((code) => (process.exitCode = code));
