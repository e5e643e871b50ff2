// Puts a contact on one more list.
import { useState } from "preact/hooks";
import { post } from "../../lib/api.ts";
import { ChooseOne } from "../../ui/choose.tsx";
import { Form } from "../../ui/form.tsx";
import { say } from "../../ui/toast.tsx";
import type { CustomField } from "../fields/field.ts";
import { listOptions, type Offer } from "../fields/known.ts";
import type { List } from "../lists/list.ts";
import { type ContactCard, freeLists, neededValues } from "./contact.ts";

type PutProps = {
  readonly contact: ContactCard;
  readonly fields: readonly CustomField[];
  readonly lists: Offer<List>;
  readonly done: () => void;
};

export function PutOnList({ contact, fields, lists, done }: PutProps) {
  const [list, setList] = useState("");
  const { isCut } = lists;
  const options = listOptions({ all: freeLists(contact, lists.all), isCut });
  if (options.length === 0) return null;
  const put = async (): Promise<void> => {
    const custom_fields = neededValues(contact, fields);
    await post("/v1/contacts", { email: contact.email, list_id: list, custom_fields });
    say("It is on the list.");
    setList("");
    done();
  };
  return (
    <Form title="Put it on a list" layout="row within" action="Put it on the list" run={put}>
      <ChooseOne
        of="lists"
        label="Another list"
        none="choose one"
        options={options}
        isCut={isCut}
        value={list}
        set={setList}
      />
    </Form>
  );
}
