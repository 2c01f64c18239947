import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import { findProgram, temporaryDirectory } from './processes';

type Answer = Readonly<Record<string, unknown>>;

/** How a page is shown. */
export interface View {
  /** CSS pixels. */
  readonly width: number;
  readonly scheme?: 'light' | 'dark';
  readonly media?: 'screen' | 'print';
}

/** A real Chromium without a window, told what to do by its DevTools protocol. */
export class Browser {
  private last = 0;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private readonly heard = new Map<string, (() => void)[]>();
  /** Addresses that the page has asked for, itself included. */
  readonly requests: string[] = [];

  private constructor(
    private readonly child: ChildProcess,
    private readonly profile: string,
    private readonly socket: WebSocket,
  ) {
    socket.addEventListener('message', ({ data }) => this.hear(JSON.parse(String(data)) as Answer));
  }

  static async start(): Promise<Browser> {
    const program = findProgram(['/usr/bin/chromium', '/usr/bin/chromium-browser'], 'chromium');
    const profile = temporaryDirectory('browser');
    const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0'];
    const child = spawn(program, [...options, `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH, HOME: profile },
    });
    for await (const line of createInterface({ input: child.stderr })) {
      const port = /ws:\/\/127\.0\.0\.1:(\d+)\//.exec(line)?.[1];
      if (port === undefined) continue;
      const pages = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as Record<string, string>[];
      const socket = new WebSocket(pages.find(({ type }) => type === 'page')!.webSocketDebuggerUrl!);
      await once(socket, 'open');
      const browser = new Browser(child, profile, socket);
      for (const domain of ['Page', 'Network', 'Runtime']) await browser.send(`${domain}.enable`);
      return browser;
    }
    throw new Error('Chromium ended at its start');
  }

  async stop(): Promise<void> {
    this.socket.close();
    const ended = once(this.child, 'close');
    this.child.kill('SIGKILL');
    this.child.stderr!.resume();
    await ended;
    fs.rmSync(this.profile, { recursive: true, force: true, maxRetries: 10 });
  }

  /** Shows a file. */
  async open(file: string, { width, scheme = 'light', media = 'screen' }: View): Promise<void> {
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await this.send('Emulation.setEmulatedMedia', { media, features });
    await this.send('Emulation.setDeviceMetricsOverride', { width, height: 1000, deviceScaleFactor: 1, mobile: false });
    const loaded = this.once('Page.loadEventFired');
    await this.send('Page.navigate', { url: `file://${path.resolve(file)}` });
    await loaded;
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, returnByValue: true });
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: T }).value;
  }

  /** Prints on A4; returns the PDF. */
  async print(): Promise<Buffer> {
    const { data } = await this.send('Page.printToPDF', { preferCSSPageSize: true, printBackground: true });
    return Buffer.from(data as string, 'base64');
  }

  /** The whole page as PNG. */
  async picture(): Promise<Buffer> {
    const { data } = await this.send('Page.captureScreenshot', { captureBeyondViewport: true });
    return Buffer.from(data as string, 'base64');
  }

  private send(method: string, params: object = {}): Promise<Answer> {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ result, error }) =>
        error ? reject(new Error(`${method}: ${JSON.stringify(error)}`)) : resolve(result as Answer),
      );
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }

  private once(event: string): Promise<void> {
    return new Promise((resolve) => this.heard.set(event, [...(this.heard.get(event) ?? []), resolve]));
  }

  private hear(message: Answer): void {
    const { id, method, params } = message as { id?: number; method?: string; params?: { request?: { url: string } } };
    if (id !== undefined) {
      this.waiting.get(id)?.(message);
      this.waiting.delete(id);
    }
    if (method === 'Network.requestWillBeSent') this.requests.push(params!.request!.url);
    for (const resolve of this.heard.get(method ?? '') ?? []) resolve();
    this.heard.delete(method ?? '');
  }
}
