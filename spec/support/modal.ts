import { expect } from "chai";
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

/** Whatever went wrong, nothing goes on that costs money. */
export async function expectNothingLeft(server: ModalServer): Promise<void> {
  const before = Date.now();
  const processes = () => [...server.boxes.values()].flatMap((box) => box.processes);
  while (server.living.length + processes().length > 0 && Date.now() - before < 30_000) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(server.living).to.deep.equal([]);
  expect(processes()).to.deep.equal([]);
}

/** Does something with other variables in this process's environment; `undefined`: without them. */
export async function withEnv<T>(
  variables: Readonly<Record<string, string | undefined>>,
  work: () => Promise<T>,
): Promise<T> {
  const before = { ...process.env };
  const set = (to: Readonly<Record<string, string | undefined>>) => {
    for (const name of Object.keys(variables)) {
      if (to[name] === undefined) delete process.env[name];
      else process.env[name] = to[name];
    }
  };
  set(variables);
  try {
    return await work();
  } finally {
    set(before);
  }
}

/** Waits until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}
