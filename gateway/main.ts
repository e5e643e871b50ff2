// The program: `node gateway/main.ts`, settings in environment variables (docs/gateway.md). SIGTERM ends it
// gracefully, a second one at once; SIGHUP reads certificate and tenants again.
import { readConfig } from "./config.ts";
import { startGateway } from "./gateway.ts";
import { jsonLog } from "./log.ts";

const log = jsonLog((line) => void process.stdout.write(line));

try {
  const gateway = await startGateway(readConfig(process.env), log);
  let asked = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (asked) process.exit(1);
      asked = true;
      void gateway.stop().then(() => process.exit(0));
    });
  }
  process.on("SIGHUP", () => void gateway.reload());
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  // Another of its ports may be open already.
  process.exit(1);
}
