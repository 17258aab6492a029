import { ModalServer } from "../../spec/support/modal-server/server.js";
import { HypernodesError } from "../../src/index.js";
import { STEPS } from "./steps.js";

const USAGE = `Pipelines in containers, step by step (docs/modal.md).

  npm run modal:demo                      Hebrew retrieval
  npm run modal:demo -- STEP [--gpu NAME] one of: ${Object.keys(STEPS).join(", ")}; or all

With MODAL_TOKEN_ID and MODAL_TOKEN_SECRET it runs on Modal; without, against a server on this machine.`;

const [step = "retrieval", flag, gpu] = process.argv.slice(2);
const chosen = step === "all" ? Object.keys(STEPS) : [step];
if (chosen.some((name) => STEPS[name] === undefined) || (flag !== undefined && flag !== "--gpu")) {
  console.error(USAGE);
  process.exit(step === "--help" ? 0 : 1);
}

let server: ModalServer | undefined;
if (process.env.MODAL_TOKEN_ID === undefined) {
  server = await ModalServer.start();
  Object.assign(process.env, server.env);
  console.log(`no token: against a server on this machine, ${server.env.MODAL_SERVER_URL}`);
}
try {
  for (const name of chosen) {
    console.log(`\n=== ${name} ===`);
    if (!(await STEPS[name]!({ ...(gpu !== undefined && { gpu }) }))) process.exitCode = 1;
  }
} catch (error) {
  console.error(error instanceof HypernodesError ? error.message : error);
  process.exitCode = 1;
} finally {
  await server?.stop();
}
