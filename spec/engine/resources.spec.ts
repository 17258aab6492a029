import { expect } from "chai";
import { input, localProcess, node, Pipeline, type PipelineOptions, resource } from "../../src/index.js";
import { type Address, Connected, Reconnected } from "./pipelines/connections.js";

const process = localProcess({ idleTimeoutMs: 20_000 });
const THREADS = { execution: { maps: "parallel", maxWorkers: 1 } } as const;

const PLACES: Readonly<Record<string, { readonly isOpen: boolean; readonly options: PipelineOptions }>> = {
  "an open pipeline": { isOpen: true, options: {} },
  "a thread": { isOpen: false, options: THREADS },
  "a thread of an open pipeline": { isOpen: true, options: THREADS },
  "a process that stays for a while": { isOpen: false, options: { runOn: process } },
  "a process of an open pipeline": { isOpen: true, options: { runOn: localProcess() } },
};

describe("a resource that outlives its run", () => {
  for (const [place, { isOpen, options }] of Object.entries(PLACES)) {
    it(`in ${place} is used again for equal values, and for no others, whatever the key of their class`, async () => {
      const closed = new Connected().with(options);
      await using open = closed.open();
      const use = async (name: string, port: number) => {
        const { connections } = await (isOpen ? open : closed).run({ xs: [1, 2, 3], name, port });
        expect(connections).to.have.length(1);
        expect(connections[0]![1]).to.equal(port);
        return connections[0]![0];
      };
      const first = await use("a", 1);
      expect(await use("a", 1)).to.equal(first);
      // The name is the key: a cache would take them for the same.
      const other = await use("a", 2);
      expect(other).not.to.equal(first);
      expect(await use("b", 1)).not.to.equal(first);
      expect(await use("a", 1)).to.equal(first);
      expect(await use("a", 2)).to.equal(other);
    });
  }

  for (const [place, { isOpen, options }] of Object.entries(PLACES)) {
    it(`in ${place} is not used for the value that a failure to build it has changed`, async () => {
      const closed = new Reconnected().with(options);
      await using open = closed.open();
      const use = async (port: number) => {
        const { ports } = await (isOpen ? open : closed).run({ xs: [1, 2], port });
        return ports.at(-1);
      };
      expect(await use(2)).to.equal(2);
      await use(1);
      expect(await use(1)).to.equal(1);
    });
  }

  it("in an open pipeline is not used for a value that the one it was built from was changed to", async () => {
    class Direct extends Pipeline {
      @input() address!: Address;
      @resource("address") connection({ port }: Address): { readonly port: number } {
        return { port };
      }
      @node("connection") port(connection: { readonly port: number }): number {
        return connection.port;
      }
    }
    await using open = new Direct().open();
    const changed = { name: "a", port: 1 };
    expect(await open.run({ address: changed })).to.deep.equal({ port: 1 });
    changed.port = 2;
    expect(await open.run({ address: { name: "a", port: 2 } })).to.deep.equal({ port: 2 });
    expect(await open.run({ address: { name: "a", port: 1 } })).to.deep.equal({ port: 1 });
  });
});
