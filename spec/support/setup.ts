// Comes before all specs, so that the processes that mocha starts know of the folder, and that it goes when mocha ends.
import { runFolder } from "./run-folder.js";

runFolder();
