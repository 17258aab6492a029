import { ModalServer } from "./modal-server/server.js";

/** Whether the specs talk to Modal itself: with a token in the environment. */
const isReal = process.env.MODAL_TOKEN_ID !== undefined;

interface Held {
  readonly server: ModalServer;
}

/** A loopback server for the specs of a suite. With a token, what only it can show is skipped, and the rest is run on Modal. */
export function loopback(): Held {
  const held = { server: undefined as unknown as ModalServer };
  const env = { ...process.env };
  before(async () => {
    if (isReal) return;
    held.server = await ModalServer.start();
    Object.assign(process.env, held.server.env);
  });
  afterEach(() => {
    for (const fault of Object.keys(held.server?.faults ?? {})) delete held.server.faults[fault as "build"];
  });
  after(async () => {
    if (isReal) return;
    await held.server.stop();
    for (const name of Object.keys(held.server.env)) {
      if (env[name] === undefined) delete process.env[name];
      else process.env[name] = env[name];
    }
  });
  return held;
}

/** A spec that looks into the loopback server, or makes it fail. What is done there is done by processes: it is slow. */
export function onLoopback(title: string, work: () => unknown): void {
  it(`${title} @slow`, function () {
    if (isReal) this.skip();
    return work() as Promise<void>;
  });
}
