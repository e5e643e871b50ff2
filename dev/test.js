// `npm test`: every check there is. Sets itself up, then runs dev/check.ts.
import { handOver } from "./bootstrap.js";

await handOver("dev/check.ts");
