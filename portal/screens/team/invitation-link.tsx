// The link by which a user chooses a password: shown once, handed over by whoever made it.
import { Copy, Time } from "../../ui/parts.tsx";
import type { Invited } from "./user.ts";

/** A link that is shown once. */
export function InvitationLink({
  email,
  invited,
}: {
  readonly email: string;
  readonly invited: Invited;
}) {
  return (
    <p role="status">
      Hand this link to {email} yourself, it is shown only now and good until{" "}
      <Time at={invited.invitation_expires_at} />:{" "}
      <code class="long">{invited.invitation_url}</code>{" "}
      <Copy text={invited.invitation_url} label="Copy the link" />
    </p>
  );
}
