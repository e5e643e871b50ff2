// Background work on contacts with faults: a job that fails holds up no other, and D1 that fails ends the run.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { newHexId } from "../../src/model/list.ts";
import { contactsWait, workOnContacts } from "../../src/queue/contacts.ts";
import { insertJob } from "../../src/store/contact-job.ts";
import { deleteList } from "../../src/store/contact-removal.ts";
import { insertList } from "../../src/store/list.ts";
import { faultyD1, type FaultyD1 } from "../support/faults.ts";
import { countOf, emptyLedger } from "../support/ledger.ts";
import { testApp } from "../support/world.ts";

let d1: FaultyD1;
let logged: string[];
let listId: number;

beforeEach(async () => {
  await emptyLedger();
  d1 = faultyD1(env.DB);
  logged = [];
  const list = { listId: newHexId(), name: "News", settings: {}, createdAt: 1 };
  listId = (await insertList(env.DB, list))?.id ?? 0;
});

function work(): Promise<void> {
  const log = (_level: string, event: string) => void logged.push(event);
  return workOnContacts(testApp({ db: d1.db, log, now: () => 5 }));
}

async function givenJobs(n: number): Promise<void> {
  const none = { all: {}, list: {} };
  for (let job = 0; job < n; job++) {
    const contact = { email: `p${job}@example.com`, firstName: null, lastName: null, fields: none };
    const about = { update: true, tagIds: [], defaults: none };
    await insertJob(env.DB, listId, { ...about, contacts: [contact] }, 1);
  }
}

describe("work on contacts", () => {
  it("goes on behind a job that fails, which is there for the next run", async () => {
    await givenJobs(4);
    let writes = 0;
    d1.plan({
      // Its first try and its second.
      on: ({ sql }) => sql.includes("insert into contacts") && [2, 3].includes(++writes),
      mode: "before",
    });
    await work();
    expect([await countOf("contacts"), await countOf("contact_jobs"), logged]).toEqual([
      3,
      1,
      ["contact_job_failed"],
    ]);
    d1.plan(null);
    await work();
    expect([await countOf("contacts"), await contactsWait(env.DB)]).toEqual([4, false]);
  });

  it("writes once what was committed without a word", async () => {
    await givenJobs(2);
    d1.plan({ on: ({ sql }) => sql.includes("insert into contacts"), mode: "after", times: 1 });
    await work();
    expect([await countOf("contacts"), await countOf("contact_jobs"), logged]).toEqual([2, 0, []]);
  });

  it("ends when D1 fails again and again, and loses nothing", async () => {
    await givenJobs(9);
    d1.plan({ on: ({ sql }) => sql.includes("insert into contacts"), mode: "before" });
    await expect(work()).rejects.toThrow("injected");
    expect([await countOf("contact_jobs"), logged.length]).toEqual([9, 3]);
  });

  it("removes places on a deleted list after its jobs are gone with it", async () => {
    await givenJobs(3);
    await work();
    await givenJobs(1);
    await deleteList(env.DB, listId, 9);
    expect([await contactsWait(env.DB), await countOf("contact_jobs")]).toEqual([true, 0]);
    await work();
    expect([await contactsWait(env.DB), await countOf("memberships")]).toEqual([false, 0]);
  });
});
