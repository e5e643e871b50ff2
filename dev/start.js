// `npm start`: the whole product on this machine. Sets itself up, then runs dev/main.ts.
import { handOver } from "./bootstrap.js";

await handOver("dev/main.ts");
