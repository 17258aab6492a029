/** What `require("hypernodes")` loads: the ES module itself, so that there is one copy of it. Node can do so since 20.19. */
try {
  module.exports = require("./index.js");
} catch (error) {
  if (error?.code !== "ERR_REQUIRE_ESM" && !/Must use import/.test(error?.message)) throw error;
  throw new Error(
    process.env.JEST_WORKER_ID === undefined
      ? "hypernodes is an ES module, which is required here by what can't load those. Use Node 20.19 or newer, or import it."
      : 'hypernodes is an ES module, which jest can\'t require like this. Run it by node --experimental-vm-modules node_modules/jest/bin/jest.js: from Node 24.9 on, that is all. Before, let tests be ES modules, too: "extensionsToTreatAsEsm": [".ts"].',
    { cause: error },
  );
}
