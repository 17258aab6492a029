import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A network between a client and a server on this machine, that can be interrupted. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private losesPackets = false;
  port = 0;

  private constructor(private readonly to: number) {}

  static async start(to: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(to);
    await proxy.accept();
    return proxy;
  }

  /** No byte gets through any more, either way, and nobody is told. */
  losePackets(): void {
    this.losesPackets = true;
    for (const socket of this.sockets) socket.pause();
  }

  /** What was lost gets through now, as what TCP sends again does. */
  passPackets(): void {
    this.losesPackets = false;
    for (const socket of this.sockets) socket.resume();
  }

  /** Connections are cut, and new ones are refused. */
  refuse(): void {
    this.server?.close();
    this.server = undefined;
    for (const socket of this.sockets) socket.destroy();
  }

  async accept(): Promise<void> {
    const server = createServer((socket) => this.join(socket, connect(this.to, "127.0.0.1")));
    this.server = server;
    server.listen(this.port, "127.0.0.1");
    await once(server, "listening");
    this.port = (server.address() as AddressInfo).port;
  }

  private join(...ends: [Socket, Socket]): void {
    for (const [i, socket] of ends.entries()) {
      const other = ends[1 - i]!;
      this.sockets.add(socket);
      socket.on("data", (bytes) => void other.write(bytes));
      socket.on("error", () => {});
      socket.on("close", () => {
        this.sockets.delete(socket);
        other.destroy();
      });
      if (this.losesPackets) socket.pause();
    }
  }
}
