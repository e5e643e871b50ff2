// Settings to copy, for one of several programs.
import { useState } from "preact/hooks";
import type { Snippet } from "../lib/snippet.ts";
import { Copy } from "./parts.tsx";

export function Snippets({ snippets }: { readonly snippets: readonly Snippet[] }) {
  const [program, setProgram] = useState(snippets[0]?.program);
  const chosen = snippets.find((one) => one.program === program) ?? snippets[0];
  if (!chosen) return null;
  return (
    <div class="stack">
      {snippets.length > 1 && (
        <label>
          <span>Settings for</span>
          <select
            value={chosen.program}
            onChange={(event) => setProgram(event.currentTarget.value)}
          >
            {snippets.map(({ program: name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <p class="row">
        <span class="quiet">{chosen.file}</span>
        <Copy text={chosen.text} label="Copy all" />
      </p>
      <pre tabIndex={0} role="region" aria-label={`Settings for ${chosen.program}`}>
        {chosen.text}
      </pre>
    </div>
  );
}
