import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileSystem } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { PROGRAM_STAGE } from './private/task-definition';
import { bundleFolder } from '../private/bundle-folder';

const DOCKERFILE = 'Dockerfile';
const IGNORE = '.dockerignore';
/** Name of the stage that the program is put into, unless it has one. */
const STAGE = 'engine';
const FROM = /^(FROM\s+(?:--platform=\S+\s+)?\S+)(?:\s+AS\s+(\S+))?[^\S\n]*$/gim;
const SYNTAX = /^#\s*syntax=.*\n/;

/** Images for backups, restores and restore tests of servers that need more than the engine's official image has. */
export class BackupImage {
  /**
   * An image built from a Dockerfile of yours, with the program in it: `FROM` what your server runs, and the packages of the
   * extensions that it uses. Give it as `image` of a backup; several may share it.
   *
   * The base must have the server, its dump tool and glibc 2.28 or newer, as Debian's variants of the official images have.
   *
   * @param directory folder with the `Dockerfile` and what it copies, and nothing else
   * @param cpuArchitecture that of the task; X86_64 if left out
   */
  public static fromDockerfile(directory: string, cpuArchitecture?: ecs.CpuArchitecture): ecs.ContainerImage {
    const file = join(directory, DOCKERFILE);
    if (!existsSync(file)) throw new Error(`directory must have a Dockerfile, got: ${directory}: there is no ${file}`);
    const program = bundleFolder('task', 'main.js');
    const names = readdirSync(program).filter((name) => name !== DOCKERFILE && name !== IGNORE);
    const taken = names.filter((name) => existsSync(join(directory, name)));
    if (taken.length > 0)
      throw new Error(`${directory} must not have files of the program's names, got: ${taken.join(', ')}: rename them`);
    const staged = FileSystem.mkdtemp('proven-backups-image-');
    cpSync(directory, staged, { recursive: true });
    for (const name of names) cpSync(join(program, name), join(staged, name), { recursive: true });
    if (existsSync(join(staged, IGNORE)))
      appendFileSync(join(staged, IGNORE), `\n${names.map((n) => `!${n}`).join('\n')}\n`);
    const { text, stage } = combined(readFileSync(file, 'utf8'), readFileSync(join(program, DOCKERFILE), 'utf8'), file);
    writeFileSync(join(staged, DOCKERFILE), text);
    const isArm = cpuArchitecture?._cpuArchitecture === 'ARM64';
    return ecs.ContainerImage.fromAsset(staged, {
      buildArgs: { ENGINE_IMAGE: stage },
      target: PROGRAM_STAGE,
      platform: isArm ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
    });
  }

  private constructor() {}
}

/** One Dockerfile of two: the program's stages follow the others, and are built from the last of these. */
function combined(own: string, program: string, file: string): { text: string; stage: string } {
  const last = [...own.matchAll(FROM)].at(-1);
  if (!last)
    throw new Error(`${file} must have a line FROM with an image, got: none: begin with the image of your server`);
  const [line, from, stage = STAGE] = last;
  const [syntax = ''] = SYNTAX.exec(own) ?? [];
  const named = `${own.slice(syntax.length, last.index)}${from} AS ${stage}${own.slice(last.index + line.length)}`;
  // What is said before the first stage holds for all of them.
  const start = program.search(/^FROM /m);
  return { text: `${syntax}${program.slice(0, start)}${named.trimEnd()}\n\n${program.slice(start)}`, stage };
}
