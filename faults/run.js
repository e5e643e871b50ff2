// `npm run faults`: what goes wrong, on purpose. Sets itself up, then runs faults/main.ts.
import { handOver } from "../dev/bootstrap.js";

await handOver("faults/main.ts");
