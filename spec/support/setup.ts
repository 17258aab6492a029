// Comes before all specs, so that the processes that mocha starts know of the folder, and that it goes when mocha ends.
// Functions of Node are remembered before a library replaces them: graceful-fs, in browsers' drivers, replaces process.cwd.
import "../../src/util/primordials.js";
import { recordFaults } from "./faults.js";
import { runFolder } from "./run-folder.js";

runFolder();

export const mochaHooks = {
  afterEach(this: Mocha.Context): void {
    recordFaults(this.currentTest);
  },
};
