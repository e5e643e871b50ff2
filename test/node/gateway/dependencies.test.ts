// What an operator installs for the gateway (`npm install --omit=dev`) is all that it imports, and it takes
// of the Worker's sources only what knows no platform.
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, it } from "vitest";
import * as z from "zod";
import { ROOT } from "../../../dev/bootstrap.js";

const packageSchema = z.object({ dependencies: z.record(z.string(), z.string()) });

/** Files that a file imports at run time, through all others, and the packages. */
function importsOf(entry: string): { files: ReadonlySet<string>; packages: ReadonlySet<string> } {
  const [files, packages] = [new Set([entry]), new Set<string>()];
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    for (const match of text.matchAll(/^(?:import|export) (?!type )[^;]*?from "([^"]+)";/gms)) {
      const target = match[1] ?? "";
      if (target.startsWith(".")) files.add(join(dirname(file), target));
      else if (!target.startsWith("node:")) packages.add(target.split("/")[0] ?? "");
    }
  }
  return { files, packages };
}

it("imports production dependencies and platform-free sources only", () => {
  const { files, packages } = importsOf(join(ROOT, "gateway", "main.ts"));
  const { dependencies } = packageSchema.parse(
    JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")),
  );
  expect([...packages].filter((name) => !(name in dependencies))).toEqual([]);
  expect([...packages].sort()).toEqual(["ipaddr.js", "smtp-server", "zod"]);
  const rooms = [...files].map((file) => dirname(relative(ROOT, file)));
  expect([...new Set(rooms)].sort()).toEqual(["gateway", "src/lib", "src/model"]);
});
