// Comes before all specs, so that the processes that mocha starts know of the folder, and that it goes when mocha ends.
import { recordFaults } from "./faults.js";
import { runFolder } from "./run-folder.js";

runFolder();

export const mochaHooks = {
  afterEach(this: Mocha.Context): void {
    recordFaults(this.currentTest);
  },
};
