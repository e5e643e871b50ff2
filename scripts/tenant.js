// `npm run tenant`: deployments of Edgepost, one Worker each. Runs scripts/tenant.ts.
import { handOver } from "../dev/bootstrap.js";

await handOver("scripts/tenant.ts");
