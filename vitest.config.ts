import { defineConfig } from "vitest/config";
import { trustTestPeers } from "./test/peers/trust.ts";

// Before the plugin is loaded: Miniflare reads NODE_EXTRA_CA_CERTS when it is imported.
trustTestPeers();
const { cloudflareTest, readD1Migrations } = await import("@cloudflare/vitest-plugin");

export default defineConfig({
  test: {
    // One file waits for peers and clocks most of its time.
    maxWorkers: 2,
    projects: [
      {
        // Runs inside workerd, with real local D1, queues, Durable Objects and R2.
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                LOCAL_DEV: "true",
                ENCRYPTION_KEY: "dGVzdC1vbmx5LWtleS0zMi1ieXRlcy1sb25nLTAwMDA=",
                TEST_MIGRATIONS: await readD1Migrations("./migrations"),
                // Of each operation, made from the OpenAPI document; 200 take a minute and a half.
                REQUESTS_PER_OPERATION: process.env["REQUESTS_PER_OPERATION"] ?? "20",
              },
            },
          })),
        ],
        define: { FAULT_BARRIERS: "false" },
        test: {
          name: "workerd",
          include: ["test/**/*.test.ts"],
          exclude: ["test/node/**"],
          globalSetup: ["./test/peers/global-setup.ts"],
          setupFiles: ["./test/setup.ts"],
          isolate: false,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "node",
          include: ["test/node/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
