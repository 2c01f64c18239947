import path from 'node:path';
import type { App } from 'aws-cdk-lib';
import type { Docker, Finished } from './docker';

/** An image asset that the constructs emit: what `cdk deploy` would build. */
export interface ImageAsset {
  readonly directory: string;
  readonly dockerBuildArgs: Record<string, string>;
  readonly dockerBuildTarget?: string;
  readonly platform: string;
}

export function imageAssetsOf(app: App): ImageAsset[] {
  const assembly = app.synth();
  const manifests = assembly.artifacts.flatMap((artifact) => ('contents' in artifact ? [artifact.contents] : []));
  const sources = manifests.flatMap((contents) => {
    const { dockerImages = {} } = contents as { dockerImages?: Record<string, { source: ImageAsset }> };
    return Object.values(dockerImages).map(({ source }) => source);
  });
  return sources.map((source) => ({ ...source, directory: path.join(assembly.directory, source.directory) }));
}

/** Builds an asset, without a network unless it says so: the build of ours must need none. */
export function buildImage(
  docker: Docker,
  { directory, dockerBuildArgs, dockerBuildTarget, platform }: ImageAsset,
  tag: string,
  buildArgs: Readonly<Record<string, string>> = {},
  network: 'none' | 'host' = 'none',
): Promise<Finished> {
  const given = Object.entries({ ...dockerBuildArgs, ...buildArgs });
  const args = given.flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  if (dockerBuildTarget !== undefined) args.push('--target', dockerBuildTarget);
  return docker.tryDocker('build', '--network', network, ...args, '-t', tag, '--platform', platform, directory);
}
