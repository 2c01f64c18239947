/** The engine's own tools in containers, for a machine that has Docker in the place of them. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { shellWord } from '../../../catalog/shell';
import { engineFacts } from '../../../engines/facts';

/** Variables of libpq and of the system that a tool is given: their values never stand on a command line. */
const PASSED = 'PG[A-Z]+|LC_ALL|TZ';

/**
 * Writes a command for each tool, of its name, which runs it in a container: on the network of this machine, as this user, with
 * the scratch directory at its own path. A container ends with its tool, and its tool with its input.
 *
 * @param image the engine's own, of the version of the server
 * @param scratch directory of option files
 * @returns the folder of the commands, for PATH
 */
export function dockerTools(engine: string, image: string, scratch: string): string {
  const folder = path.join(scratch, 'tools');
  mkdirSync(folder, { mode: 0o700 });
  const { DOCKER_HOST, DOCKER_CONTEXT } = process.env;
  // The program gives its tools neither.
  const place = Object.entries({ DOCKER_HOST, DOCKER_CONTEXT }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${shellWord(value)}; export ${name}`],
  );
  const account = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const mount = shellWord(`type=bind,source=${scratch},target=${scratch}`);
  const options = `--rm --interactive --init --network host --user ${account} --mount ${mount} --workdir ${shellWord(scratch)}`;
  for (const tool of toolsOf(engine)) {
    const names = `$(env | sed -nE 's/^(${PASSED})=.*/--env \\1/p')`;
    const command = `exec docker run ${options} ${names} --entrypoint ${tool} ${shellWord(image)} "$@"`;
    const file = path.join(folder, tool);
    writeFileSync(file, ['#!/bin/sh', ...place, command, ''].join('\n'));
    chmodSync(file, 0o700);
  }
  return folder;
}

/** Tools of restores, and of the dumps that are their safety backups. */
function toolsOf(engine: string): readonly string[] {
  const { restoreTools = [], server } = engineFacts(engine);
  return [...restoreTools, ...(server ? [server.dumpTool.name, ...(server.dumpTool.companions ?? [])] : [])];
}
