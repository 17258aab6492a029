import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import {
  type ContainerEnd,
  containerEnded,
  fromModalError,
  imageBuildError,
  processEnded,
} from "../../src/placement/modal/modal-errors.js";

const { RESOURCE_EXHAUSTED, INVALID_ARGUMENT, INTERNAL, UNAVAILABLE, NOT_FOUND } = status;

/** Modal tells of reasons in statuses, codes and texts: the first two count, and of a text whole words. */
describe("the reason of a failure on Modal", () => {
  const thrown = (code: number, details: string) =>
    fromModalError(Object.assign(new Error(details), { name: "ClientError", code, details }), "container");

  for (const [code, text, expected] of [
    [RESOURCE_EXHAUSTED, "Sandbox creation rate limit (5/s) exceeded", "RATE_LIMITED"],
    [RESOURCE_EXHAUSTED, "too many requests", "RATE_LIMITED"],
    [RESOURCE_EXHAUSTED, "no H100 is free", "NO_CAPACITY"],
    [RESOURCE_EXHAUSTED, "a separate limitation of this region", "NO_CAPACITY"],
    [INVALID_ARGUMENT, "Unknown GPU type: A1000", "UNKNOWN_GPU"],
    [INVALID_ARGUMENT, "GPU type 'A1000' is not supported", "UNKNOWN_GPU"],
    [INVALID_ARGUMENT, "A1000 is not a valid GPU", "UNKNOWN_GPU"],
    [INVALID_ARGUMENT, "a sandbox with a GPU needs at least 1024 MiB of memory", "REFUSED"],
    [INVALID_ARGUMENT, "no app is called gpu-tests", "REFUSED"],
    [INVALID_ARGUMENT, "the workdir /gpus is not absolute", "REFUSED"],
    [UNAVAILABLE, "Name resolution failed", "UNREACHABLE"],
    [NOT_FOUND, "Unknown GPU", "NOT_FOUND"],
    [INTERNAL, "missing credentials of an internal service", "MODAL_FAILED"],
  ] as const) {
    it(`"${text}" (${status[code]}) is ${expected}`, () => expect(thrown(code, text).code).to.equal(expected));
  }

  it("is no lack of machines where no container is made", () => {
    const error = (what: string) =>
      fromModalError(Object.assign(new Error("exhausted"), { code: RESOURCE_EXHAUSTED }), what);
    expect(error("container").code).to.equal("NO_CAPACITY");
    for (const what of ["volume weights", "secret a", "app b", "image", "cache volume container"]) {
      expect(error(what).code, what).to.equal("RATE_LIMITED");
      expect(error(what).message, what)
        .to.contain("it accepts no more requests for now")
        .and.not.to.match(/GPU|start/i);
    }
  });

  it("advises what fits a limit, a quota and a lack of machines", () => {
    const advice = (text: string) => thrown(RESOURCE_EXHAUSTED, text).advice!;
    expect(advice("Sandbox creation rate limit (5/s) exceeded"))
      .to.contain("Start fewer at once")
      .and.not.to.contain("GPU");
    for (const text of [
      "the quota of GPUs is used up",
      "Workspace container limit (100) reached",
      "it would exceed the limit",
    ]) {
      expect(advice(text), text).to.contain("stop apps that are not needed").and.not.to.contain("another GPU");
    }
    expect(advice("no H100 is free")).to.contain("another GPU").and.not.to.contain("limit");
  });

  const end = (status: number | undefined, exitCode: number, said?: string): ContainerEnd => ({
    status,
    exitCode,
    message: said,
  });
  for (const [how, expected] of [
    [end(8, 137), "OUT_OF_MEMORY"],
    [end(8, 0, "a room with a zoom"), "OUT_OF_MEMORY"],
    [end(4, 0), "CONTAINER_TIMEOUT"],
    [end(4, 124, "out of memory was the machine that counts the time"), "CONTAINER_TIMEOUT"],
    [end(7, 0), "CONNECTION_LOST"],
    [end(2, 137, "the task was OOM-killed"), "OUT_OF_MEMORY"],
    [end(undefined, 137, "Container OOMKilled"), "OUT_OF_MEMORY"],
    [end(3, 137, "terminated from the waiting room"), "CONTAINER_LOST"],
    [end(3, 137, "no room left, zooming out"), "CONTAINER_LOST"],
    [end(2, 124), "CONTAINER_LOST"],
    [end(undefined, 124), "CONTAINER_TIMEOUT"],
    [end(undefined, 137), "CONTAINER_LOST"],
    [end(5, 1, "init failed"), "CONTAINER_LOST"],
  ] as const) {
    const { status: of, exitCode, message } = how;
    it(`a container that ended with status ${of}, code ${exitCode}${message ? `, "${message}"` : ""} is ${expected}`, () => {
      expect(containerEnded(how, "P", 1000).code).to.equal(expected);
    });
  }

  const HEAP =
    "\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n----- Native stack";
  for (const [code, signal, stderr, expected] of [
    [null, "SIGABRT", HEAP, "OUT_OF_MEMORY"],
    [134, null, HEAP, "OUT_OF_MEMORY"],
    [null, "SIGTRAP", "#\n# Fatal process out of memory: Zone\n#", "OUT_OF_MEMORY"],
    [null, "SIGKILL", "", "OUT_OF_MEMORY"],
    [7, null, HEAP, "CONTAINER_PROCESS_ENDED"],
    [1, null, "Allocation failed: the seats in the room are taken", "CONTAINER_PROCESS_ENDED"],
    [null, "SIGABRT", "Allocation failed", "CONTAINER_PROCESS_ENDED"],
    [null, "SIGSEGV", "", "CONTAINER_PROCESS_ENDED"],
  ] as const) {
    it(`a process that ended with ${signal ?? code}, "${stderr.trim().slice(0, 40)}" is ${expected}`, () => {
      expect(processEnded({ code, signal, stderr }, "P").code).to.equal(expected);
    });
  }

  it("an image whose build failed is reported as such, and no other fault that mentions an image", () => {
    const code = (error: Error) => imageBuildError(error, "node:22-slim", [], "").code;
    expect(code(new Error("Image build for im-1 failed with the exception: x"))).to.equal("IMAGE_FAILED");
    const limit = Object.assign(new Error("image build rate limit exceeded"), { code: RESOURCE_EXHAUSTED });
    expect(code(limit)).to.equal("RATE_LIMITED");
  });
});
