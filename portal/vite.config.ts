// Builds the portal into public/portal, where the Worker's static assets are. Nothing is written inline:
// the Content-Security-Policy in public/_headers allows files of our own only.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "/portal/",
  publicDir: false,
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../public/portal",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    // An asset in a data: URL would need more of the policy.
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        // What screens share is one file: a dozen small ones are fetched more slowly, and compress worse.
        codeSplitting: { groups: [{ name: "shared", test: /portal\/(lib|ui)\// }] },
      },
    },
  },
});
