// Makes the script of the graph's page: our code and the layout library, in one file that needs nothing else.
import { build } from "esbuild";

await build({
  entryPoints: ["src/view/client/client.ts"],
  outfile: "dist/view/page/client.js",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  legalComments: "inline",
  logLevel: "warning",
  banner: { js: "/*! Contains elkjs (EPL-2.0), https://github.com/kieler/elkjs */" },
});
