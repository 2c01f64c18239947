import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A registry of images that lets everybody in, and has no image. */
export class EmptyRegistry {
  /** Names and tags that it was asked for. */
  readonly asked = new Set<string>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<EmptyRegistry> {
    const server = createServer((request, response) => {
      const [, name, tag] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(request.url ?? '') ?? [];
      if (name !== undefined) registry.asked.add(`${name}:${tag}`);
      response.writeHead(request.url === '/v2/' ? 200 : 404, {
        'docker-distribution-api-version': 'registry/2.0',
        'content-type': 'application/json',
      });
      response.end(request.url === '/v2/' ? '{}' : '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}');
    });
    const registry = new EmptyRegistry(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return registry;
  }

  /** Begins the names of its images: Docker speaks to a loopback address without TLS. */
  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
