// `npm run deploy`: migrations, then the Worker. Runs scripts/deploy.ts.
import { handOver } from "../dev/bootstrap.js";

await handOver("scripts/deploy.ts");
