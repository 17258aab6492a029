import { ModalServer } from "../spec/support/modal-server/server.js";

// In a process of its own, so that what it holds is not what the client is measured for.
const server = await ModalServer.start();
process.stdout.write(`${JSON.stringify(server.env)}\n`);
process.stdin.on("end", () => void server.stop().then(() => process.exit(0))).resume();
