// What the screens of lists, contacts, imports and exports make of the API's answers and of forms.
import { expect, it } from "vitest";
import { EVENTS, MAIL_CLASSES, TOLD_STATES } from "../../../portal/lib/words.ts";
import {
  changedFields,
  changeOf,
  freeLists,
  neededValues,
} from "../../../portal/screens/contacts/contact.ts";
import {
  ANY_SCOPE,
  bodyOf,
  filterWords,
  KINDS,
  kindsFor,
  NO_ORDER,
  type Order,
  STATES,
} from "../../../portal/screens/exports/export.ts";
import { fieldBody } from "../../../portal/screens/fields/field.ts";
import { classChoices } from "../../../portal/lib/session.ts";
import { sizeWords } from "../../../portal/lib/size.ts";
import { chosenOf, GUESS, mappingOf, targets } from "../../../portal/screens/imports/import.ts";
import { statusWord, STATUSES, valuesText } from "../../../portal/screens/lists/list.ts";
import { EXPORT_KINDS } from "../../../src/model/export.ts";
import { MEMBERSHIP_STATUSES } from "../../../src/model/contact.ts";
import { DELIVERY_STATES } from "../../../src/model/delivery.ts";
import { EVENT_NAMES } from "../../../src/model/event.ts";
import { TOLD_STATES as API_TOLD_STATES } from "../../../src/model/event-filter.ts";
import { MAIL_CLASSES as API_MAIL_CLASSES } from "../../../src/model/message.ts";
import { SUPPRESSION_SCOPES } from "../../../src/model/suppression.ts";

const ORDER: Order = { ...NO_ORDER, by: "tag" };

it("offers what the API knows", () => {
  expect(KINDS.map(([kind]) => kind)).toEqual(EXPORT_KINDS);
  expect(STATUSES.map(([status]) => status)).toEqual(MEMBERSHIP_STATUSES);
  const states: readonly string[] = DELIVERY_STATES;
  expect(STATES.slice(1)).toEqual(states);
  expect(EVENTS).toEqual(EVENT_NAMES);
  expect(TOLD_STATES).toEqual(API_TOLD_STATES);
  expect(ANY_SCOPE.slice(1)).toEqual(SUPPRESSION_SCOPES);
  expect(MAIL_CLASSES).toEqual(API_MAIL_CLASSES);
});

it.each([
  [ORDER, {}],
  [{ ...ORDER, events: ["open", "click"], list: "7" }, { events: ["open", "click"] }],
  [
    { ...ORDER, kind: "statistics", events: ["open"], mail_class: "marketing" },
    { interval: "day", by: "tag", mail_class: "marketing" },
  ],
  [{ ...ORDER, kind: "suppressions", scope: "bounce" }, { scope: "bounce" }],
  [{ ...ORDER, kind: "contacts", list: "7" }, { list: "7" }],
])("orders only what means something for the kind: %o", (order, filters) => {
  expect(bodyOf(order)).toEqual({ kind: order.kind, format: "csv", ...filters });
});

it("sends times of the viewer as UTC", () => {
  const from = new Date(2026, 0, 2, 3, 4).toISOString();
  expect(bodyOf({ ...ORDER, from: "2026-01-02T03:04" })).toMatchObject({ from });
});

it.each([
  [0, "0 bytes"],
  [999, "999 bytes"],
  [1_000, "1.0 KB"],
  [12_345_678, "12.3 MB"],
  [5e12, "5000.0 GB"],
])("says %d bytes as %s", (bytes, words) => expect(sizeWords(bytes)).toBe(words));

it("says filters in words", () => {
  const filters = { list: { id: 1, name: "Readers" }, state: null, events: ["open", "click"] };
  expect(filterWords({ filters })).toBe("list: Readers, events: open,click");
});

it("changes only the fields that were typed into, and takes empty ones away", () => {
  const before = { City: "Rome", Age: 7, Old: "x" };
  const typed = { City: "Rome", Age: "8", Old: "", New: "" };
  expect(changedFields(before, typed)).toEqual({ Age: "8", Old: null });
  const some = { Colours: ["red", "blue"], Sizes: ["S"] };
  const chosen = { Colours: ["red"], Sizes: [] };
  expect(changedFields(some, chosen)).toEqual({ Colours: ["red"], Sizes: null });
});

it("sends choices only of a field that has some", () => {
  const field = { name: "Size", type: "dropdown", values: "S, M ,L", required: false };
  expect(fieldBody(field)).toEqual({
    name: "Size",
    type: "dropdown",
    required: false,
    values: ["S", "M", "L"],
  });
  expect(fieldBody({ ...field, type: "string" })).not.toHaveProperty("values");
});

it("leaves columns to be guessed, unless somebody said what they mean", () => {
  const chosen = chosenOf(["a", "b", "c"], { a: "email", b: null });
  expect(chosen).toEqual({ a: "email", b: "", c: GUESS });
  expect(mappingOf(chosen)).toEqual({ a: "email", b: null });
  expect(targets(["City"]).at(-1)).toEqual(["custom_fields.City", "the field City"]);
});

it("shows values and states in words", () => {
  expect(valuesText({ City: "Rome", Colours: ["red", "blue"], Old: true })).toBe(
    "City: Rome; Colours: red, blue; Old: true",
  );
  expect(statusWord("scomp")).toBe("complaint");
});

it("offers exports of what somebody may read, and classes to whom both are open", () => {
  const user = { id: "1", email: "a@example.com", name: "A", role: "marketer" };
  const grant = { module: "transactional", mail_class: "marketing" };
  const me = { user, permissions: { stats: "read", contacts: "write" }, scopes: [] } as const;
  expect(kindsFor({ ...me, modules: [] }).map(([kind]) => kind)).toEqual([
    "statistics",
    "contacts",
  ]);
  expect(classChoices({ ...me, modules: [grant] })).toEqual([]);
  expect(classChoices({ ...me, modules: [] })).toHaveLength(3);
});

it("offers a contact the lists that it is not on and that do not rest", () => {
  const times = { created_at: "", list_id: "" };
  const place = { status: "unsubscribed", subscribed_at: "", confirmed: true, subscribe_ip: "" };
  const lists = [
    { ...times, id: 1, name: "on", status: "active" },
    { ...times, id: 2, name: "free", status: "active" },
    { ...times, id: 3, name: "rests", status: "inactive" },
  ];
  const free = freeLists({ lists: [{ id: 1, ...place }] }, lists);
  expect(free.map(({ name }) => name)).toEqual(["free"]);
});

it("tells again of a contact what is required of whoever is put on a list", () => {
  const field = { id: "", type: "string", kind: "text", values: [], status: "active" };
  const fields = [
    { ...field, name: "City", required: true, default: "" },
    { ...field, name: "Shoe", required: true, default: "42" },
    { ...field, name: "Hat", required: false, default: "" },
  ];
  const custom_fields = { City: "Rome", Shoe: "43", Hat: "57" };
  expect(neededValues({ custom_fields }, fields)).toEqual({ City: "Rome" });
});

it("sends a contact's tags only when they were changed: there may be more than the API takes", () => {
  const before = { first_name: "A", last_name: "B", custom_fields: { City: "Rome" }, tags: ["x"] };
  const names = { first_name: "C", last_name: "B" };
  expect(changeOf(before, { ...before, ...names })).toEqual({ ...names, custom_fields: {} });
  expect(changeOf(before, { ...before, tags: [] })).toMatchObject({ tags: [] });
});
