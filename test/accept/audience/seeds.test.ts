// The examples of the Audience API's document, byte for byte (contract 1.4, after the corrections C-42 to C-46):
// its own ids and times are put into the database, and its own requests are asked.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { sidOf } from "../../../src/model/account-id.ts";
import { workOnContacts } from "../../../src/queue/contacts.ts";
import { findContact } from "../../../src/store/contact.ts";
import { insertField } from "../../../src/store/custom-field.ts";
import { insertList } from "../../../src/store/list.ts";
import { insertTag } from "../../../src/store/tag.ts";
import { emptyLedger } from "../../support/ledger.ts";
import { ask, givenKey, testApp, type TestApp } from "../../support/world.ts";

const { DB } = env;

const LIST_ID = "229dc5317d78a2ab45ac641a5a4de156";
const AGE_ID = "351c3611ddc42c223483386015411b0e";
const TAG_ID = "d4PjLor0zY";
/** Of another sample; it holds an `s`, so tag ids are opaque (C-45). */
const OTHER_TAG_ID = "314dc5317d78a2ab45ac641aas4de156";

let app: TestApp;
let key: string;
let sid: string;

beforeEach(async () => {
  await emptyLedger();
  app = testApp();
  key = (await givenKey({ scopes: ["read", "manage"] }, "audience")).secret;
  sid = await sidOf(app.config.encryptionKey);
  const listed = Date.parse("2024-11-18T18:08:20Z");
  await insertList(DB, { listId: LIST_ID, name: "list-4", settings: {}, createdAt: listed });
  await givenField("age", AGE_ID);
  const tagged = Date.parse("2025-01-07T12:14:17Z");
  await insertTag(DB, { tagId: TAG_ID, name: "new-contacts", createdAt: tagged });
});

async function givenField(name: string, customId: string): Promise<void> {
  await insertField(DB, {
    customId,
    listId: null,
    name,
    type: "text",
    required: false,
    defaultValue: "",
    options: [],
    extras: {},
    createdAt: Date.parse("2025-01-06T10:43:32Z"),
  });
}

async function textOf(method: string, what: string, body?: object): Promise<[number, string]> {
  const headers = { "api-key": key };
  const path = `/audience/v1/${sid}/${what}`;
  const answer = await ask(app, method, path, { headers, ...(body ? { body } : {}) });
  return [answer.status, await answer.text()];
}

describe("the document's example of", () => {
  it.each([
    [
      "list",
      '{"data":[{"name":"list-4","list_id":"229dc5317d78a2ab45ac641a5a4de156","status":1,"created_at":"2024-11-18T18:08:20Z","updated_at":"2024-11-18T18:08:20Z"}],"error":{},"limit":10,"message":"Request processed successfully.","status":200,"total":1}',
    ],
    [
      "custom-field",
      '{"data":[{"name":"age","custom_id":"351c3611ddc42c223483386015411b0e","type":"string","values":"","status":1,"created_at":"2025-01-06T10:43:32Z","updated_at":"2025-01-06T10:43:32Z","required":0,"default":""}],"error":{},"limit":10,"message":"Request processed successfully.","status":200,"total":1}',
    ],
    [
      "tag",
      '{"data":[{"tag_id":"d4PjLor0zY","name":"new-contacts","status":1,"created_at":"2025-01-07T12:14:17Z","modified_at":"2025-01-07T12:14:17Z"}],"limit":10,"message":"Success","status":true,"statuscode":200,"total":1}',
    ],
  ])("GET %s", async (what, example) => {
    expect(await textOf("GET", what)).toEqual([200, example]);
  });

  it("POST contact, its request", async () => {
    await givenField("city", "0".repeat(32));
    await insertTag(DB, { tagId: OTHER_TAG_ID, name: "others", createdAt: 0 });
    const request = {
      update_subscribers: true,
      data: [
        {
          email: "test@kasplo.com",
          first_name: "John",
          last_name: "Doe",
          custom_fields: { city: "Bangalore", age: "25" },
        },
      ],
      list_id: LIST_ID,
      tags: [OTHER_TAG_ID],
    };
    const data = `{"invalid_contacts":[],"total_invalid":0,"total_valid":1,"valid_contacts":${JSON.stringify(request.data)}}`;
    expect(await textOf("POST", "contact", request)).toEqual([
      202,
      `{"status":202,"message":"Request processed successfully.","data":${data},"error":{}}`,
    ]);
    await workOnContacts(app);
    expect(await findContact(DB, { email: "test@kasplo.com" })).toMatchObject({
      contact: { firstName: "John", lastName: "Doe" },
      memberships: [{ status: "active" }],
      tags: [OTHER_TAG_ID],
    });
  });

  it("POST contact, its answer to two of one address", async () => {
    await givenField("city", "0".repeat(32));
    const avi = {
      first_name: "Avi",
      last_name: "S",
      email: "avinash+api1@kasplo.com",
      custom_fields: { city: "Mysore", age: "27" },
    };
    const request = { list_id: LIST_ID, data: [avi, avi] };
    expect(await textOf("POST", "contact", request)).toEqual([
      202,
      '{"status":202,"message":"Request processed successfully.","data":{"invalid_contacts":[{"first_name":"Avi","last_name":"S","email":"avinash+api1@kasplo.com","custom_fields":{"city":"Mysore","age":"27"},"string":"Contact already exists in request, not unique","reason":"Contact already exists in request, not unique"}],"total_invalid":1,"total_valid":1,"valid_contacts":[{"first_name":"Avi","last_name":"S","email":"avinash+api1@kasplo.com","custom_fields":{"city":"Mysore","age":"27"}}]},"error":{}}',
    ]);
  });
});
