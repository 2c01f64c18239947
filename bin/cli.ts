#!/usr/bin/env node
/** The command line: `proven-backups <command>`. */
import { main } from './cli/program';

// The AWS SDK warns about versions of Node.js that it leaves later: those that it runs on are those of the package.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
// Whoever reads the output may stop before its end (`| head`); the command still comes to its own.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
// Not process.exit: a pipe may not have taken the whole output yet.
void main(process.argv.slice(2), process).then((code) => (process.exitCode = code));
