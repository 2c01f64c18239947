import { bundleFolder } from '../../lib/private/bundle-folder';
import type { Docker } from './docker';
import { STAND_INS } from './stand-ins';

/** Builds the image of the program for an engine, from the stand-in for its official image. */
export async function makeImage(engine: Docker, name: keyof typeof STAND_INS, tag: string): Promise<void> {
  const args = ['--network', 'none', '--target', 'program', '--build-arg', `ENGINE_IMAGE=${STAND_INS[name]}`];
  await engine.docker('build', ...args, '-t', tag, bundleFolder('task', 'main.js'));
}
