// Loaded into the program before all else (NODE_OPTIONS): runs statements in the restored server when the second dump begins.
'use strict';
const childProcess = require('node:child_process');
const { basename } = require('node:path');
const { DatabaseSync } = require('node:sqlite');
const { spawn, spawnSync } = childProcess;
// `tool`: name of the dump tool, of servers; `client`: the command that takes statements, SOCKET where the server's is to be.
const { sql, tool, client } = JSON.parse(process.env.MUTATION);
let socket;
let isDone = false;

childProcess.spawn = (command, args = [], options) => {
  socket ??= args.map((one) => /^(?:--socket=|unix_socket_directories=)(.*)$/.exec(one)?.[1]).find(Boolean);
  if (args.includes('--bind_ip')) socket ??= args[args.indexOf('--bind_ip') + 1];
  const at = args.indexOf('helper');
  const file = at >= 0 && !['prepare', 'place', 'ask'].includes(args[at + 2]) ? args[at + 2] : undefined;
  if (!isDone && (tool === undefined ? file !== undefined : basename(command) === tool)) {
    isDone = true;
    try {
      mutate(file);
      process.stderr.write(`${JSON.stringify({ event: 'mutated' })}\n`);
    } catch (error) {
      process.stderr.write(`${JSON.stringify({ event: 'not-mutated', message: error.message })}\n`);
    }
  }
  return spawn(command, args, options);
};

function mutate(file) {
  if (tool === undefined) {
    const database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
    database.enableDefensive(false);
    database.exec(sql);
    return database.close();
  }
  const [command, ...args] = client.map((one) => one.replace('SOCKET', socket));
  const { status, stderr, error } = spawnSync(command, args, { input: sql, encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(stderr);
}
