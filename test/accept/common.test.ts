// The shared cases of common.cases.ts at every door.
import { expect, it } from "vitest";
import { DIALECTS } from "../../src/accept/http.ts";
import { commonCases } from "./common.cases.ts";
import { DOORS } from "./doors.ts";

it("knows a door for every dialect", () => {
  const shown = DIALECTS.filter(({ hidden }) => hidden !== true).map(({ name }) => name);
  expect(new Set(DOORS.map(({ dialect }) => dialect.name))).toEqual(new Set(shown));
});

for (const door of DOORS) commonCases(door);
