// A secret that the API shows once: it is kept nowhere, and gone when the page is left.
import type { ComponentChildren } from "preact";
import { Copy } from "./parts.tsx";

export type OnceProps = {
  readonly title: string;
  /** What it is called, and what it is. */
  readonly secrets: readonly (readonly [string, string])[];
  /** What to do with it. */
  readonly children?: ComponentChildren;
};

export function Once({ title, secrets, children }: OnceProps) {
  return (
    <section class="card" role="status" aria-label={title}>
      <h2>{title}</h2>
      <p>Copy it now: it is shown only here, and nobody can show it again.</p>
      <dl class="facts plain">
        {secrets.map(([name, secret]) => (
          <>
            <dt>{name}</dt>
            <dd class="row">
              <code>{secret}</code>
              <Copy text={secret} label={`Copy the ${name.toLowerCase()}`} />
            </dd>
          </>
        ))}
      </dl>
      {children}
    </section>
  );
}
