import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { type HypernodesError, type ModalOptions, modal, type Pipeline } from "../../src/index.js";
import { inject } from "../support/faults.js";
import { expectNothingLeft, onLoopback, until, withEnv } from "../support/modal.js";
import { ModalServer } from "../support/modal-server/server.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { Placed } from "./pipelines/sharing.js";
import { Slow, SlowlyRemembered } from "./pipelines/suite.js";

describe("an interrupted network @slow", function () {
  this.timeout(300_000);
  /** A server behind a network of its own; and what is to be done with the environment of a client of it. */
  async function behindProxy(work: (server: ModalServer, network: TcpProxy) => Promise<unknown>): Promise<void> {
    const server = await ModalServer.start();
    const network = await TcpProxy.start(server.port);
    server.proxyPort = network.port;
    try {
      await withEnv(server.env, () => work(server, network));
      await expectNothingLeft(server);
    } finally {
      network.refuse();
      await server.stop();
    }
  }

  /** A run, once it has begun: what becomes of it. */
  async function begun(pipeline: Pipeline, inputs: object, options: ModalOptions, signal?: AbortSignal) {
    let hasBegun = false;
    const onEvent = ({ type, phase }: { type: string; phase: string }) => {
      hasBegun ||= type === "element" && phase === "start";
    };
    const running = pipeline.run(inputs as never, { runOn: modal(options), onEvent, signal } as never);
    const outcome = Promise.resolve(running).then(
      () => "done",
      (error: HypernodesError) => error,
    );
    await until(() => hasBegun);
    return { outcome };
  }
  const slow = (ms: number) => [new Slow(), { ms, times: [1] }] as const;

  onLoopback("of lost packets for 45 s costs nothing: the run goes on", () =>
    behindProxy(async (server, network) => {
      const { outcome } = await begun(...slow(60_000), {});
      network.losePackets();
      inject("packets are lost for 45 seconds");
      await sleep(45_000);
      network.passPackets();
      expect(await outcome).to.equal("done");
      expect(server.boxes.size).to.equal(1);
    }),
  );

  onLoopback("of refused connections costs nothing, if it is short", () =>
    behindProxy(async (server, network) => {
      const { outcome } = await begun(...slow(8_000), {});
      network.refuse();
      inject("connections are refused for 3 seconds");
      await sleep(3_000);
      await network.accept();
      expect(await outcome).to.equal("done");
      expect(server.boxes.size).to.equal(1);
    }),
  );

  onLoopback("of refused connections for a minute: what can begin anew does, and the rest says what to do", () =>
    behindProxy(async (server, network) => {
      const xs = Array.from({ length: 40 }, (_, i) => i);
      const alone = await begun(...slow(90_000), {});
      const shared = await begun(new Placed(), { times: xs.map(() => 1_500) }, { containers: 2 });
      const remembered = await begun(new SlowlyRemembered(), { xs: [...xs, ...xs, ...xs] }, { volume: "interrupted" });
      const before = server.boxes.size;
      network.refuse();
      inject("connections are refused for a minute");
      await sleep(60_000);
      await network.accept();
      const error = (await alone.outcome) as HypernodesError;
      expect(error.code).to.equal("CONNECTION_LOST");
      expect(error.advice).to.contain("Run it again when the network is back");
      expect(await remembered.outcome).to.equal("done");
      expect(await shared.outcome).to.equal("done");
      expect(server.boxes.size).to.be.greaterThan(before);
    }),
  );

  onLoopback("does not keep a container: its end is tried again when the network is there", () =>
    behindProxy(async (server, network) => {
      const stopping = new AbortController();
      const { outcome } = await begun(...slow(90_000), { idleTimeoutMs: 600_000 }, stopping.signal);
      network.refuse();
      inject("a container can't be ended");
      stopping.abort();
      expect(await outcome).to.have.property("code", "ABORTED");
      expect(server.living).to.have.length(1);
      await network.accept();
      await until(() => server.living.length === 0);
      expect([...server.boxes.values()][0]!.end).to.include({ status: 3 });
    }),
  );
});
