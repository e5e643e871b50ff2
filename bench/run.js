// `npm run bench`: the measurements. Sets itself up, then runs bench/main.ts.
import { handOver } from "../dev/bootstrap.js";

await handOver("bench/main.ts");
