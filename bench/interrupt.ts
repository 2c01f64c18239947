const controller = new AbortController();

/** Aborted by Ctrl-C and SIGTERM: whatever runs then fails, and what was started is stopped and removed. */
export const interrupted: AbortSignal = controller.signal;

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => controller.abort(new Error(`interrupted by ${name}`)));
}
