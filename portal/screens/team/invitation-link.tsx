// The link by which a user chooses a password: mailed to them, or shown once to whoever made it, who hands it over.
import { Copy, Time } from "../../ui/parts.tsx";
import type { Invited } from "./user.ts";

/** What became of a new link. */
export function InvitationLink({
  email,
  invited,
}: {
  readonly email: string;
  readonly invited: Invited;
}) {
  const { invitation_url: url, invitation_expires_at: end, mail } = invited;
  if (url === null) {
    return (
      <p role="status">
        A link to choose a password is on its way to {email}; it is good until <Time at={end} />.
      </p>
    );
  }
  return (
    <p role="status">
      No mail was sent: {mail.reason}. Hand this link to {email} yourself, it is shown only now and
      good until <Time at={end} />: <code class="long">{url}</code>{" "}
      <Copy text={url} label="Copy the link" />
    </p>
  );
}
