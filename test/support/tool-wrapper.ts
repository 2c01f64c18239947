import * as fs from 'node:fs';
import * as path from 'node:path';

/** Fault of a wrapped dump tool. */
export interface ToolFault {
  /** Passes this many bytes of its output on, and then… */
  readonly afterBytes?: number;
  /** …is killed by this signal, if given, else ends at once. */
  readonly killedBy?: NodeJS.Signals;
  /** Written to standard error at the end. */
  readonly says?: string;
  /** Exit code; the real tool's when left out. */
  readonly exits?: number;
}

/** Runs in place of the tool, before it on PATH, so it must stand alone. */
const WRAPPER = `
const { spawn } = require('node:child_process');
const path = require('node:path');
const fs = require('node:fs');
const fault = FAULT;
const real = process.env.PATH.split(':').filter((d) => d !== __dirname).map((d) => path.join(d, TOOL)).find((f) => fs.existsSync(f));
const asked = process.argv.includes('--version');
const child = spawn(real, process.argv.slice(2), { stdio: ['ignore', 'pipe', 'inherit'] });
let left = asked ? Infinity : fault.afterBytes ?? Infinity;
let over = false;
function end(code) {
  if (over) return;
  over = true;
  child.kill('SIGKILL');
  if (!asked && fault.killedBy) process.kill(process.pid, fault.killedBy);
  if (!asked && fault.says) fs.writeSync(2, fault.says);
  process.exit(asked ? code : fault.exits ?? code);
}
child.stdout.on('data', (chunk) => {
  if (over) return;
  const part = chunk.subarray(0, left);
  left -= part.length;
  for (let at = 0; at < part.length; ) {
    try { at += fs.writeSync(1, part, at); } catch (error) { if (error.code !== 'EAGAIN') end(5); }
  }
  if (left === 0) end(0);
});
process.on('SIGTERM', () => { child.kill('SIGKILL'); process.exit(143); });
child.on('close', (code, signal) => end(signal ? 1 : code));
`;

/**
 * Makes a directory with a dump tool that is the real one, found on the rest of PATH, with a fault at an exact byte.
 *
 * @param tool file name, as `mariadb-dump`
 * @param parent where the directory is made
 * @returns the directory, for the front of PATH
 */
export function wrapTool(tool: string, fault: ToolFault, parent: string): string {
  const directory = fs.mkdtempSync(path.join(parent, 'tools-'));
  // The program may run as an account of few rights.
  fs.chmodSync(directory, 0o755);
  const script = WRAPPER.replace('FAULT', JSON.stringify(fault)).replace('TOOL', JSON.stringify(tool));
  fs.writeFileSync(path.join(directory, tool), `#!/usr/bin/env node\n${script}`, { mode: 0o755 });
  return directory;
}
