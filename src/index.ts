// The doors of the Worker. Each hands an App on; no door knows what happens behind it.
import { handle } from "./accept/http.ts";
import { type Env, invoked } from "./app.ts";
import { answerFile } from "./export/http.ts";
import { workOnExports } from "./export/work.ts";
import { workOnImports } from "./import/work.ts";
import { receiveMail } from "./inbound/mail.ts";
import { workInBackground } from "./queue/background.ts";
import { consume } from "./queue/consume.ts";
import { workOnContacts } from "./queue/contacts.ts";
import { workOnErasures } from "./queue/erase.ts";
import { sweep } from "./queue/sweep.ts";
import { parseJob } from "./queue/wake.ts";
import { countReceived } from "./meter/queue.ts";
import { answerIntake } from "./inbound/intake/http.ts";
import { parseFacts } from "./model/fact.ts";
import { wakeFollowers } from "./notify/wake.ts";
import { recordFacts } from "./track/consume.ts";
import { answerLink } from "./track/http.ts";

export { Quota } from "./check/quota.do.ts";
export { Pace } from "./deliver/throttle.do.ts";
export { LiveFeed } from "./notify/live.do.ts";
export { WebhookTail } from "./notify/tail.do.ts";
export default {
  fetch: (request, env, context) =>
    invoked(env, context, async (app) => {
      const door =
        (await answerLink(app, request)) ??
        (await answerFile(app, request)) ??
        (await answerIntake(app, request));
      return door ?? handle(app, request);
    }),

  queue: ({ messages }, env, context) =>
    invoked(env, context, async (app) => {
      countReceived(app.meter, messages);
      const jobs = messages.flatMap(({ body }) => parseJob(body) ?? []);
      const facts = messages.flatMap(({ body }) => parseFacts(body));
      await recordFacts(app, facts);
      const lanes = jobs.flatMap((job) => (job.kind === "lane" ? [job.lane] : []));
      if (lanes.length > 0) await consume(app, lanes);
      await wakeFollowers(app, jobs);
      await workInBackground(app, jobs, {
        exports: workOnExports,
        erasures: workOnErasures,
        contacts: workOnContacts,
        imports: workOnImports,
      });
    }),

  email: (message, env, context) =>
    invoked(env, context, async (app) => {
      const refusal = await receiveMail(app, message);
      if (refusal !== null) message.setReject(refusal);
    }),

  scheduled: (_controller, env, context) => invoked(env, context, sweep),
} satisfies ExportedHandler<Env>;
