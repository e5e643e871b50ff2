// Reports: what a relay's vendor tells of mail after it took it, bounces and complaints, and where it posts them.
import { useState } from "preact/hooks";
import { get, put, remove } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { Confirm } from "../../ui/dialog.tsx";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Copy, Failure, Waiting } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import { type Intake, intakeBody, vendorOf, VENDORS } from "./intake.ts";
import type { Relay } from "./relay.ts";

type IntakesProps = { readonly relays: readonly Relay[]; readonly changed: () => void };

/** For who may change relays. */
export function Intakes({ relays, changed }: IntakesProps) {
  const [chosen, setChosen] = useState("");
  const relay = relays.find(({ id }) => id === chosen) ?? relays[0];
  if (!relay) return null;
  return (
    <section class="card narrow" aria-labelledby="reports">
      <h2 id="reports">Reports of a relay</h2>
      <p class="quiet">
        A bounce or a complaint that comes after a relay took the mail suppresses its recipient, if
        the relay's vendor posts it here.
      </p>
      <SelectField
        label="Relay"
        value={relay.id}
        options={relays.map(({ id, name }) => [id, name] as const)}
        set={setChosen}
      />
      {relay.intake !== null && (
        <Now key={`${relay.id} ${relay.intake}`} relay={relay} changed={changed} />
      )}
      <Take key={relay.id} relay={relay} changed={changed} />
    </section>
  );
}

type OneProps = { readonly relay: Relay; readonly changed: () => void };

function pathOf({ id }: Relay): string {
  return `/v1/relays/${encodeURIComponent(id)}/intake`;
}

/** Whose reports come in now, and at which URL. */
function Now({ relay, changed }: OneProps) {
  const { data, error, again } = useLoad(() => get<Intake>(pathOf(relay)), relay.id);
  const [isLeaving, setLeaving] = useState(false);
  if (error !== null) return <Failure error={error} again={again} />;
  if (data === null) return <Waiting />;
  const [, vendor] = vendorOf(data.vendor);
  // A deployment that was not told its own address knows the path only.
  const url = new URL(data.url, location.origin).href;
  return (
    <>
      <p>
        Those of {vendor} are taken at <code>{url}</code> <Copy text={url} label="Copy the URL" />
      </p>
      <div class="row">
        <button type="button" class="danger" onClick={() => setLeaving(true)}>
          Take no more …
        </button>
      </div>
      {isLeaving && (
        <Confirm
          title={`Take no more reports of ${relay.name}?`}
          text={`What ${vendor} posts is refused from now on: whoever bounces later is written to again.`}
          name={relay.name}
          action="Take no more"
          run={async () => {
            await remove(pathOf(relay));
            say(`Reports of ${relay.name} are refused.`);
            changed();
          }}
          close={() => setLeaving(false)}
        />
      )}
    </>
  );
}

function Take({ relay, changed }: OneProps) {
  const [vendor, setVendor] = useState<string>(relay.intake ?? VENDORS[0][0]);
  const [proof, setProof] = useState("");
  const [, , field, words] = vendorOf(vendor);
  const save = async (): Promise<void> => {
    await put(pathOf(relay), intakeBody(vendor, proof));
    say(`Reports of ${relay.name} are taken.`);
    setProof("");
    changed();
  };
  return (
    <Form title="Take reports" layout="column within" action="Take its reports" run={save}>
      <SelectField
        label="Vendor"
        value={vendor}
        options={VENDORS.map(([name, words]) => [name, words] as const)}
        set={setVendor}
      />
      <TextField
        label={words}
        required
        type={field === "secret" ? "password" : "text"}
        autocomplete={field === "secret" ? "new-password" : "off"}
        value={proof}
        set={setProof}
      />
    </Form>
  );
}
