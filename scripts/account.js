// `npm run account`: a sender domain and a first API key. Runs scripts/account.ts.
import { handOver } from "../dev/bootstrap.js";

await handOver("scripts/account.ts");
